//! The certificates of a running node, which may be renewed at any time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::{ClientConfig, ServerConfig};
use steep_types::NodeId;

use super::TlsError;
use super::material::{Expiry, Material};

/// Where a node's certificates are, in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The group's authority, or several while one replaces another.
    pub authority: PathBuf,
    /// The node's certificate, followed by intermediates if there are any.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// The certificates of a node, for its server and its clients.
///
/// Before each new connection the files are looked at. When one has changed they are read again; what
/// cannot be used (a new certificate whose key is not there yet) is logged once and changes
/// nothing, and the next connection looks again.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    material: Arc<Material>,
    /// Of the files when they were last read, whether they could be used or not.
    stamp: Stamp,
    trouble: Option<String>,
}

/// What changes when a file is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp([Option<(SystemTime, u64)>; 3]);

impl Stamp {
    fn of(files: &TlsFiles) -> Self {
        let one = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Self([one(&files.authority), one(&files.certificate), one(&files.key)])
    }
}

impl Tls {
    /// Reads the files of a node.
    ///
    /// # Errors
    /// [`TlsError`]: a file is missing, is not what it should be, or does not fit the others. A
    /// certificate that has expired is no error: the node runs, and says so in its health.
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        // Before reading, so that what is written meanwhile counts as a change.
        let stamp = Stamp::of(&files);
        let material = Arc::new(Material::read(&files)?);
        let current = Mutex::new(Current { material, stamp, trouble: None });
        Ok(Arc::new(Self { files, current }))
    }

    /// Where they are.
    #[must_use]
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// The node that the certificate names.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.fresh().node.clone()
    }

    /// When the certificates end.
    #[must_use]
    pub fn expiry(&self) -> Expiry {
        self.fresh().expiry
    }

    /// Why files that have changed are not in use.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.fresh();
        self.current.lock().unwrap_or_else(PoisonError::into_inner).trouble.clone()
    }

    /// For the next connection that is accepted.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.fresh().server)
    }

    /// For the next connection that is made.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.fresh().client)
    }

    fn fresh(&self) -> Arc<Material> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of(&self.files);
        if stamp != current.stamp {
            current.stamp = stamp;
            match self.read(&current.material.node) {
                Ok(material) => {
                    tracing::info!(node = %material.node, "certificates were renewed");
                    current.material = Arc::new(material);
                    current.trouble = None;
                }
                Err(error) => {
                    tracing::warn!(%error, "changed certificates cannot be used; the old ones stay");
                    current.trouble = Some(error.to_string());
                }
            }
        }
        Arc::clone(&current.material)
    }

    /// A node stays who it is.
    fn read(&self, node: &NodeId) -> Result<Material, TlsError> {
        let material = Material::read(&self.files)?;
        if material.node != *node {
            return Err(TlsError::OtherNode {
                path: self.files.certificate.clone(),
                expected: node.as_str().to_owned(),
                found: material.node.as_str().to_owned(),
            });
        }
        Ok(material)
    }
}
