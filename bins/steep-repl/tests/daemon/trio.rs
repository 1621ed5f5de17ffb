//! Nodes a and b, each with its daemon, and c, which is to join through links that can be cut.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::Duration;

use steep_ipc::{Init, JobStatus, NodeAdd, NodeState, Plan, Request, Response};
use steep_ipc_tokio::{Client, Endpoint};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Direction, Hold, Major, PgCluster, PgClusterBuilder, Port, Proxy};

use super::load::Load;
use super::support::{Daemon, Outcome, runtime};

/// The database that replicates.
pub(crate) const DATABASE: &str = "postgres";

/// The load writes to the accounts up to this one. The others stay where they are in their table.
pub(crate) const LOADED: u64 = 20_000;

/// A copy of the accounts can be held up in its middle: at account 30000 it needs a lock.
const SCHEMA: &str = "
  create text search configuration words (copy = pg_catalog.simple);
  create function halfway(id int) returns boolean language plpgsql as $$
  begin
    if id = 30000 then perform pg_advisory_xact_lock_shared(1); end if;
    return true;
  end $$;
  create table account (
    id int primary key check (public.halfway(id)), balance bigint not null, note text);
  create table history (id text primary key, account int not null, amount bigint not null);
  insert into account select i, 0, repeat('n', 200) from generate_series(1, 60000) i;";

const TABLES: [&str; 2] = ["account", "history"];

/// How long a node may take to join or to undo it: several of the daemon's looks for unfinished work.
const PATIENCE: Duration = Duration::from_secs(60);

/// How c reaches a member.
pub(crate) struct Link {
    postgres: Proxy,
    grpc: Proxy,
}

impl Link {
    fn start(member: &PgCluster, grpc: u16) -> Result<Self, Box<dyn Error>> {
        Ok(Self { postgres: proxy(member.port())?, grpc: proxy(grpc)? })
    }

    pub(crate) fn cut(&self) {
        self.postgres.cut(Direction::Both);
        self.grpc.cut(Direction::Both);
    }

    pub(crate) fn heal(&self) {
        self.postgres.heal(Direction::Both);
        self.grpc.heal(Direction::Both);
    }

    pub(crate) fn pause(&self) {
        self.postgres.pause(Direction::Both);
        self.grpc.pause(Direction::Both);
    }

    pub(crate) fn resume(&self) {
        self.postgres.resume(Direction::Both);
        self.grpc.resume(Direction::Both);
    }
}

pub(crate) struct Trio {
    // First, so that they end before their servers do, and those before the links.
    pub(crate) a: Daemon,
    pub(crate) b: Daemon,
    pub(crate) c: Daemon,
    clusters: Vec<PgCluster>,
    pub(crate) to_a: Link,
    pub(crate) to_b: Link,
    /// By which a asks c to join.
    pub(crate) to_c: Proxy,
    /// Of the daemons, also while they do not run.
    _ports: [Port; 3],
}

