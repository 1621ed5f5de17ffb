//! Databases that become nodes; their daemons are the members themselves.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;

use steep_ipc::{Failure, FailureClass, Plan};
use steep_node::PeerTls;
use steep_node::error::NodeError;
use steep_node::group::{Init, Policy};
use steep_node::join::{Address, Answer, Join, Meter, Peers, Programs};
use steep_node::member::{Endpoint, Member};
use steep_pg::{Secret, Server, Settings};
use steep_proto::{
    CompleteJoinRequest, NodeDescription, PrepareJoinRequest, PrepareJoinResponse, RangeRequest,
    RangeResponse, TellRangesRequest, TellRangesResponse,
};
use steep_testkit::{Major, PgCluster, PgClusterBuilder};
use tokio_util::sync::CancellationToken;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The database that replicates.
pub(crate) const DATABASE: &str = "app";

#[derive(Debug)]
struct LastWriteWins;

impl Policy for LastWriteWins {
    fn of(&self, _table: &str) -> (String, Option<Vec<String>>) {
        ("last_write_wins".to_owned(), None)
    }
}

/// Clusters named `a`, `b`, `c`…, each with an empty database.
pub(crate) struct Group {
    runtime: tokio::runtime::Runtime,
    clusters: Vec<PgCluster>,
    /// Daemons that do not answer.
    pub(crate) silent: Mutex<Vec<String>>,
    /// What nodes ask of the servers of the others, where that is something special.
    pub(crate) peer_tls: BTreeMap<String, PeerTls>,
}

impl Group {
    pub(crate) fn start(majors: &[Major]) -> Outcome<Self> {
        Self::start_with(majors, |builder| builder)
    }

    /// As [`start`](Self::start), with something special about the clusters.
    pub(crate) fn start_with(
        majors: &[Major],
        special: impl Fn(PgClusterBuilder) -> PgClusterBuilder,
    ) -> Outcome<Self> {
        let builders: Vec<_> = ('a'..='z')
            .zip(majors)
            .map(|(name, major)| PgCluster::builder(*major).name(name).with_extension())
            .map(special)
            .collect();
        let clusters = PgClusterBuilder::start_all(&builders)?;
        for cluster in &clusters {
            cluster.create_database(DATABASE)?;
            // Workers that come a moment before the other side is ready.
            cluster.expect_peer_loss();
            // The load's, and an apply worker's.
            cluster.expect_error("deadlock detected");
            // A session was faster by a moment: the worker tries again.
            cluster.expect_error("conflict=insert_exists");
            cluster.expect_error("duplicate key value violates unique constraint");
            // A table is opened that is in use: it is tried again.
            cluster.expect_error("canceling statement due to lock timeout");
        }
        Ok(Self {
            runtime: tokio::runtime::Runtime::new()?,
            clusters,
            silent: Mutex::default(),
            peer_tls: BTreeMap::new(),
        })
    }

    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    pub(crate) fn cluster(&self, name: &str) -> &PgCluster {
        self.clusters.iter().find(|cluster| cluster.name() == name).expect("a node of the group")
    }

    pub(crate) fn execute(&self, node: &str, sql: &str) -> Outcome {
        Ok(self.cluster(node).execute(DATABASE, sql)?)
    }

    pub(crate) fn value(&self, node: &str, sql: &str) -> Outcome<String> {
        Ok(self.cluster(node).value(DATABASE, sql)?)
    }

    pub(crate) fn member(&self, name: &str) -> Member {
        let cluster = self.cluster(name);
        let conninfo = cluster.conninfo(DATABASE);
        let password = conninfo.split(' ').find_map(|part| part.strip_prefix("password="));
        let mut settings = Settings::new("127.0.0.1", cluster.port(), DATABASE, "postgres");
        settings.secret = password.map(Secret::new);
        let endpoint = Endpoint {
            node: name.to_owned(),
            priority: 50,
            postgres_host: "127.0.0.1".to_owned(),
            postgres_port: cluster.port(),
            grpc_host: name.to_owned(),
            grpc_port: 1,
            sslmode: "disable".to_owned(),
        };
        let peer_tls = self.peer_tls.get(name).cloned().unwrap_or_default();
        Member::new(Server::new(settings).expect("settings without files"), endpoint)
            .with_peer_tls(peer_tls)
    }

