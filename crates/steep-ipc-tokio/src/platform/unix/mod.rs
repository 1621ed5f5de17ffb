//! Unix: a socket in the file system. Its mode says who may connect, its folder who may replace it.

mod bind;
mod connect;
mod folder;
mod lock;
mod peer;
mod places;

pub(crate) use self::bind::Listener;
pub(crate) use self::connect::connect;
pub(crate) use self::peer::Peer;
pub(crate) use self::places::{candidates, default_path, is_there};

pub(crate) use interprocess::local_socket::tokio::Stream as ServerStream;
pub(crate) use interprocess::local_socket::tokio::Stream as ClientStream;

/// Whose process this is, as far as files are concerned.
fn own_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

const ROOT: u32 = 0;
