//! Two servers, each with its daemon, that are no group yet: commands make them one.

use std::error::Error;

use steep_ipc::{Init, NodeAdd, Plan, Request, Response, TableAdd};
use steep_testkit::{Major, PgCluster, PgClusterBuilder, Port};

use super::support::{Daemon, Outcome};

/// The database that replicates.
pub(crate) const DATABASE: &str = "postgres";

pub(crate) struct Couple {
    // First, so that they end before their servers do.
    pub(crate) a: Daemon,
    pub(crate) b: Daemon,
    clusters: Vec<PgCluster>,
    /// Of the daemons, also while they do not run.
    ports: [Port; 2],
}

impl Couple {
    /// With something special about the servers, and more of the daemons' configuration.
    pub(crate) fn start(
        major: Major,
        special: impl Fn(PgClusterBuilder) -> PgClusterBuilder,
        more: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let builders = ["a", "b"].map(|name| {
            let builder = PgCluster::builder(major).name(name).with_extension();
            special(builder.setting("steep_repl.heartbeat_interval", "200ms"))
        });
        let clusters = PgClusterBuilder::start_all(&builders)?;
        for cluster in &clusters {
            // Sessions that are cut off, and whatever they were doing.
            cluster.expect_log("");
        }
        let ports = [Port::free()?, Port::free()?];
        let [a, b] = [0, 1].map(|place| {
            let cluster = &clusters[place];
            let text = format!(
                "  grpc: {{listen: \"127.0.0.1:{}\", tls: {{mode: \"off\"}}}}\n  topology:\n    \
                 this_node: {{name: {}, host: 127.0.0.1}}\n{more}",
                ports[place].number(),
                cluster.name(),
            );
            let mut daemon = Daemon::of(cluster, &text)?;
            daemon.run()?;
            Ok::<_, Box<dyn Error>>(daemon)
        });
        Ok(Self { a: a?, b: b?, clusters, ports })
    }

    pub(crate) fn cluster(&self, name: &str) -> &PgCluster {
        self.clusters.iter().find(|cluster| cluster.name() == name).expect("one of the two")
    }

    pub(crate) fn on(&self, node: &str, sql: &str) -> Outcome {
        Ok(self.cluster(node).execute(DATABASE, sql)?)
    }

    /// Makes `a` the first node, with all its tables.
    pub(crate) fn init(&self) -> Outcome {
        let init = Init { include: Vec::new(), exclude: Vec::new(), dry_run: false };
        let plan = plan(&self.a, &Request::Init(init))?;
        if plan.done { Ok(()) } else { Err(format!("{plan:?}").into()) }
    }

    /// Lets `b` join, as `a` is told to.
    pub(crate) fn join(&self) -> Outcome {
        let plan = self.add_b(false)?;
        if plan.done { Ok(()) } else { Err(format!("{plan:?}").into()) }
    }

    /// What is, or would be, done to let `b` join.
    pub(crate) fn add_b(&self, dry_run: bool) -> Result<Plan, Box<dyn Error>> {
        let add = NodeAdd { address: self.address_of_b(), jobs: Some(1), dry_run };
        plan(&self.a, &Request::NodeAdd(add))
    }

    /// Of its daemon.
    pub(crate) fn address_of_a(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0].number())
    }

    /// Of its daemon.
    pub(crate) fn address_of_b(&self) -> String {
        format!("127.0.0.1:{}", self.ports[1].number())
    }

    /// Ends the daemons, then the servers.
    pub(crate) fn finish(self) {
        let Self { a, b, clusters, ports: _ports } = self;
        drop((a, b));
        PgCluster::finish_all(clusters);
    }
}

pub(crate) fn plan(daemon: &Daemon, request: &Request) -> Result<Plan, Box<dyn Error>> {
    match daemon.ask(request)? {
        Response::Plan(plan) => Ok(plan),
        other => Err(format!("{other:?} is no plan").into()),
    }
}

/// Tables are to replicate, in the way that is the default.
pub(crate) fn add(tables: &[&str]) -> Request {
    let tables = tables.iter().map(|&table| table.to_owned()).collect();
    let (strategy, detection, node_order) = (None, None, None);
    Request::TableAdd(TableAdd { tables, strategy, detection, node_order, dry_run: false })
}

/// A table is not to replicate any more.
pub(crate) fn remove(table: &str) -> Request {
    Request::TableRemove { tables: vec![table.to_owned()] }
}
