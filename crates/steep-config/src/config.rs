use crate::reader::Section;
use crate::sections::*;
use std::path::{Path, PathBuf};

/// The whole configuration: everything below the key `replication`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The way to this node's database.
    pub postgres: Postgres,
    /// This node among the others.
    pub topology: Topology,
    /// What peers talk to.
    pub grpc: Grpc,
    /// Health and metrics.
    pub http: Http,
    /// What the command line talks to.
    pub ipc: Ipc,
    /// What is logged, and how.
    pub log: Log,
    /// Which tables are replicated.
    pub tables: Tables,
    /// How conflicts are resolved.
    pub conflicts: Conflicts,
    /// What the daemon watches.
    pub watch: Watch,
    /// Where the daemon keeps its lock file.
    pub data_dir: PathBuf,
    /// Ranges of generated keys.
    pub identity_ranges: IdentityRanges,
    /// Which statements change the schema on all nodes.
    pub ddl: Ddl,
    /// Who may do what.
    pub rbac: Rbac,
    /// Who is told what.
    pub notifications: Notifications,
    /// Comparisons of the nodes' data.
    pub validation: Validation,
    /// What happens when a node is away.
    pub failover: Failover,
    /// The network between the nodes.
    pub networking: Networking,
    /// Users and passwords of nodes, by node name.
    pub credentials: Credentials,
}

impl Config {
    pub(crate) fn read(root: &Section<'_>, data_folder: &Path) -> Self {
        let all = root.section("replication");
        Self {
            postgres: Postgres::read(&all.section("postgres")),
            topology: Topology::read(&all.section("topology")),
            grpc: Grpc::read(&all.section("grpc")),
            http: Http::read(&all.section("http")),
            ipc: Ipc::read(&all.section("ipc")),
            log: Log::read(&all.section("log")),
            tables: Tables::read(&all.section("tables")),
            conflicts: Conflicts::read(&all.section("conflicts")),
            watch: Watch::read(&all.section("watch")),
            data_dir: all.value("data_dir", data_folder.to_path_buf()),
            identity_ranges: IdentityRanges::read(&all.section("identity_ranges")),
            ddl: Ddl::read(&all.section("ddl")),
            rbac: Rbac::read(&all.section("rbac")),
            notifications: Notifications::read(&all.section("notifications")),
            validation: Validation::read(&all.section("validation")),
            failover: Failover::read(&all.section("failover")),
            networking: Networking::read(&all.section("networking")),
            credentials: read_credentials(&all),
        }
    }
}

impl Default for Config {
    /// The configuration when nobody sets anything, and without a home directory.
    fn default() -> Self {
        crate::load::defaults()
    }
}