impl Trio {
    /// Nodes a and b replicate with each other. The database of c is empty.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let builders = ["a", "b", "c"].map(|name| {
            let builder = PgCluster::builder(Major::V18).name(name).with_extension();
            builder
                .setting("steep_repl.heartbeat_interval", "200ms")
                .setting("wal_writer_delay", "10ms")
        });
        let clusters = PgClusterBuilder::start_all(&builders)?;
        for cluster in &clusters {
            // Sessions that are cut off, and whatever they were doing.
            cluster.expect_log("");
        }
        let kept = [Port::free()?, Port::free()?, Port::free()?];
        let ports = kept.each_ref().map(Port::number);
        let to_a = Link::start(&clusters[0], ports[0])?;
        let to_b = Link::start(&clusters[1], ports[1])?;
        let to_c = proxy(ports[2])?;
        let [a, b, c] = [(0, Some(&to_a)), (1, Some(&to_b)), (2, None)].map(|(place, link)| {
            let cluster: &PgCluster = &clusters[place];
            let mut daemon = Daemon::of(cluster, &configuration(cluster, ports[place], link))?;
            daemon.run()?;
            Ok::<_, Box<dyn Error>>(daemon)
        });
        let trio = Self { a: a?, b: b?, c: c?, clusters, to_a, to_b, to_c, _ports: kept };
        trio.cluster("a").execute(DATABASE, SCHEMA)?;
        let init = Init { include: Vec::new(), exclude: Vec::new(), dry_run: false };
        let Response::Plan(plan) = trio.a.ask(&Request::Init(init))? else {
            return Err("no plan".into());
        };
        assert!(plan.done, "{plan:?}");
        let address = format!("127.0.0.1:{}", ports[1]);
        assert!(answer(adding(trio.a.endpoint(), address))?.done);
        // The links are for c; a and b go on when they are cut.
        for (node, other) in [("a", "b"), ("b", "a")] {
            let conninfo = trio.cluster(other).conninfo(DATABASE).replace('\'', "''");
            let sql = format!("alter subscription steep_repl_{other} connection '{conninfo}'");
            trio.cluster(node).execute(DATABASE, &sql)?;
        }
        Ok(trio)
    }

    pub(crate) fn cluster(&self, name: &str) -> &PgCluster {
        self.clusters.iter().find(|cluster| cluster.name() == name).expect("a node of the trio")
    }

    pub(crate) fn load(&self) -> Result<Load, Box<dyn Error>> {
        Load::start(&[self.cluster("a"), self.cluster("b")])
    }

    /// Lets c join; the answer comes when it has, or has not.
    pub(crate) fn adding(&self) -> Adding {
        adding(self.a.endpoint(), self.to_c.address().to_string())
    }

    /// Lets c join, up to the middle of the copy: all that is left to copy is half of one table, over
    /// connections that are there.
    pub(crate) fn adding_until_halfway(&self) -> Result<(Adding, Hold), Box<dyn Error>> {
        let mut hold = Hold::take(self.cluster("c"), DATABASE, "select pg_advisory_lock(1)")?;
        let adding = self.adding();
        hold.waited_for_by(1)?;
        self.until_job_of_c("the copy of the other table", |job| {
            let done = &job.progress;
            job.state == "running" && done.rows > 0 && done.tables_done + 1 == done.tables
        })?;
        Ok((adding, hold))
    }

    /// Waits until the job of c is as wanted.
    pub(crate) fn until_job_of_c(
        &self,
        what: &str,
        wanted: impl Fn(&JobStatus) -> bool,
    ) -> Outcome {
        wait::until(PATIENCE, what, || {
            match self.c.ask(&Request::Job).map_err(Observed::new)? {
                Response::Job(Some(job)) if wanted(&job) => Ok(()),
                other => Err(Observed::new(format!("{other:?}"))),
            }
        })?;
        Ok(())
    }

    /// What the join of c has made on a node and left there.
    pub(crate) fn left(&self, node: &str) -> Result<String, Box<dyn Error>> {
        let sql = match node {
            "a" => OF_MEMBER.replace(":other", "steep_repl_b"),
            "b" => OF_MEMBER.replace(":other", "steep_repl_a"),
            _ => OF_JOINER.to_owned(),
        };
        Ok(self.cluster(node).value(DATABASE, &sql)?)
    }

    /// Waits until nothing of c's join is left anywhere.
    pub(crate) fn is_undone(&self) -> Outcome {
        for node in ["a", "b", "c"] {
            wait::until(PATIENCE, format!("the end of what is left on {node}"), || {
                let left = self.left(node).map_err(Observed::new)?;
                if left.is_empty() { Ok(()) } else { Err(Observed::new(left)) }
            })?;
        }
        Ok(())
    }

    /// Waits until c is a node like the others.
    pub(crate) fn is_joined(&self) -> Outcome {
        wait::until(PATIENCE, "c online", || {
            let status = self.c.status().map_err(Observed::new)?;
            let is_online = status.state == NodeState::Online && status.peers.len() == 2;
            if is_online { Ok(()) } else { Err(Observed::new(format!("{status:?}"))) }
        })?;
        for node in ["a", "b", "c"] {
            let sql = "select not exists (select from steep_repl.joins)
                and not exists (select from steep_repl.own_join)
                and (select count(*) = 3 from steep_repl.nodes where status = 'online')";
            wait::query_returns(self.cluster(node), DATABASE, sql, "t", PATIENCE)?;
        }
        Ok(())
    }

    /// Ends the load. All nodes have the same rows then, and replicate with each other.
    pub(crate) fn finish(self, load: Load) -> Outcome {
        load.goes_on()?;
        load.stop()?;
        let clusters: Vec<_> = self.clusters.iter().collect();
        for node in &clusters {
            let sql = format!("insert into history values ('last of {}', 1, 1)", node.name());
            node.execute(DATABASE, &sql)?;
        }
        for table in TABLES {
            wait::tables_equal(&clusters, DATABASE, table, PATIENCE)?;
        }
        let last = "select count(*) from history where id like 'last of %'";
        assert_eq!(self.cluster("c").value(DATABASE, last)?, "3");
        let Self { a, b, c, clusters, .. } = self;
        drop((a, b, c));
        PgCluster::finish_all(clusters);
        Ok(())
    }
}

