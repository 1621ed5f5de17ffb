//! Going to a daemon, if it is one to be trusted.

use std::io::ErrorKind;

use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::traits::StreamCommon as _;
use interprocess::local_socket::traits::tokio::Stream as _;
use interprocess::local_socket::{GenericFilePath, ToFsName as _};

use crate::Endpoint;
use crate::error::ConnectError;

use super::{ClientStream, ROOT, folder, own_uid};

pub(crate) async fn connect(endpoint: &Endpoint) -> Result<ClientStream, ConnectError> {
    let refused = |source: std::io::Error| {
        let endpoint = endpoint.clone();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                ConnectError::NotRunning { endpoint }
            }
            ErrorKind::PermissionDenied => ConnectError::NotAllowed { endpoint },
            _ => ConnectError::Io { endpoint, source },
        }
    };
    let name = endpoint.path().to_fs_name::<GenericFilePath>().map_err(refused)?;
    let stream = Stream::connect(name).await.map_err(refused)?;
    match untrusted_owner(endpoint, &stream) {
        Some(owner) => Err(ConnectError::Untrusted { endpoint: endpoint.clone(), owner }),
        None => Ok(stream),
    }
}

/// The user who runs the server, if it may be anybody's trap: in a folder open to all only root's
/// servers and our own are trusted. Who owns the socket's file is no answer: a link may lead to it.
fn untrusted_owner(endpoint: &Endpoint, stream: &Stream) -> Option<u32> {
    if !folder::is_open_to_all(endpoint.path()) {
        return None;
    }
    let owner = stream.peer_creds().ok().and_then(|peer| peer.euid()).unwrap_or(u32::MAX);
    (owner != ROOT && owner != own_uid()).then_some(owner)
}
