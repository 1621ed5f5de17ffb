//! `cluster.json`: what others learn about the nodes.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};
use steep_testkit::{FoundCluster, Server, postgres};

/// The file's name in the folder of the clusters.
pub(super) const FILE: &str = "cluster.json";

/// The nodes and the links between them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) nodes: Vec<Node>,
    pub(super) links: Vec<Link>,
}

/// One node. What it does not have is null.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) name: String,
    /// A URL with the password.
    pub(super) dsn: String,
    pub(super) superuser_dsn: String,
    pub(super) data_dir: PathBuf,
    pub(super) bin_dir: PathBuf,
    pub(super) pg_pid_file: PathBuf,
    pub(super) daemon_pid: Option<u32>,
    pub(super) grpc: Option<String>,
    pub(super) http: Option<String>,
    pub(super) ipc: Option<String>,
    pub(super) config: Option<PathBuf>,
}

/// The way by which `to` reaches `from`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) from: String,
    pub(super) to: String,
    /// Where the link's proxy takes commands.
    pub(super) proxy_control: Option<String>,
}

impl Description {
    /// The description in `folder`, if there is one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("cannot read {}; run as the user that made it", path.display())
                });
            }
        };
        let damaged = || {
            format!(
                "{} is damaged; end the servers whose folders are beside it (pg_ctl stop), then \
                 remove {}",
                path.display(),
                folder.display()
            )
        };
        serde_json::from_slice(&text).with_context(damaged).map(Some)
    }

    /// Writes it at once, for its owner alone: it has passwords.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        let write = || {
            let mut text = serde_json::to_vec_pretty(self)?;
            text.push(b'\n');
            // Only its owner can read a temporary file.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&text)?;
            file.persist(&path).map(drop).map_err(|failed| failed.error)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Node {
    pub(super) fn port(&self) -> Result<u16> {
        let config: postgres::Config = self
            .dsn
            .parse()
            .map_err(|_| anyhow!("the dsn of node {} in {FILE} is no URL", self.name))?;
        let port = config.get_ports().first().copied();
        port.with_context(|| format!("the dsn of node {} in {FILE} has no port", self.name))
    }

    /// The cluster itself.
    pub(super) fn cluster(&self) -> Result<FoundCluster> {
        let parent = |path: &Path| {
            path.parent()
                .map(Path::to_owned)
                .with_context(|| format!("node {} in {FILE} is in the root folder", self.name))
        };
        let (folder, prefix) = (parent(&self.data_dir)?, parent(&self.bin_dir)?);
        let server = Server { prefix, version: String::new(), extension: true };
        Ok(FoundCluster::new(&self.name, &folder, server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_the_ones_that_others_rely_on() {
        let node = Node {
            name: "a".into(),
            dsn: "postgresql://postgres:pw@127.0.0.1:20001/db".into(),
            superuser_dsn: String::new(),
            data_dir: "/d/a/data".into(),
            bin_dir: "/pg/bin".into(),
            pg_pid_file: "/d/a/data/postmaster.pid".into(),
            daemon_pid: None,
            grpc: None,
            http: None,
            ipc: None,
            config: None,
        };
        assert_eq!(node.port().unwrap(), 20001);
        let value = serde_json::to_value(&node).unwrap();
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        let expected = "bin_dir config daemon_pid data_dir dsn grpc http ipc name pg_pid_file \
                        superuser_dsn";
        assert_eq!(keys.join(" "), expected);
        assert!(value["daemon_pid"].is_null());
    }

    #[test]
    fn a_description_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Description::read(folder.path()).unwrap().is_none());
        let link = Link { from: "a".into(), to: "b".into(), proxy_control: None };
        Description { nodes: vec![], links: vec![link] }.write(folder.path()).unwrap();
        let read = Description::read(folder.path()).unwrap().unwrap();
        assert_eq!((read.nodes.len(), read.links[0].from.as_str()), (0, "a"));
    }

    #[test]
    fn a_damaged_description_names_itself() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{").unwrap();
        let said = Description::read(folder.path()).unwrap_err().to_string();
        assert!(said.contains(FILE) && said.contains("remove"), "{said}");
    }
}