/// An answer that is waited for beside the test.
pub(crate) type Adding = JoinHandle<Result<Plan, String>>;

fn adding(a: Endpoint, address: String) -> Adding {
    std::thread::spawn(move || {
        let add = NodeAdd { address, jobs: Some(2), dry_run: false };
        let asked = runtime().map_err(|error| error.to_string())?.block_on(async {
            let mut client = Client::connect(&a, "test").await?;
            Ok::<_, Box<dyn Error>>(client.call(&Request::NodeAdd(add)).await?)
        });
        match asked.map_err(|error| error.to_string())? {
            Response::Plan(plan) => Ok(plan),
            other => Err(format!("{other:?} is no plan")),
        }
    })
}

pub(crate) fn answer(adding: Adding) -> Result<Plan, Box<dyn Error>> {
    Ok(adding.join().map_err(|_| "a panic")??)
}

fn proxy(port: u16) -> Result<Proxy, Box<dyn Error>> {
    Ok(Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?)
}

fn configuration(cluster: &PgCluster, grpc: u16, link: Option<&Link>) -> String {
    let told = link.map_or((cluster.port(), grpc), |link| (link.postgres.port(), link.grpc.port()));
    format!(
        "  grpc: {{listen: \"127.0.0.1:{grpc}\", tls: {{mode: \"off\"}}}}\n  topology:\n    \
         this_node: {{name: {}, host: 127.0.0.1, port: {}, grpc_port: {}}}\n    \
         health_check: {{interval: 1s}}\n",
        cluster.name(),
        told.0,
        told.1
    )
}

/// A position that an apply worker noted a moment too late may stay: it is of an old generation.
const OF_MEMBER: &str = "
  select coalesce(string_agg(l.what, ', '), '') from (
    select 'slot ' || slot_name from pg_replication_slots where slot_name <> ':other'
    union all select 'subscription ' || subname from pg_subscription where subname <> ':other'
    union all select 'role ' || rolname from pg_roles
      where rolcanlogin and rolname ~ '^steep_repl_' and rolname <> ':other'
    union all select 'origin ' || roname from pg_replication_origin
      where roname not in (select 'pg_' || oid from pg_subscription)
    union all select 'attempt ' || join_id from steep_repl.joins
    union all select 'peer ' || node_id from steep_repl.peers where subscription <> ':other') l (what)";

const OF_JOINER: &str = "
  select coalesce(string_agg(l.what, ', '), '') from (
    select 'slot ' || slot_name from pg_replication_slots
    union all select 'subscription ' || subname from pg_subscription
    union all select 'role ' || rolname from pg_roles where rolcanlogin and rolname ~ '^steep_repl_'
    union all select 'origin ' || roname from pg_replication_origin
    union all select 'relation ' || relname from pg_class where relnamespace = 'public'::regnamespace
    union all select 'function ' || proname from pg_proc where pronamespace = 'public'::regnamespace
    union all select 'configuration ' || cfgname from pg_ts_config
      where cfgnamespace = 'public'::regnamespace
    union all select 'publication ' || pubname from pg_publication
    union all select 'extension ' || extname from pg_extension where extname = 'steep_repl') l (what)";
