use crate::reader::{Section, choices};
use std::time::Duration;

/// What happens when a node is away.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failover {
    /// Whether another may take over.
    pub enabled: bool,
    /// Who decides that.
    pub mode: FailoverMode,
    /// For `automatic`.
    pub automatic: AutomaticFailover,
}

choices! {
    /// Who decides that another node takes over.
    FailoverMode {
        /// A person.
        Manual = "manual",
        /// The other nodes.
        Automatic = "automatic",
    }
}

/// When the other nodes decide.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutomaticFailover {
    /// How long the node has been away.
    pub timeout: Duration,
    /// How long it has to object.
    pub grace_period: Duration,
}

impl Failover {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let enabled = section.value("enabled", false);
        let mode = section.value("mode", FailoverMode::Manual);
        let (seconds, when) = (Duration::from_secs, section.section("automatic"));
        let automatic = AutomaticFailover {
            timeout: when.within("timeout", seconds(300), seconds(1)..=seconds(86_400)),
            grace_period: when.within("grace_period", seconds(30), seconds(0)..=seconds(3600)),
        };
        Self { enabled, mode, automatic }
    }
}
