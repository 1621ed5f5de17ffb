//! The two ways through a proxy.

/// Which way bytes flow through a [`Proxy`](super::Proxy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From who connected to the proxy's target.
    ToServer,
    /// From the proxy's target to who connected.
    ToClient,
    /// Both ways.
    Both,
}

impl Direction {
    /// The indexes of the ways this stands for.
    pub(super) fn ways(self) -> &'static [usize] {
        match self {
            Self::ToServer => &[TO_SERVER],
            Self::ToClient => &[TO_CLIENT],
            Self::Both => &[TO_SERVER, TO_CLIENT],
        }
    }
}

pub(super) const TO_SERVER: usize = 0;
pub(super) const TO_CLIENT: usize = 1;
