//! What the test wants of a link, and the connections it holds for.

use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::direction::Direction;

/// What holds for one direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    pub(super) is_paused: bool,
    pub(super) is_cut: bool,
    pub(super) delay: Duration,
}

/// The rules and connections of one proxy, shared by its threads.
#[derive(Debug, Default)]
pub(super) struct Rules {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ways: [Way; 2],
    is_closed: bool,
    connections: Vec<Connection>,
    next_id: u64,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    streams: [TcpStream; 2],
    /// Bytes of it were thrown away: what follows would make no sense to the receiver.
    has_lost: bool,
}

/// What is to be done with bytes whose time has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Deliver,
    Lose,
    /// The connection is no more.
    End,
}

impl Rules {
    pub(super) fn change(&self, direction: Direction, change: impl Fn(&mut Way)) {
        let mut state = self.lock();
        for way in direction.ways() {
            change(&mut state.ways[*way]);
        }
        let all_cut = state.ways.iter().all(|way| way.is_cut);
        let none_cut = !state.ways.iter().any(|way| way.is_cut);
        state.reset(|connection| all_cut || (none_cut && connection.has_lost));
        self.changed.notify_all();
    }

    /// Resets every connection, now and later.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.reset(|_| true);
        self.changed.notify_all();
    }

    /// Whether a connection has been neither reset nor ended.
    pub(super) fn has(&self, id: u64) -> bool {
        self.lock().connections.iter().any(|connection| connection.id == id)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Takes a connection in, unless the link is cut: no handshake survives the loss of one way.
    pub(super) fn admit(&self, streams: [TcpStream; 2]) -> Option<u64> {
        let mut state = self.lock();
        if state.is_closed || state.ways.iter().any(|way| way.is_cut) {
            streams.iter().for_each(reset);
            return None;
        }
        let id = state.next_id;
        state.next_id += 1;
        state.connections.push(Connection { id, streams, has_lost: false });
        Some(id)
    }

    /// Forgets a connection both of whose directions have ended.
    pub(super) fn forget(&self, id: u64) {
        self.lock().connections.retain(|connection| connection.id != id);
    }

    pub(super) fn connections(&self) -> usize {
        self.lock().connections.len()
    }

    /// Ends a connection one of whose sides broke.
    pub(super) fn abort(&self, id: u64) {
        self.lock().reset(|connection| connection.id == id);
        self.changed.notify_all();
    }

    /// Waits until bytes that came at `since` may go on.
    pub(super) fn verdict(&self, id: u64, way: usize, since: Instant) -> Verdict {
        let mut state = self.lock();
        loop {
            let Some(index) = state.connections.iter().position(|known| known.id == id) else {
                return Verdict::End;
            };
            let rule = state.ways[way].clone();
            let left = (since + rule.delay).saturating_duration_since(Instant::now());
            if rule.is_cut {
                state.connections[index].has_lost = true;
                return Verdict::Lose;
            }
            if !rule.is_paused && left.is_zero() {
                return Verdict::Deliver;
            }
            // A change wakes it; an hour stands for waiting without an end.
            let patience = if rule.is_paused { Duration::from_secs(3600) } else { left };
            let waiting = self.changed.wait_timeout(state, patience);
            state = waiting.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn reset(&mut self, which: impl Fn(&Connection) -> bool) {
        self.connections.retain(|connection| {
            let ends = which(connection);
            if ends {
                connection.streams.iter().for_each(reset);
            }
            !ends
        });
    }
}

/// Closes with RST instead of FIN, as soon as the last handle is gone; the shutdown wakes the
/// thread that reads from it.
pub(super) fn reset(stream: &TcpStream) {
    // A stream that is dead already cannot be reset any more.
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
    let _ = stream.shutdown(Shutdown::Read);
}
