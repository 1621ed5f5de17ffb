//! What a node does for the others of its group: it describes itself, prepares for one that joins,
//! subscribes to one that has joined, and forgets one that leaves.
//!
//! Each step may be repeated: whoever asked may have died before it heard the answer.

mod attempts;
mod closed;
mod complete;
mod describe;
mod forget;
mod leave;
mod password;
mod prepare;
mod way;

pub(crate) use self::attempts::TO_FORGET;
pub(crate) use self::complete::{DISCREET, subscribe};
pub(crate) use self::forget::drop_link;
pub(crate) use self::prepare::GIVEN_UP;
pub(crate) use self::way::Way;

use steep_pg::{Connection, Server};

use crate::error::{NodeError, While};
use crate::peer_tls::PeerTls;
use crate::ranges::RangePolicy;
use crate::routes::Routes;

/// This node, as it serves the others.
#[derive(Debug, Clone)]
pub struct Member {
    server: Server,
    endpoint: Endpoint,
    routes: Routes,
    peer_tls: PeerTls,
    range_policy: RangePolicy,
}

/// How the others reach this node, and what it wants to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Node id: the name in the configuration and in the certificate.
    pub node: String,
    /// Priority.
    pub priority: i32,
    /// Host of its PostgreSQL, as the others see it.
    pub postgres_host: String,
    /// TCP port of its PostgreSQL, as the others see it.
    pub postgres_port: u16,
    /// Host of its daemon, as the others see it.
    pub grpc_host: String,
    /// TCP port of its daemon, as the others see it.
    pub grpc_port: u16,
    /// `sslmode` that the others' connections to its PostgreSQL use.
    pub sslmode: String,
}

impl Member {
    /// A member whose PostgreSQL is `server`; the role has to be a superuser.
    #[must_use]
    pub fn new(server: Server, endpoint: Endpoint) -> Self {
        Self {
            server,
            endpoint,
            routes: Routes::default(),
            peer_tls: PeerTls::default(),
            range_policy: RangePolicy::default(),
        }
    }

    /// The same member, with this policy for identity ranges.
    #[must_use]
    pub fn with_range_policy(self, range_policy: RangePolicy) -> Self {
        Self { range_policy, ..self }
    }

    /// Which tables get identity ranges, of which size.
    pub(crate) fn range_policy(&self) -> &RangePolicy {
        &self.range_policy
    }

    /// The same member, which reaches some of the others by ways of its own.
    #[must_use]
    pub fn with_routes(self, routes: Routes) -> Self {
        Self { routes, ..self }
    }

    /// The same member, which asks this of the PostgreSQL of the others.
    #[must_use]
    pub fn with_peer_tls(self, peer_tls: PeerTls) -> Self {
        Self { peer_tls, ..self }
    }

    /// Its ways to the others.
    pub(crate) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// What it asks of the PostgreSQL of the others.
    pub(crate) fn peer_tls(&self) -> &PeerTls {
        &self.peer_tls
    }

    /// How the others reach this node.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// This node's PostgreSQL.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Writes this node itself down in its own list of nodes.
    pub(crate) async fn announce(
        &self,
        client: &Connection,
        status: &str,
    ) -> Result<(), NodeError> {
        let own = &self.endpoint;
        client
            .execute(
                "select steep_repl.announce_node($1, $1, $2, $3, $4, $5, $6, $7)",
                &[
                    &own.node,
                    &own.postgres_host,
                    &i32::from(own.postgres_port),
                    &own.priority,
                    &own.grpc_host,
                    &i32::from(own.grpc_port),
                    &status,
                ],
            )
            .await
            .while_doing("writing this node down")?;
        Ok(())
    }

    pub(crate) async fn connect(&self) -> Result<Connection, NodeError> {
        self.server.connect().await.while_doing(format!("node {}", self.endpoint.node))
    }
}

/// Begins a transaction that runs beside no other change of who belongs to the group: two nodes that
/// ask at the same moment must not both be told that nobody else joins, and two grants on one
/// database collide.
async fn begin_alone(client: &Connection) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("begin; lock table steep_repl.joins in share row exclusive mode").await
}
