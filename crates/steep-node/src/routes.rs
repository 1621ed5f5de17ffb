//! Ways to other nodes that are not those by which the nodes themselves say they are reached: through a
//! tunnel, a proxy, or a network of one's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use steep_proto::Credentials;

use crate::join::Address;

/// The way to one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Host of its PostgreSQL and of its daemon.
    pub host: String,
    /// TCP port of its PostgreSQL.
    pub postgres_port: u16,
    /// TCP port of its daemon.
    pub grpc_port: u16,
}

/// The ways that were given, by node id. A node without one is reached as it says.
#[derive(Debug, Clone, Default)]
pub struct Routes(Arc<BTreeMap<String, Route>>);

impl FromIterator<(String, Route)> for Routes {
    fn from_iter<I: IntoIterator<Item = (String, Route)>>(routes: I) -> Self {
        Self(Arc::new(routes.into_iter().collect()))
    }
}

impl Routes {
    /// Those of `replication.topology.nodes`.
    #[must_use]
    pub fn of(topology: &steep_config::Topology) -> Self {
        let route = |node: &steep_config::Node| Route {
            host: node.host.clone(),
            postgres_port: node.port,
            grpc_port: node.grpc_port,
        };
        topology.nodes.iter().map(|node| (node.name.to_string(), route(node))).collect()
    }

    /// The way that was given to `node`.
    #[must_use]
    pub fn get(&self, node: &str) -> Option<&Route> {
        self.0.get(node)
    }

    /// Where the daemon of `node` is reached from here; `said` is what the node says.
    #[must_use]
    pub fn daemon(&self, node: &str, said: Address) -> Address {
        match self.0.get(node) {
            Some(route) => Address { host: route.host.clone(), port: route.grpc_port },
            None => said,
        }
    }

    /// How the PostgreSQL of `node` is reached from here; `said` is what the node says.
    #[must_use]
    pub fn postgres(&self, node: &str, said: &Credentials) -> Credentials {
        let mut credentials = said.clone();
        if let Some(route) = self.0.get(node) {
            credentials.host.clone_from(&route.host);
            credentials.port = route.postgres_port.into();
        }
        credentials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_changes_where_and_nothing_else() {
        let route = Route { host: "tunnel".to_owned(), postgres_port: 6001, grpc_port: 6002 };
        let routes: Routes = [("b".to_owned(), route)].into_iter().collect();
        let said = Credentials {
            host: "b.example".to_owned(),
            port: 5432,
            database: "shop".to_owned(),
            role: "r".to_owned(),
            password: "p".to_owned(),
            sslmode: "require".to_owned(),
        };
        let reached = routes.postgres("b", &said);
        let moved = Credentials { host: "tunnel".to_owned(), port: 6001, ..said.clone() };
        assert_eq!(reached, moved);
        assert_eq!(routes.postgres("c", &said), said);
        let address = Address { host: "b.example".to_owned(), port: 5433 };
        assert_eq!(routes.daemon("b", address.clone()).to_string(), "tunnel:6002");
        assert_eq!(routes.daemon("c", address.clone()), address);
    }
}
