//! The password file of PostgreSQL's clients, as libpq reads it (`passwordFromFile` in
//! `fe-connect.c`).

use super::{Secret, SecretError, file};
use std::path::Path;

/// The connection that a password is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) database: &'a str,
    pub(crate) user: &'a str,
}

/// Looks a password up. A file that is not there, or that is none, has no passwords.
///
/// libpq passes over a file that others can read with a warning, and then fails for want of a
/// password; here it is an error if the password stands in it.
pub(crate) fn look_up(path: &Path, wanted: &Wanted<'_>) -> Result<Option<Secret>, SecretError> {
    let (bytes, open) = match file::content(path) {
        Ok(content) => content,
        Err(SecretError::NotAFile { .. }) => return Ok(None),
        Err(SecretError::Unreadable { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let lines = bytes.split(|byte| *byte == b'\n');
    let Some(password) = lines.filter_map(|line| password(line, wanted)).next() else {
        return Ok(None);
    };
    if open {
        return Err(SecretError::TooOpen { path: path.into() });
    }
    let place = format!("password file {}", path.display());
    String::from_utf8(password)
        .map(|text| Some(Secret::new(text)))
        .map_err(|_| SecretError::NotText { place })
}

/// The password of a line, if the line is about the connection.
fn password(line: &[u8], wanted: &Wanted<'_>) -> Option<Vec<u8>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.first() == Some(&b'#') {
        return None;
    }
    // The default folder of the socket counts as localhost, as in libpq; which one that is was
    // decided when libpq was built, so both usual ones do.
    let host = match wanted.host {
        "/tmp" | "/var/run/postgresql" | "/run/postgresql" => "localhost",
        host => host,
    };
    let port = wanted.port.to_string();
    let mut rest = line;
    for field in [host, &port, wanted.database, wanted.user] {
        rest = after(rest, field.as_bytes())?;
    }
    let (password, _) = unescape(rest);
    (!password.is_empty()).then_some(password)
}

/// What follows a field and its colon, if the field is `*` or the one that is wanted.
fn after<'l>(line: &'l [u8], wanted: &[u8]) -> Option<&'l [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let (field, rest) = unescape(line);
    (field == wanted).then_some(rest?)
}

/// The text up to the next colon that no backslash precedes, and what follows the colon. A backslash
/// stands for the character after it.
fn unescape(line: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let mut field = Vec::new();
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        match byte {
            b':' => return (field, line.get(at + 1..)),
            b'\\' if at + 1 < line.len() => {
                at += 1;
                field.push(line[at]);
            }
            _ => field.push(byte),
        }
        at += 1;
    }
    (field, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> =
        Wanted { host: "db.lan", port: 5432, database: "shop", user: "steep" };

    fn found(line: &str) -> Option<String> {
        password(line.as_bytes(), &WANTED).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn fields_match_exactly_or_by_a_star() {
        assert_eq!(found("db.lan:5432:shop:steep:pw").as_deref(), Some("pw"));
        assert_eq!(found("*:*:*:*:pw\r").as_deref(), Some("pw"));
        for other in [
            "db:5432:shop:steep:pw",
            "db.lan:543:shop:steep:pw",
            "db.lan:5432:shop2:steep:pw",
            "db.lan:5432:shop:steep2:pw",
            "db.lan:5432:shop:steep:",
            "db.lan:5432:shop:steep",
            "db.*:5432:shop:steep:pw",
            "#*:*:*:*:pw",
            "",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn a_backslash_keeps_the_next_character() {
        let wanted = Wanted { host: "::1", user: r"a\b", ..WANTED };
        let line = br"\:\:1:5432:*:a\\b:p\:w\\\x";
        assert_eq!(password(line, &wanted).unwrap(), br"p:w\x");
        assert_eq!(found(r"*:*:*:*:end\").as_deref(), Some(r"end\"));
        // libpq ends the password at a colon that is not escaped.
        assert_eq!(found("*:*:*:*:a:b").as_deref(), Some("a"));
    }

    #[test]
    fn the_usual_socket_is_localhost() {
        for (host, hit) in [("/tmp", true), ("/var/run/postgresql", true), ("/other", false)] {
            let wanted = Wanted { host, ..WANTED };
            assert_eq!(password(b"localhost:*:*:*:pw", &wanted).is_some(), hit, "{host}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_refused_only_if_the_password_is_in_it() {
        use std::fs;
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(file.path(), "other:*:*:*:pw\n").unwrap();
        assert_eq!(look_up(file.path(), &WANTED).unwrap(), None);
        fs::write(file.path(), "# mine\n\nother:*:*:*:pw\n*:*:*:*:first\n*:*:*:*:second\n")
            .unwrap();
        assert!(matches!(look_up(file.path(), &WANTED), Err(SecretError::TooOpen { .. })));
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(look_up(file.path(), &WANTED).unwrap(), Some(Secret::new("first")));
        assert_eq!(look_up(Path::new("/nowhere/.pgpass"), &WANTED).unwrap(), None);
    }
}
