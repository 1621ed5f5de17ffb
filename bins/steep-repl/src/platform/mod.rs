//! What differs between operating systems, behind one interface: when to stop, and how a service
//! begins.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use self::unix::{Signals, as_service, is_user, make_private};
#[cfg(windows)]
pub(crate) use self::windows::{Signals, as_service, is_user, make_private};
