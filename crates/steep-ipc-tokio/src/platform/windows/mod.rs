//! Windows: a named pipe. Its access list says who may connect; its first instance, whose it is.

mod connect;
mod peer;
mod pipe;

use std::io;
use std::path::{Path, PathBuf};

use interprocess::local_socket::tokio::Listener as Pipe;
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::local_socket::{GenericFilePath, ListenerOptions, ToFsName as _};
use interprocess::os::windows::local_socket::ListenerOptionsExt as _;
use interprocess::os::windows::security_descriptor::SecurityDescriptor;
use widestring::{U16CStr, u16cstr};

use crate::error::BindError;
use crate::{Endpoint, Level};

pub(crate) use self::connect::{ClientStream, connect};
pub(crate) use self::peer::Peer;
pub(crate) use self::pipe::PipeStream as ServerStream;

const PIPE: &str = r"\\.\pipe\steep-repl";

/// Everything to the system, to administrators and to the owner, nothing to others, nothing
/// inherited: what mode 0600 is on Unix.
const ACCESS: &U16CStr = u16cstr!("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)");

pub(crate) fn default_path(level: Level) -> PathBuf {
    // Pipes are in one folder for all; a service and a user's daemon exclude each other.
    match level {
        Level::User | Level::System => PIPE.into(),
    }
}

/// Where clients look, in this order.
pub(crate) fn candidates() -> Vec<PathBuf> {
    vec![PIPE.into()]
}

/// Whether it is worth trying: asking for a pipe would already connect to it.
pub(crate) fn is_there(_path: &Path) -> bool {
    true
}

/// A pipe that clients can connect to.
#[derive(Debug)]
pub(crate) struct Listener(Pipe);

impl Listener {
    pub(crate) fn bind(endpoint: &Endpoint) -> Result<Self, BindError> {
        let named = |source| BindError::Name { endpoint: endpoint.clone(), source };
        let io = |source| BindError::Io { endpoint: endpoint.clone(), source };
        let name = endpoint.path().to_fs_name::<GenericFilePath>().map_err(named)?;
        // Windows itself refuses a second first instance; Wine 8 does not.
        if connect::answers(endpoint) {
            return Err(BindError::AlreadyServed { endpoint: endpoint.clone() });
        }
        let access = SecurityDescriptor::deserialize(ACCESS).map_err(io)?;
        let options = ListenerOptions::new().name(name).security_descriptor(access);
        options.create_tokio().map(Self).map_err(|error| match error.kind() {
            // What the flag for the first instance of a pipe makes of a second one.
            io::ErrorKind::PermissionDenied | io::ErrorKind::AddrInUse => {
                BindError::AlreadyServed { endpoint: endpoint.clone() }
            }
            _ => io(error),
        })
    }

    pub(crate) async fn accept(&mut self) -> io::Result<ServerStream> {
        self.0.accept().await.map(pipe::PipeStream)
    }
}
