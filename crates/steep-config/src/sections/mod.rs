//! One file for each section: its type, its keys, their defaults and bounds.

mod conflicts;
mod credentials;
mod daemon;
mod ddl;
mod failover;
mod grpc;
mod identity_ranges;
mod networking;
mod notifications;
mod postgres;
mod rbac;
mod tables;
mod topology;
mod validation;
mod watch;

pub use conflicts::{Conflicts, TableConflicts};
pub(crate) use credentials::read as read_credentials;
pub use credentials::{Credential, Credentials};
pub use daemon::{Http, Ipc, Log, LogFormat, LogLevel};
pub use ddl::Ddl;
pub use failover::{AutomaticFailover, Failover, FailoverMode};
pub use grpc::{Grpc, GrpcTls, GrpcTlsMode};
pub use identity_ranges::{IdentityRanges, TableRange};
pub use networking::{NetworkProvider, Networking, Tailscale};
pub use notifications::{Channel, Channels, Email, Notifications, PagerDuty, Route, Slack};
pub use postgres::{PeerTls, Postgres, PostgresTls, PostgresTlsMode};
pub use rbac::{Permission, Rbac, Role};
pub use tables::Tables;
pub use topology::{HealthCheck, Node, ThisNode, Topology, TopologyMode};
pub use validation::{Checksum, RowCount, Validation};
pub use watch::Watch;

use crate::reader::Section;
use std::path::PathBuf;

/// `cert_file` and `key_file`, which make sense together only.
fn certificate(section: &Section<'_>) -> (Option<PathBuf>, Option<PathBuf>) {
    let pair = (section.optional("cert_file"), section.optional("key_file"));
    match pair {
        (Some(_), None) => section.reject("cert_file", "cert_file is set without key_file", None),
        (None, Some(_)) => section.reject("key_file", "key_file is set without cert_file", None),
        _ => {}
    }
    pair
}

/// A host name or address; a URL or a port in it would be taken for a name.
fn check_host(section: &Section<'_>, key: &str, host: &str) {
    let path = host.starts_with('/') || host.starts_with('@');
    let colons = host.matches(':').count();
    let wrong = host.contains("://") || host.contains(char::is_whitespace) || colons == 1;
    let wrong = wrong || host.contains(['@', '/', '[', ']']);
    if !path && wrong {
        section.reject(
            key,
            "not the name or address of a host",
            Some("give the host alone; port, user and database have keys of their own"),
        );
    }
}
