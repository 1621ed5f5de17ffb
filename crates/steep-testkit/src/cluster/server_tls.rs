//! TLS of a server, and who may come in how.

use std::fs;
use std::path::PathBuf;

use super::PgCluster;
use super::error::ClusterError;
use crate::platform;
use crate::settings::Settings;

/// The files that a server needs to speak TLS; PEM. It gets copies of them.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// Its certificate.
    pub certificate: PathBuf,
    /// The key of that.
    pub key: PathBuf,
    /// The authority that a client's certificate may come from.
    pub authority: PathBuf,
}

/// Names in the data folder; the first two are PostgreSQL's own defaults.
const CERTIFICATE: &str = "server.crt";
const KEY: &str = "server.key";
const AUTHORITY: &str = "root.crt";

impl ServerTls {
    pub(super) fn switch_on(settings: &mut Settings) {
        settings.set("ssl", "on");
        settings.set("ssl_ca_file", AUTHORITY);
    }
}

impl PgCluster {
    /// Copies the files into the data folder, before the first start.
    pub(super) fn put_tls_files(&self, files: &ServerTls) -> Result<(), ClusterError> {
        let places =
            [(CERTIFICATE, &files.certificate), (KEY, &files.key), (AUTHORITY, &files.authority)];
        for (name, from) in places {
            let to = self.data_dir().join(name);
            let text =
                fs::read_to_string(from).map_err(|source| self.folder_error(from, source))?;
            self.write_file(&to, &text)?;
            // The server refuses a key that others can read.
            platform::make_private(&to).map_err(|source| self.folder_error(&to, source))?;
        }
        Ok(())
    }

    /// Puts lines before those that `initdb` has written: the first that fits counts.
    pub(super) fn put_access(&self, lines: &[String]) -> Result<(), ClusterError> {
        let path = self.data_dir().join("pg_hba.conf");
        let made = fs::read_to_string(&path).map_err(|source| self.folder_error(&path, source))?;
        self.write_file(&path, &format!("{}\n{made}", lines.join("\n")))
    }
}
