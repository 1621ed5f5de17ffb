//! Free ports of 127.0.0.1, below the range from which systems take ports for outgoing connections.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

// Linux takes outgoing ports from 32768 up, macOS and Windows from 49152 up: a server that is
// down for a moment does not lose a port below both to somebody's connection.
const RANGE: Range<u16> = 20_000..32_000;

/// The ports of this process' clusters. A stopped cluster keeps its port, although nothing listens.
static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortError {
    /// Something else listens on the wanted port.
    #[error("port {port} of 127.0.0.1 is in use; stop what listens there or choose another port")]
    Busy {
        /// The wanted port.
        port: u16,
    },
    /// Every port of the range is in use.
    #[error("no free port from {} to {} of 127.0.0.1; stop some servers", .range.start, .range.end)]
    Exhausted {
        /// The range that was tried.
        range: Range<u16>,
    },
}

/// A port that nothing else of this process gets from the kit until this value is dropped, also while
/// nobody listens on it.
#[derive(Debug)]
pub struct Port(u16);

impl Port {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.0
    }

    /// A port on which nothing listens, from a random place of the range: test processes that
    /// run at the same time rarely meet.
    ///
    /// # Errors
    /// When every port of the range is in use.
    pub fn free() -> Result<Self, PortError> {
        let mut random = [0; 2];
        // Without randomness the search begins at the same place, which only makes it longer.
        let _ = getrandom::fill(&mut random);
        let count = RANGE.end - RANGE.start;
        let first = u16::from_le_bytes(random) % count;
        (0..count)
            .map(|step| RANGE.start + (first + step) % count)
            .find_map(|port| Self::exactly(port).ok())
            .ok_or(PortError::Exhausted { range: RANGE })
    }

    /// This port and no other.
    pub(crate) fn exactly(port: u16) -> Result<Self, PortError> {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.contains(&port) || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            return Err(PortError::Busy { port });
        }
        taken.insert(port);
        Ok(Self(port))
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        TAKEN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once() {
        let first = Port::free().unwrap();
        assert!(Port::exactly(first.number()).is_err());
        let number = first.number();
        drop(first);
        assert!(Port::exactly(number).is_ok());
    }
}
