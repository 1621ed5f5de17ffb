//! Two nodes that replicate with each other, each with its daemon.

use std::error::Error;
use std::time::Duration;

use steep_testkit::wait;
use steep_testkit::{Major, Mesh, PgCluster, Port};

use super::support::{Daemon, Outcome};

/// Time from one question to the daemon of the other node to the next.
pub(crate) const PEER_INTERVAL: Duration = Duration::from_secs(1);
/// So many questions without an answer make a daemon missing.
pub(crate) const PEER_THRESHOLD: u32 = 2;

/// Nodes `a` and `b`, set up by SQL, with a table `t (id, v)` whose conflicts wait for a person.
pub(crate) struct Pair {
    // First, so that they end before their servers do.
    pub(crate) a: Daemon,
    pub(crate) b: Daemon,
    pub(crate) mesh: Mesh,
    /// Of the daemons, also while they do not run.
    _ports: [Port; 2],
}

impl Pair {
    /// With daemons that speak without certificates, as loopback allows.
    pub(crate) fn start(major: Major) -> Result<Self, Box<dyn Error>> {
        Self::start_with(major, |_| "mode: \"off\"".to_owned(), |_, _| Ok(()))
    }

    /// With this configuration of `grpc.tls` for each node, and something to be done before the
    /// daemon of a node starts.
    pub(crate) fn start_with(
        major: Major,
        tls: impl Fn(&str) -> String,
        before: impl Fn(&str, &Daemon) -> Outcome,
    ) -> Result<Self, Box<dyn Error>> {
        let mesh = Mesh::builder(major)
            .nodes(2)
            .with_extension()
            .setting("steep_repl.heartbeat_interval", "200ms")
            .setting("wal_writer_delay", "10ms")
            .start()?;
        let ports = [Port::free()?, Port::free()?];
        for node in mesh.nodes() {
            set_up(node, &mesh, &ports)?;
        }
        for (from, to) in [("a", "b"), ("b", "a")] {
            subscribe(&mesh, from, to)?;
        }
        for (from, to) in [("a", "b"), ("b", "a")] {
            let name = format!("steep_repl_{from}");
            wait::subscription_ready(mesh.node(to), "postgres", &name, wait::DEADLINE)?;
        }
        for node in mesh.nodes() {
            node.execute("postgres", "create table t (id int primary key, v text)")?;
            node.execute("postgres", "select steep_repl.add_table('t', 'manual')")?;
        }
        let [a, b] = [("a", &ports[0]), ("b", &ports[1])].map(|(name, port)| {
            let text = configuration(name, port.number(), &tls(name));
            let mut daemon = Daemon::of(mesh.node(name), &text)?;
            before(name, &daemon)?;
            daemon.run()?;
            Ok::<_, Box<dyn Error>>(daemon)
        });
        Ok(Self { a: a?, b: b?, mesh, _ports: ports })
    }

    pub(crate) fn on(&self, node: &str, sql: &str) -> Outcome {
        Ok(self.mesh.node(node).execute("postgres", sql)?)
    }

    /// Waits until a query on a node returns `t`.
    pub(crate) fn holds(&self, node: &str, sql: &str) -> Outcome {
        Ok(wait::query_returns(self.mesh.node(node), "postgres", sql, "t", wait::DEADLINE)?)
    }

    /// Two writes of a row that neither node has seen of the other: a conflict that waits.
    pub(crate) fn fight(&self, id: i32) -> Outcome {
        self.on("a", &format!("insert into t values ({id}, 'first')"))?;
        self.holds("b", &format!("select count(*) = 1 from t where id = {id}"))?;
        for (from, to) in [("a", "b"), ("b", "a")] {
            self.on(to, &format!("alter subscription steep_repl_{from} disable"))?;
        }
        for node in ["a", "b"] {
            self.on(node, &format!("update t set v = 'of {node}' where id = {id}"))?;
        }
        for (from, to) in [("a", "b"), ("b", "a")] {
            self.on(to, &format!("alter subscription steep_repl_{from} enable"))?;
        }
        let waits = format!(
            "select count(*) > 0 from steep_repl.conflict_log \
             where resolution = 'PENDING' and row_key = '{{\"id\": {id}}}'"
        );
        self.holds("a", &waits)?;
        self.holds("b", &waits)
    }

    /// Ends the daemons, then the servers, whose logs are then checked.
    pub(crate) fn finish(self) {
        let Self { a, b, mesh, _ports } = self;
        drop((a, b));
        mesh.finish();
    }
}

fn configuration(name: &str, port: u16, tls: &str) -> String {
    format!(
        "  grpc: {{listen: \"127.0.0.1:{port}\", tls: {{{tls}}}}}\n  topology:\n    \
         this_node: {{name: {name}, host: 127.0.0.1}}\n    \
         health_check: {{interval: {}ms, timeout: 5s, unhealthy_threshold: {PEER_THRESHOLD}}}\n",
        PEER_INTERVAL.as_millis()
    )
}

fn set_up(node: &PgCluster, mesh: &Mesh, ports: &[Port; 2]) -> Outcome {
    node.execute("postgres", "create extension steep_repl")?;
    for (other, grpc) in mesh.nodes().into_iter().zip(ports) {
        let (id, port, grpc) = (other.name(), other.port(), grpc.number());
        node.execute(
            "postgres",
            &format!(
                "select steep_repl.register_node('{id}', 'node {id}', '127.0.0.1', {port}, 50);
                 update steep_repl.nodes set grpc_host = '127.0.0.1', grpc_port = {grpc}, status = 'online'
                 where node_id = '{id}'"
            ),
        )?;
    }
    Ok(node.execute("postgres", &format!("select steep_repl.set_node_id('{}')", node.name()))?)
}

fn subscribe(mesh: &Mesh, from: &str, to: &str) -> Outcome {
    let conninfo = mesh.conninfo(from, to, "postgres").replace('\'', "''");
    let node = mesh.node(to);
    node.execute(
        "postgres",
        &format!(
            "create subscription steep_repl_{from} connection '{conninfo}' publication steep_repl \
             with (slot_name = 'steep_repl_{to}', origin = none, copy_data = false, \
                   streaming = off, two_phase = false)"
        ),
    )?;
    let add = format!("select steep_repl.add_peer('{from}', 'steep_repl_{from}')");
    Ok(node.execute("postgres", &add)?)
}
