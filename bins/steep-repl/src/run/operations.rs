//! Commands that change the group, and what this daemon lacks to carry them out.

use std::path::PathBuf;

use steep_config::{Config, PostgresTlsMode};
use steep_ipc::{Failure, Init, JobStatus, NodeAdd, NodeRemove, Plan, TableAdd, TableEntry};
use steep_node::grpc::Security;
use steep_node::join::Programs;
use steep_node::member::{Endpoint, Member};
use steep_node::operations::{ConfiguredPolicy, GroupOperations, GrpcPeers, Parts};
use steep_node::serve::{Context, Operations};
use steep_node::tables::Pattern;
use steep_pg::Server;

use crate::error::Error;

/// Commands that change the group.
#[derive(Debug, Clone)]
pub(super) enum Group {
    /// They are carried out.
    Ready(GroupOperations),
    /// The configuration does not say what this node is called: it can only be watched.
    Nameless,
}

impl Group {
    /// What the configuration makes of it.
    pub(super) fn new(
        config: &Config,
        server: &Server,
        security: Option<Security>,
    ) -> Result<Self, Error> {
        let Some(node) = config.topology.this_node.name.as_ref() else {
            return Ok(Self::Nameless);
        };
        let patterns = |texts: &[String]| -> Result<Vec<Pattern>, Error> {
            texts.iter().map(|text| text.parse().map_err(Error::Pattern)).collect()
        };
        Ok(Self::Ready(GroupOperations::new(Parts {
            member: Member::new(server.clone(), endpoint(config, node.as_str())),
            peers: GrpcPeers::new(security, node.as_str()),
            programs: Programs::new(config.postgres.bin_dir.clone()),
            scratch: PathBuf::clone(&config.data_dir),
            policy: ConfiguredPolicy::new(&config.conflicts),
            include: patterns(&config.tables.include)?,
            exclude: patterns(&config.tables.exclude)?,
        })))
    }

    fn ready(&self) -> Result<&GroupOperations, Failure> {
        match self {
            Self::Ready(operations) => Ok(operations),
            Self::Nameless => Err(Failure::operator("this node has no name")
                .with_hint("set replication.topology.this_node.name and restart the daemon")),
        }
    }
}

/// How the others reach this node.
fn endpoint(config: &Config, node: &str) -> Endpoint {
    let (this, postgres) = (&config.topology.this_node, &config.postgres);
    // A socket leads nowhere from another machine.
    let local = if postgres.host.starts_with('/') { "localhost" } else { &postgres.host };
    let host = this.host.clone().unwrap_or_else(|| local.to_owned());
    Endpoint {
        node: node.to_owned(),
        priority: this.priority.get(),
        grpc_host: this.grpc_host.clone().unwrap_or_else(|| host.clone()),
        grpc_port: this.grpc_port.unwrap_or_else(|| config.grpc.listen.port()),
        postgres_host: host,
        postgres_port: this.port.unwrap_or(postgres.port),
        // Others have no file with this server's authority; what they get is encryption.
        sslmode: match postgres.tls.mode {
            PostgresTlsMode::Disable | PostgresTlsMode::Prefer => "prefer",
            _ => "require",
        }
        .to_owned(),
    }
}

impl Operations for Group {
    async fn init(&self, request: Init, context: Context) -> Result<Plan, Failure> {
        Operations::init(self.ready()?, request, context).await
    }

    async fn node_add(&self, request: NodeAdd, context: Context) -> Result<Plan, Failure> {
        Operations::node_add(self.ready()?, request, context).await
    }

    async fn node_remove(&self, request: NodeRemove, context: Context) -> Result<Plan, Failure> {
        Operations::node_remove(self.ready()?, request, context).await
    }

    async fn table_add(&self, request: TableAdd, context: Context) -> Result<Plan, Failure> {
        Operations::table_add(self.ready()?, request, context).await
    }

    async fn table_remove(&self, tables: Vec<String>, context: Context) -> Result<Plan, Failure> {
        Operations::table_remove(self.ready()?, tables, context).await
    }

    async fn table_list(&self) -> Result<Vec<TableEntry>, Failure> {
        Operations::table_list(self.ready()?).await
    }

    async fn job(&self) -> Result<Option<JobStatus>, Failure> {
        match self {
            Self::Ready(operations) => Operations::job(operations).await,
            Self::Nameless => Ok(None),
        }
    }

    async fn job_cancel(&self, context: Context) -> Result<String, Failure> {
        Operations::job_cancel(self.ready()?, context).await
    }

    async fn pause(&self, context: Context) -> Result<String, Failure> {
        Operations::pause(self.ready()?, context).await
    }

    async fn resume(&self, context: Context) -> Result<String, Failure> {
        Operations::resume(self.ready()?, context).await
    }
}
