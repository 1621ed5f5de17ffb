//! Taking an endpoint, and giving it back.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use interprocess::local_socket::tokio::Listener as Socket;
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::os::unix::uds_local_socket as uds;
use socket2::{Domain, SockAddr, Type};

use crate::Endpoint;
use crate::error::BindError;

use super::lock::Lock;
use super::{ServerStream, folder, own_uid};

/// For the owner, and for root, who may everything.
const MODE: u32 = 0o600;

/// Clients that have connected and are not accepted yet; the system may allow fewer.
const BACKLOG: i32 = 256;

/// A socket that clients can connect to.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Socket,
    /// Goes before the lock.
    _file: SocketFile,
    _lock: Lock,
}

impl Listener {
    pub(crate) fn bind(endpoint: &Endpoint) -> Result<Self, BindError> {
        folder::prepare(endpoint)?;
        let lock = Lock::take(endpoint)?;
        remove_stale(endpoint)?;
        let (listener, file) = listen(endpoint)?;
        let socket = uds::Listener::from(listener);
        let socket = uds::tokio::Listener::try_from(socket)
            .map_err(|source| BindError::Io { endpoint: endpoint.clone(), source })?;
        Ok(Self { socket: Socket::UdSocket(socket), _file: file, _lock: lock })
    }

    pub(crate) async fn accept(&mut self) -> io::Result<ServerStream> {
        self.socket.accept().await
    }
}

/// The file of our socket.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and number, lest we remove what somebody has put in its place.
    id: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self { path: path.to_owned(), id: (metadata.dev(), metadata.ino()) })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.id) {
            // One that stays is taken over as a dead daemon's.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes the socket of a dead daemon. The lock says that no live one has it; a program that takes
/// no lock and answers on it is not dead either.
fn remove_stale(endpoint: &Endpoint) -> Result<(), BindError> {
    let path = endpoint.path();
    let io = |source| BindError::Io { endpoint: endpoint.clone(), source };
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    };
    if found.uid() != own_uid() {
        return Err(BindError::Foreign { path: path.to_owned(), owner: found.uid() });
    }
    if !found.file_type().is_socket() {
        return Err(BindError::InTheWay { path: path.to_owned() });
    }
    if answers(path).map_err(io)? {
        return Err(BindError::AlreadyServed { endpoint: endpoint.clone() });
    }
    tracing::info!(%endpoint, "removing the socket of a daemon that is gone");
    fs::remove_file(path).map_err(io)
}

/// Whether somebody listens; waits for nobody.
fn answers(path: &Path) -> io::Result<bool> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Ok(()) => Ok(true),
        // Its queue is full.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(false),
        Err(error) => Err(error),
    }
}

/// The mode is set between binding and listening: until a socket listens nobody can connect to it,
/// on any Unix, whatever the umask says.
fn listen(endpoint: &Endpoint) -> Result<(UnixListener, SocketFile), BindError> {
    let path = endpoint.path();
    let io = |source| BindError::Io { endpoint: endpoint.clone(), source };
    let address = SockAddr::unix(path)
        .map_err(|source| BindError::Name { endpoint: endpoint.clone(), source })?;
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None).map_err(io)?;
    socket.bind(&address).map_err(io)?;
    let file = SocketFile::at(path).map_err(io)?;
    fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(io)?;
    socket.listen(BACKLOG).map_err(io)?;
    Ok((UnixListener::from(socket), file))
}