    pub(crate) fn init(&self, node: &str) -> Outcome<Plan> {
        let own = self.member(node);
        let init = Init { own: &own, include: &[], exclude: &[], policy: &LastWriteWins };
        Ok(self.runtime.block_on(init.run())?)
    }

    pub(crate) fn join(&self, node: &str, source: &str) -> Outcome<Plan> {
        self.join_until(node, source, &CancellationToken::new())
    }

    pub(crate) fn join_until(
        &self,
        node: &str,
        source: &str,
        cancel: &CancellationToken,
    ) -> Outcome<Plan> {
        let own = self.member(node);
        let meter = Meter::new().0;
        Ok(self.runtime.block_on(self.attempt(&own, source, meter).run(cancel))?)
    }

    /// Joins until a step begins, then does something, and goes on. `None`: the daemon dies there.
    pub(crate) fn join_with(
        &self,
        node: &str,
        source: &str,
        step: u32,
        then: Option<&dyn Fn(&CancellationToken)>,
    ) -> Outcome<Option<Plan>> {
        let own = self.member(node);
        let (meter, mut progress) = Meter::new();
        let cancel = CancellationToken::new();
        let attempt = self.attempt(&own, source, meter);
        self.runtime.block_on(async {
            let run = attempt.run(&cancel);
            tokio::pin!(run);
            let reached = async {
                progress.wait_for(|progress| progress.step_number >= step).await.map(drop)
            };
            tokio::select! {
                done = &mut run => return Ok(Some(done?)),
                _ = reached => {}
            }
            let Some(then) = then else { return Ok(None) };
            tokio::task::block_in_place(|| then(&cancel));
            Ok(Some(run.await?))
        })
    }

    /// Both begin at the same moment.
    pub(crate) fn join_both(&self, nodes: [&str; 2], source: &str) -> Outcome<[Plan; 2]> {
        let members = nodes.map(|node| self.member(node));
        let [one, other] = members.each_ref().map(|own| self.attempt(own, source, Meter::new().0));
        let cancel = CancellationToken::new();
        let (one, other) =
            self.runtime.block_on(async { tokio::join!(one.run(&cancel), other.run(&cancel)) });
        Ok([one?, other?])
    }

    /// Both ask a member to prepare, at the same moment. Returns the attempts' names and answers.
    pub(crate) fn prepare_both(
        &self,
        nodes: [&str; 2],
        at: &str,
        round: usize,
    ) -> Outcome<[(String, PrepareJoinResponse); 2]> {
        let at = self.member(at);
        self.runtime.block_on(async {
            let members = at.describe().await?.members;
            let request = async |node: &str| {
                let joiner = self.member(node).describe().await?;
                Ok::<_, NodeError>(PrepareJoinRequest {
                    join_id: format!("{node}{round}"),
                    joiner: Some(NodeDescription { members: members.clone(), ..joiner }),
                    is_source: true,
                })
            };
            let (one, other) = (request(nodes[0]).await?, request(nodes[1]).await?);
            let (first, second) = tokio::join!(at.prepare(&one), at.prepare(&other));
            Ok([(one.join_id, first?), (other.join_id, second?)])
        })
    }

    /// Asks a member to prepare, as a node does that knows all members.
    pub(crate) fn prepare_at(&self, at: &str, node: &str, join_id: &str) -> Outcome {
        let (at, joiner) = (self.member(at), self.member(node));
        self.runtime.block_on(async {
            let members = at.describe().await?.members;
            let joiner = NodeDescription { members, ..joiner.describe().await? };
            let join_id = join_id.to_owned();
            let request = PrepareJoinRequest { join_id, joiner: Some(joiner), is_source: false };
            at.prepare(&request).await?;
            Ok(())
        })
    }

    pub(crate) fn leave(&self, node: &str, force: bool) -> Outcome {
        self.runtime.block_on(self.member(node).leave(force))?;
        Ok(())
    }

    pub(crate) fn forget(&self, at: &str, node: &str) -> Outcome {
        self.runtime.block_on(self.member(at).forget(node, None))?;
        Ok(())
    }

