//! The server, the extension, the settings.

use steep_ipc::{Check, Level};

use super::{check, some_of, with_hint};
use crate::watch::facts::{Facts, NodeFacts};

pub(super) fn postgres(look: Result<&Facts, &str>) -> Check {
    match look {
        Ok(facts) if facts.server.is_in_recovery => with_hint(
            check("postgres", Level::Critical, "the server is a standby: it takes no writes"),
            "point replication.postgres at the primary",
        ),
        Ok(facts) => check("postgres", Level::Ok, format!("PostgreSQL {}", facts.server.version)),
        Err(reason) => with_hint(
            check("postgres", Level::Critical, reason),
            "see whether the server runs and replication.postgres is right; the daemon tries again by itself",
        ),
    }
}

pub(super) fn extension(facts: &Facts) -> Check {
    let extension = &facts.extension;
    let (level, message, hint) = match (&extension.installed, &extension.available) {
        (_, None) => (
            Level::Critical,
            "the server does not have the files of extension steep_repl".to_owned(),
            "install the extension into this server",
        ),
        _ if !extension.is_preloaded => (
            Level::Critical,
            "steep_repl is not in shared_preload_libraries".to_owned(),
            "add steep_repl to shared_preload_libraries and restart the server",
        ),
        (None, Some(_)) => (
            Level::Warning,
            "extension steep_repl is not created in this database".to_owned(),
            "run `steep-replctl init`, or join the group of another node",
        ),
        (Some(installed), Some(available)) if installed != available => (
            Level::Warning,
            format!("the database has extension steep_repl {installed}, the server {available}"),
            "alter extension steep_repl update",
        ),
        (Some(installed), Some(_)) => {
            return check("extension", Level::Ok, format!("steep_repl {installed}"));
        }
    };
    with_hint(check("extension", level, message), hint)
}

pub(super) fn settings(node: &NodeFacts) -> Check {
    if node.findings.is_empty() {
        return check("settings", Level::Ok, "all settings are as replication needs them");
    }
    let wrong = node
        .findings
        .iter()
        .map(|found| format!("{} is {}, needed: {}", found.setting, found.value, found.needed));
    let fixes: Vec<_> = node.findings.iter().map(|found| found.fix.as_str()).collect();
    with_hint(check("settings", Level::Critical, some_of(wrong)), fixes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use steep_pg::extension::Finding;

    #[test]
    fn each_place_where_the_extension_lacks_is_told() {
        let level = |change: &dyn Fn(&mut Facts)| {
            let mut facts = samples::healthy();
            change(&mut facts);
            extension(&facts).level
        };
        assert_eq!(level(&|_| {}), Level::Ok);
        assert_eq!(level(&|facts| facts.extension.installed = None), Level::Warning);
        assert_eq!(level(&|facts| facts.extension.available = Some("9".into())), Level::Warning);
        assert_eq!(level(&|facts| facts.extension.is_preloaded = false), Level::Critical);
        assert_eq!(level(&|facts| facts.extension.available = None), Level::Critical);
    }

    #[test]
    fn a_wrong_setting_comes_with_its_cure() {
        let mut facts = samples::healthy();
        samples::node(&mut facts).findings.push(Finding {
            setting: "wal_level".into(),
            value: "replica".into(),
            needed: "logical".into(),
            why: "because".into(),
            fix: "alter system set wal_level = 'logical'".into(),
        });
        let found = settings(samples::node(&mut facts));
        assert_eq!(found.level, Level::Critical);
        assert_eq!(found.message, "wal_level is replica, needed: logical");
        assert_eq!(found.hint.as_deref(), Some("alter system set wal_level = 'logical'"));
    }

    #[test]
    fn a_standby_is_no_node() {
        let mut facts = samples::healthy();
        facts.server.is_in_recovery = true;
        assert_eq!(postgres(Ok(&facts)).level, Level::Critical);
    }
}
