//! Who is at the other end: `SO_PEERCRED`, `LOCAL_PEERCRED` and their like, as they were when it
//! connected.

use std::time::Duration;

use interprocess::local_socket::traits::StreamCommon as _;
use nix::unistd::{Uid, User};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::Caller;

use super::ServerStream;

/// How long the user database may take: it may be on another machine. Without it there is the number.
const LOOKUP: Duration = Duration::from_secs(2);

/// The other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    uid: Option<u32>,
    pid: Option<u32>,
}

impl Peer {
    pub(crate) fn of(stream: &ServerStream) -> Self {
        let credentials = stream.peer_creds().ok();
        Self {
            uid: credentials.and_then(|known| known.euid()),
            pid: credentials.and_then(|known| u32::try_from(known.pid()?).ok()),
        }
    }

    pub(crate) async fn caller(self) -> Caller {
        let Self { uid, pid } = self;
        let name = match uid {
            Some(uid) => name(uid).await,
            None => None,
        };
        Caller { name, uid, pid }
    }
}

async fn name(uid: u32) -> Option<String> {
    let lookup = spawn_blocking(move || User::from_uid(Uid::from_raw(uid)));
    let user = timeout(LOOKUP, lookup).await.ok()?.ok()?.ok()??;
    Some(user.name)
}
