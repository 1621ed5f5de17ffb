//! The seam to the operating system. Both sides have the same items; nothing outside this folder
//! may assume one of them.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use self::unix::{
    ClientStream, Listener, Peer, ServerStream, candidates, connect, default_path, is_there,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use self::windows::{
    ClientStream, Listener, Peer, ServerStream, candidates, connect, default_path, is_there,
};
