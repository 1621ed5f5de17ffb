//! What may be shown of a way into another node's PostgreSQL.

use std::fmt;

use crate::Credentials;

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, database, role, password: _, sslmode } = self;
        f.debug_struct("Credentials")
            .field("host", host)
            .field("port", port)
            .field("database", database)
            .field("role", role)
            .field("password", &"***")
            .field("sslmode", sslmode)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Credentials, PrepareJoinResponse};

    #[test]
    fn the_password_is_never_shown() {
        let credentials = Credentials { password: "geheim".into(), ..Credentials::default() };
        let answer = PrepareJoinResponse {
            credentials: Some(credentials),
            ..PrepareJoinResponse::default()
        };
        let shown = format!("{answer:?}");
        assert!(shown.contains("***") && !shown.contains("geheim"), "{shown}");
    }
}
