//! Certificates for a test.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use steep_node::grpc::Security;
use steep_node::tls::{Lifetime, NodeCertificate, Tls, TlsFiles, init};
use tempfile::TempDir;

/// An authority and the nodes it has signed.
pub(crate) struct Group {
    folder: TempDir,
}

impl Group {
    pub(crate) fn new() -> Self {
        let group = Self { folder: tempfile::tempdir().unwrap() };
        init(group.folder(), &[], Lifetime::default()).unwrap();
        group
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Issues a certificate.
    pub(crate) fn issue(&self, node: &str, lifetime: Lifetime) -> TlsFiles {
        let wanted = NodeCertificate { node: node.parse().unwrap(), hosts: Vec::new() };
        init(self.folder(), &[wanted], lifetime).unwrap();
        self.files(node)
    }

    /// Where the certificate of a node is.
    pub(crate) fn files(&self, node: &str) -> TlsFiles {
        TlsFiles {
            authority: self.folder().join("ca.crt"),
            certificate: self.folder().join(format!("{node}.crt")),
            key: self.folder().join(format!("{node}.key")),
        }
    }

    /// Issues a certificate for a year and loads it.
    pub(crate) fn tls(&self, node: &str) -> Arc<Tls> {
        Tls::load(self.issue(node, Lifetime::default())).unwrap()
    }

    /// The same, ready to use.
    pub(crate) fn node(&self, node: &str) -> Security {
        Security::Tls(self.tls(node))
    }

    /// As [`Group::node`], also the second time.
    pub(crate) fn node_again(&self, node: &str) -> Security {
        match Tls::load(self.files(node)) {
            Ok(tls) => Security::Tls(tls),
            Err(_) => self.node(node),
        }
    }

    /// A node whose certificate has this validity.
    pub(crate) fn node_with(&self, node: &str, lifetime: Lifetime) -> Security {
        Security::Tls(Tls::load(self.issue(node, lifetime)).unwrap())
    }

    /// A certificate that this group issued, with trust in another group's authority.
    pub(crate) fn node_trusting(&self, node: &str, other: &Group) -> Security {
        let files = self.issue(node, Lifetime::default());
        let authority = other.folder().join("ca.crt");
        Security::Tls(Tls::load(TlsFiles { authority, ..files }).unwrap())
    }

    /// Replaces the files of a node by new ones of the same authority, the certificate last or not
    /// at all.
    pub(crate) fn renew(&self, node: &str, named: &str, lifetime: Lifetime, with_key: bool) {
        let other = tempfile::tempdir().unwrap();
        for file in ["ca.crt", "ca.key"] {
            fs::copy(self.folder().join(file), other.path().join(file)).unwrap();
        }
        let wanted = NodeCertificate { node: named.parse().unwrap(), hosts: Vec::new() };
        let issued = init(other.path(), &[wanted], lifetime).unwrap();
        let (files, made) = (self.files(node), &issued.nodes[0]);
        if with_key {
            fs::copy(&made.key, &files.key).unwrap();
        }
        fs::copy(&made.certificate, &files.certificate).unwrap();
    }
}

/// A validity that is over.
pub(crate) fn expired() -> Lifetime {
    Lifetime { begins: SystemTime::now() - Duration::from_secs(3 * 86_400), days: 2 }
}

/// A validity that has not begun.
pub(crate) fn in_the_future() -> Lifetime {
    Lifetime { begins: SystemTime::now() + Duration::from_secs(86_400), days: 2 }
}

/// A validity that ends after so much time.
pub(crate) fn ending_in(time: Duration) -> Lifetime {
    Lifetime { begins: SystemTime::now() + time - Duration::from_secs(86_400), days: 1 }
}

/// A node without certificates.
pub(crate) fn plaintext(node: &str) -> Security {
    Security::Plaintext { node: node.parse().unwrap() }
}
