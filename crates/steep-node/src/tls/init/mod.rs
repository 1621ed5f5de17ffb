//! Making an authority and certificates.

mod authority;
mod error;
mod files;
mod node;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use steep_types::NodeId;

use authority::Authority;
pub use error::InitError;
use files::NewFiles;

/// From when, and how long, a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// The first moment.
    pub begins: SystemTime,
    /// Days from then on.
    pub days: u32,
}

impl Lifetime {
    /// From an hour ago, as clocks differ, for so many days.
    #[must_use]
    pub fn days(days: u32) -> Self {
        Self { begins: SystemTime::now() - Duration::from_secs(3600), days }
    }

    fn ends(self) -> SystemTime {
        self.begins + Duration::from_secs(u64::from(self.days) * 86_400)
    }
}

impl Default for Lifetime {
    /// One year.
    fn default() -> Self {
        Self::days(365)
    }
}

/// A certificate that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCertificate {
    /// Whose.
    pub node: NodeId,
    /// Host names and IP addresses that it also carries, for programs that look at these.
    pub hosts: Vec<String>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The authority's certificate, which every node needs: `ca.crt`.
    pub authority: PathBuf,
    /// The authority's key, which only the next [`init`] needs: `ca.key`.
    pub authority_key: PathBuf,
    /// Whether the authority was made now.
    pub is_new_authority: bool,
    /// Each node, its certificate `<node>.crt` and its key `<node>.key`.
    pub nodes: Vec<IssuedNode>,
}

/// What was made for a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedNode {
    /// The node.
    pub node: NodeId,
    /// Its certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// When the certificate ends: as asked for, but not after the authority's.
    pub not_after: SystemTime,
}

/// Makes certificates in `folder`: an authority for ten years if there is none yet, and one for each
/// node, valid for `lifetime`. The authority that is there is used to add nodes later.
///
/// Nothing is ever overwritten, and on an error nothing new is left.
///
/// # Errors
/// [`InitError`], with a hint.
///
/// ```
/// use steep_node::tls::{Lifetime, NodeCertificate, Tls, TlsFiles, init};
///
/// let folder = tempfile::tempdir()?;
/// let hq = NodeCertificate { node: "hq".parse()?, hosts: vec!["hq.example.org".into()] };
/// let issued = init(folder.path(), &[hq], Lifetime::default())?;
/// assert!(issued.is_new_authority);
///
/// let tls = Tls::load(TlsFiles {
///     authority: issued.authority,
///     certificate: issued.nodes[0].certificate.clone(),
///     key: issued.nodes[0].key.clone(),
/// })?;
/// assert_eq!(tls.node().as_str(), "hq");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn init(
    folder: &Path,
    nodes: &[NodeCertificate],
    lifetime: Lifetime,
) -> Result<Issued, InitError> {
    if lifetime.days == 0 {
        return Err(InitError::NoDays);
    }
    let mut files = NewFiles::default();
    files.folder(folder)?;
    for wanted in nodes {
        // Also on file systems that do not tell upper case from lower.
        if wanted.node.as_str().eq_ignore_ascii_case("ca") {
            return Err(InitError::ReservedName { node: wanted.node.as_str().to_owned() });
        }
        files::must_be_free(&certificate_path(folder, wanted))?;
        files::must_be_free(&key_path(folder, wanted))?;
    }
    let authority = Authority::of(folder, &mut files)?;
    let issued: Result<_, _> = nodes
        .iter()
        .map(|wanted| issue(folder, wanted, lifetime, &authority, &mut files))
        .collect();
    let nodes = issued?;
    files.keep();
    Ok(Issued {
        authority: folder.join(authority::CERTIFICATE),
        authority_key: folder.join(authority::KEY),
        is_new_authority: authority.is_new,
        nodes,
    })
}

fn issue(
    folder: &Path,
    wanted: &NodeCertificate,
    lifetime: Lifetime,
    authority: &Authority,
    files: &mut NewFiles,
) -> Result<IssuedNode, InitError> {
    let made = node::sign(wanted, lifetime, authority)?;
    let (certificate, key) = (certificate_path(folder, wanted), key_path(folder, wanted));
    files.private(&key, &made.key_pem)?;
    files.public(&certificate, &made.certificate_pem)?;
    Ok(IssuedNode { node: wanted.node.clone(), certificate, key, not_after: made.not_after })
}

fn certificate_path(folder: &Path, wanted: &NodeCertificate) -> PathBuf {
    folder.join(format!("{}.crt", wanted.node.as_str()))
}

fn key_path(folder: &Path, wanted: &NodeCertificate) -> PathBuf {
    folder.join(format!("{}.key", wanted.node.as_str()))
}