    pub(crate) fn abort_at(&self, at: &str, node: &str, join_id: &str) -> Outcome {
        self.runtime.block_on(self.member(at).forget(node, Some(join_id)))?;
        Ok(())
    }

    pub(crate) fn recover(&self, node: &str, source: &str) -> Outcome<bool> {
        let own = self.member(node);
        let meter = Meter::new().0;
        Ok(self.runtime.block_on(self.attempt(&own, source, meter).recover())?)
    }

    fn attempt<'a>(&'a self, own: &'a Member, source: &str, meter: Meter) -> Join<'a> {
        let cluster = self.cluster(&own.endpoint().node);
        Join {
            own,
            peers: self,
            programs: Programs::new(cluster.server().bin("psql").parent().map(Into::into)),
            source: address(source),
            jobs: 2,
            scratch: std::env::temp_dir(),
            meter,
        }
    }

    fn reach(&self, at: &Address) -> Result<Member, NodeError> {
        let is_silent = self.silent.lock().expect("no test panics with it").contains(&at.host);
        if is_silent {
            let failure = Failure {
                class: FailureClass::Peer,
                message: "no answer".to_owned(),
                hint: None,
                summary: None,
            };
            return Err(NodeError::Peer { node: at.host.clone(), failure });
        }
        Ok(self.member(&at.host))
    }

    /// What is left of attempts, or of nodes that are gone: slots, subscriptions, origins, roles.
    pub(crate) fn leftovers(&self, node: &str) -> Outcome<BTreeMap<String, String>> {
        let mut left = BTreeMap::new();
        for (what, sql) in [
            (
                "slots",
                "select coalesce(string_agg(slot_name, ' ' order by 1), '') from pg_replication_slots",
            ),
            (
                "subscriptions",
                "select coalesce(string_agg(subname, ' ' order by 1), '') from pg_subscription",
            ),
            (
                "tables",
                "select coalesce(string_agg(relname, ' ' order by relname), '') from pg_class where relnamespace = 'public'::regnamespace",
            ),
            (
                "extension",
                "select coalesce(string_agg(extname, ' '), '') from pg_extension where extname = 'steep_repl'",
            ),
            (
                "origins",
                "select coalesce(string_agg(roname, ' ' order by 1), '') from pg_replication_origin where roname !~ '^pg_'",
            ),
            (
                "roles",
                "select coalesce(string_agg(rolname, ' ' order by 1), '') from pg_roles where rolname ~ '^steep_repl_' and rolcanlogin",
            ),
        ] {
            let found = self.value(node, sql)?;
            if !found.is_empty() {
                left.insert(what.to_owned(), found);
            }
        }
        Ok(left)
    }

    pub(crate) fn finish(self) {
        PgCluster::finish_all(self.clusters);
    }
}

fn address(node: &str) -> Address {
    Address { host: node.to_owned(), port: 1 }
}

impl Peers for Group {
    fn describe<'a>(&'a self, at: &'a Address) -> Answer<'a, NodeDescription> {
        Box::pin(async { self.reach(at)?.describe().await })
    }

    fn prepare<'a>(
        &'a self,
        at: &'a Address,
        request: PrepareJoinRequest,
    ) -> Answer<'a, PrepareJoinResponse> {
        Box::pin(async move { self.reach(at)?.prepare(&request).await })
    }

    fn complete<'a>(&'a self, at: &'a Address, request: CompleteJoinRequest) -> Answer<'a, ()> {
        Box::pin(async move { self.reach(at)?.complete(&request).await })
    }

    fn abort<'a>(&'a self, at: &'a Address, join_id: &'a str, node: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.reach(at)?.forget(node, Some(join_id)).await.map(drop) })
    }

    fn allocate_range<'a>(
        &'a self,
        at: &'a Address,
        request: RangeRequest,
    ) -> Answer<'a, RangeResponse> {
        Box::pin(async move { self.reach(at)?.grant_range(&request.node_id, &request).await })
    }

    fn tell_ranges<'a>(
        &'a self,
        at: &'a Address,
        request: TellRangesRequest,
    ) -> Answer<'a, TellRangesResponse> {
        Box::pin(async move { self.reach(at)?.tell_ranges(&request.node_id, &request).await })
    }
}
