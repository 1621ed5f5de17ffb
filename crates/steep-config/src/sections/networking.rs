use crate::reader::{Section, choices};

/// The network between the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Networking {
    /// Who provides it.
    pub provider: NetworkProvider,
    /// For `tailscale`.
    pub tailscale: Tailscale,
}

choices! {
    /// Who provides the network between the nodes.
    NetworkProvider {
        /// Nobody in particular.
        None = "none",
        /// Tailscale.
        Tailscale = "tailscale",
    }
}

/// What is asked of Tailscale.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tailscale {
    /// Whether it is a fault if this node is not connected.
    pub expect_connected: bool,
}

impl Networking {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let provider = section.value("provider", NetworkProvider::None);
        let tailscale = section.section("tailscale");
        let expect_connected = tailscale.value("expect_connected", false);
        Self { provider, tailscale: Tailscale { expect_connected } }
    }
}
