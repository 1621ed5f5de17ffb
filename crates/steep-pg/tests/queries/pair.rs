//! Two nodes that replicate with each other.

use std::error::Error;

use steep_pg::{Connection, Secret, Server, Settings};
use steep_testkit::{Major, Mesh, PgCluster, SUPERUSER, wait};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// Nodes `a` and `b`, identified, registered, subscribed to each other, with a table `t (id, v)`.
pub(crate) struct Pair {
    pub(crate) mesh: Mesh,
}

impl Pair {
    pub(crate) fn start(major: Major) -> Result<Self, Box<dyn Error>> {
        let mesh = Mesh::builder(major)
            .nodes(2)
            .with_extension()
            .setting("steep_repl.heartbeat_interval", "200ms")
            .setting("wal_writer_delay", "10ms")
            .start()?;
        let pair = Self { mesh };
        for node in pair.mesh.nodes() {
            node.execute("postgres", "create extension steep_repl")?;
            for other in pair.mesh.nodes() {
                let (id, port) = (other.name(), other.port());
                node.execute(
                    "postgres",
                    &format!("select steep_repl.register_node('{id}', 'node {id}', '127.0.0.1', {port}, 50)"),
                )?;
            }
            node.execute("postgres", &format!("select steep_repl.set_node_id('{}')", node.name()))?;
        }
        for (from, to) in [("a", "b"), ("b", "a")] {
            let conninfo = pair.mesh.conninfo(from, to, "postgres").replace('\'', "''");
            let slot = format!("steep_repl_{to}");
            pair.on(
                to,
                &format!(
                    "create subscription steep_repl_{from} connection '{conninfo}' publication steep_repl \
                     with (slot_name = '{slot}', origin = none, copy_data = false, streaming = off, two_phase = false)"
                ),
            )?;
            pair.on(to, &format!("select steep_repl.add_peer('{from}', 'steep_repl_{from}')"))?;
        }
        for (from, to) in [("a", "b"), ("b", "a")] {
            let name = format!("steep_repl_{from}");
            wait::subscription_ready(pair.mesh.node(to), "postgres", &name, wait::DEADLINE)?;
        }
        for node in ["a", "b"] {
            pair.on(node, "create table t (id int primary key, v text)")?;
            pair.on(node, "select steep_repl.add_table('t', 'manual')")?;
        }
        Ok(pair)
    }

    pub(crate) fn on(&self, node: &str, sql: &str) -> Outcome {
        Ok(blocking(|| self.mesh.node(node).execute("postgres", sql))?)
    }

    pub(crate) async fn connect(&self, node: &str) -> Result<Connection, Box<dyn Error>> {
        Ok(Server::new(settings(self.mesh.node(node)))?.connect().await?)
    }

    /// Two writes of the row that neither node has seen of the other: a conflict that waits.
    pub(crate) fn fight(&self, id: i32) -> Outcome {
        self.on("a", &format!("insert into t values ({id}, 'first')"))?;
        let there = format!("select count(*) from t where id = {id}");
        blocking(|| {
            wait::query_returns(self.mesh.node("b"), "postgres", &there, "1", wait::DEADLINE)
        })?;
        for (from, to) in [("a", "b"), ("b", "a")] {
            self.on(to, &format!("alter subscription steep_repl_{from} disable"))?;
        }
        for node in ["a", "b"] {
            self.on(node, &format!("update t set v = 'of {node}' where id = {id}"))?;
        }
        for (from, to) in [("a", "b"), ("b", "a")] {
            self.on(to, &format!("alter subscription steep_repl_{from} enable"))?;
        }
        let pending = format!(
            "select count(*) > 0 from steep_repl.conflict_log where resolution = 'PENDING' and row_key = '{{\"id\": {id}}}'"
        );
        blocking(|| {
            wait::query_returns(self.mesh.node("a"), "postgres", &pending, "t", wait::DEADLINE)
        })?;
        Ok(())
    }
}

/// The kit's own sessions have a runtime of their own.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    if tokio::runtime::Handle::try_current().is_ok() {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

pub(crate) fn run<F: Future<Output = Outcome>>(test: F) -> Outcome {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(test)
}

pub(crate) fn settings(cluster: &PgCluster) -> Settings {
    let config: tokio_postgres::Config =
        cluster.dsn("postgres").parse().expect("the kit makes a URL");
    let mut settings = Settings::new("127.0.0.1", cluster.port(), "postgres", SUPERUSER);
    let password = config.get_password().unwrap_or_default();
    settings.secret = Some(Secret::new(String::from_utf8_lossy(password)));
    settings
}
