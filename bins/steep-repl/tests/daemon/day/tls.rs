//! The certificates of the pair, as `steep-replctl tls init` makes them, and their renewal.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use steep_node::tls::{Lifetime, NodeCertificate, init};
use tempfile::TempDir;

use crate::support::Outcome;

/// An authority, and where the daemons have their files.
pub(super) struct GroupTls {
    folder: TempDir,
}

impl GroupTls {
    pub(super) fn new(nodes: &[&str]) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let wanted: Result<Vec<_>, _> = nodes.iter().map(|node| wanted(node)).collect();
        init(folder.path(), &wanted?, Lifetime::default())?;
        Ok(Self { folder })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn certificate(&self, node: &str) -> PathBuf {
        self.file(&format!("{node}.crt"))
    }

    fn key(&self, node: &str) -> PathBuf {
        self.file(&format!("{node}.key"))
    }

    /// What a node's configuration says of them.
    pub(super) fn configuration(&self, node: &str) -> String {
        format!(
            "ca_file: {}, cert_file: {}, key_file: {}",
            self.file("ca.crt").display(),
            self.certificate(node).display(),
            self.key(node).display()
        )
    }

    /// Makes new files for a node, in another folder, as an administrator does.
    pub(super) fn renewed(
        &self,
        node: &str,
        lifetime: Lifetime,
    ) -> Result<Renewal, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        for file in ["ca.crt", "ca.key"] {
            fs::copy(self.file(file), folder.path().join(file))?;
        }
        init(folder.path(), &[wanted(node)?], lifetime)?;
        let place = |from: &str, to: PathBuf| (folder.path().join(from), to);
        let certificate = place(&format!("{node}.crt"), self.certificate(node));
        let key = place(&format!("{node}.key"), self.key(node));
        Ok(Renewal { certificate, key, _folder: folder })
    }
}

/// New files, and where they belong.
pub(super) struct Renewal {
    certificate: (PathBuf, PathBuf),
    key: (PathBuf, PathBuf),
    _folder: TempDir,
}

impl Renewal {
    pub(super) fn put_certificate(&self) -> Outcome {
        replace(&self.certificate)
    }

    pub(super) fn put_key(&self) -> Outcome {
        replace(&self.key)
    }
}

/// By another name first: a daemon never sees half a file.
fn replace((from, to): &(PathBuf, PathBuf)) -> Outcome {
    let new = to.with_extension("new");
    fs::copy(from, &new)?;
    Ok(fs::rename(new, to)?)
}

fn wanted(node: &str) -> Result<NodeCertificate, Box<dyn Error>> {
    Ok(NodeCertificate { node: node.parse()?, hosts: Vec::new() })
}

/// A validity that ends after so much time.
pub(super) fn ending_in(time: Duration) -> Lifetime {
    Lifetime { begins: SystemTime::now() + time - Duration::from_secs(86_400), days: 1 }
}
