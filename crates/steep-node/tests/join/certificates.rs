//! Certificates for servers and for who connects to them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use steep_node::PeerTls;
use steep_node::tls::{Lifetime, NodeCertificate, init};
use steep_pg::TlsMode;
use steep_testkit::{PgCluster, ServerTls};
use tempfile::TempDir;

use crate::group::Outcome;

/// An authority, and what it has signed.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    /// For `server`, which is at 127.0.0.1 and nowhere else, and for these clients.
    pub(crate) fn new(clients: &[&str]) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let server =
            NodeCertificate { node: "server".parse()?, hosts: vec!["127.0.0.1".to_owned()] };
        let mut wanted = vec![server];
        for client in clients {
            wanted.push(NodeCertificate { node: client.parse()?, hosts: Vec::new() });
        }
        init(folder.path(), &wanted, Lifetime::default())?;
        Ok(Self(folder))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn of_server(&self) -> ServerTls {
        ServerTls {
            certificate: self.file("server.crt"),
            key: self.file("server.key"),
            authority: self.file("ca.crt"),
        }
    }

    /// What a node asks of the servers of others and shows them, in files that its own server can read.
    pub(crate) fn of_peer(&self, node: &PgCluster, client: &str) -> Outcome<PeerTls> {
        let put = |name: &str| -> Outcome<PathBuf> {
            let path = node.put_file(name, &fs::read_to_string(self.file(name))?)?;
            // libpq takes no key that others can read.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            Ok(path)
        };
        Ok(PeerTls {
            mode: Some(TlsMode::VerifyFull),
            ca_file: Some(put("ca.crt")?),
            cert_file: Some(put(&format!("{client}.crt"))?),
            key_file: Some(put(&format!("{client}.key"))?),
        })
    }
}
