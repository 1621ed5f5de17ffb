//! The steps of joining, in their order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use steep_ipc::Plan;
use steep_pg::{Connection, Server};
use steep_proto::{CompleteJoinRequest, NodeDescription, PrepareJoinRequest, PrepareJoinResponse};
use steep_types::Lsn;
use tokio_util::sync::CancellationToken;

use super::checks::{self, Findings};
use super::copy::{self, Copying};
use super::peers::Peers;
use super::plan::plan;
use super::programs::{Programs, SESSIONS};
use super::record::{Record, Step};
use super::schema::Schema;
use super::snapshot::Exported;
use super::subscriptions::{self, Link};
use super::{
    Address, Meter, catch_up, closed, copy_plan, identity, sequences, slots, source, undo, versions,
};
use crate::error::{NodeError, While, refused};
use crate::member::{GIVEN_UP, Member};
use crate::ranges;

const STEPS: u32 = 9;

/// How long other nodes may take to join before this one, which waits for them.
const OTHERS_JOINING: Duration = Duration::from_secs(24 * 3600);
/// Between two looks whether they have.
const AGAIN: Duration = Duration::from_secs(1);

/// A database that joins a group.
pub struct Join<'a> {
    /// This node.
    pub own: &'a Member,
    /// The members' daemons.
    pub peers: &'a dyn Peers,
    /// PostgreSQL's programs.
    pub programs: Programs,
    /// The member whose rows are copied.
    pub source: Address,
    /// Tables copied at a time.
    pub jobs: usize,
    /// Where the schema's dump is kept meanwhile.
    pub scratch: PathBuf,
    /// Where the progress is told.
    pub meter: Meter,
}

impl Join<'_> {
    /// Checks both sides and changes nothing. What the schema needs is looked at in [`Join::run`] only,
    /// which has a way to the source's rows.
    ///
    /// # Errors
    /// When a server or a daemon cannot be asked.
    pub async fn check(&self) -> Result<Plan, NodeError> {
        let own = self.own.describe().await?;
        let source = self.peers.describe(&self.source).await?;
        let findings = self.findings(&own, &source).await?;
        Ok(plan(&own, &source, findings))
    }

    /// Joins. What was begun is undone if it fails, or if `cancel` says so, until the node has its
    /// rows and its subscriptions.
    ///
    /// # Errors
    /// With the first failure; what could not be undone is undone by [`Join::recover`].
    pub async fn run(&self, cancel: &CancellationToken) -> Result<Plan, NodeError> {
        let deadline = tokio::time::Instant::now() + OTHERS_JOINING;
        loop {
            match self.attempt(cancel).await {
                Err(NodeError::Busy { reason }) if tokio::time::Instant::now() < deadline => {
                    tracing::info!(%reason, "another node joins: waiting for it");
                    self.meter.step("waiting for another node that joins", 1, STEPS);
                    // Two that wait for each other must not come back at the same moment.
                    let own = self.own.endpoint().node.bytes().map(u64::from).sum::<u64>();
                    let pause = AGAIN + Duration::from_millis(own * 37 % 1500);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = cancel.cancelled() => return Err(NodeError::Cancelled),
                    }
                }
                other => return other,
            }
        }
    }

    async fn attempt(&self, cancel: &CancellationToken) -> Result<Plan, NodeError> {
        self.meter.step("checking both sides", 1, STEPS);
        let own = self.own.describe().await?;
        let source = self.peers.describe(&self.source).await?;
        let findings = self.findings(&own, &source).await?;
        if !findings.refusals.is_empty() {
            return Ok(plan(&own, &source, findings));
        }
        if let Some(other) = source.members.iter().find(|member| member.status == "joining") {
            return Err(NodeError::Busy { reason: format!("node {} is joining", other.node_id) });
        }
        let record = self.begin(&source).await?;
        let filled = tokio::select! {
            filled = self.fill(&source, &record) => filled,
            () = cancel.cancelled() => Err(NodeError::Cancelled),
        };
        if let Err(error) = filled {
            self.undo(&record).await;
            return Err(error);
        }
        match self.carry_on(&record).await {
            Err(error) if is_given_up(&error) => {
                self.undo(&record).await;
                return Err(error);
            }
            finished => {
                finished.map_err(|error| NodeError::Unfinished { source: Box::new(error) })?;
            }
        }
        let mut plan = plan(&own, &source, findings);
        plan.done = true;
        Ok(plan)
    }

    /// Ends an attempt that this daemon, or the one before it, could not end. Returns whether there
    /// was one.
    ///
    /// # Errors
    /// When a server or a daemon cannot be reached: try again later.
    pub async fn recover(&self) -> Result<bool, NodeError> {
        let client = self.own.connect().await?;
        let Some(record) = Record::load(&client).await? else { return Ok(false) };
        match record.step {
            Step::Filling | Step::Undoing => {
                undo::everything(self.own, self.peers, &record).await?;
            }
            Step::Tied | Step::Open => match self.carry_on(&record).await {
                // Removed before it was a member everywhere: it would be one only for some.
                Err(error) if is_given_up(&error) => {
                    tracing::warn!(error = error.for_log(), "the attempt to join is undone");
                    undo::everything(self.own, self.peers, &record).await?;
                }
                carried_on => carried_on?,
            },
        }
        Ok(true)
    }

    async fn findings(
        &self,
        own: &NodeDescription,
        source: &NodeDescription,
    ) -> Result<Findings, NodeError> {
        let mut findings = Findings::default();
        checks::compare(own, source, &mut findings);
        checks::programs(&self.programs, source, &mut findings).await?;
        let client = self.own.connect().await?;
        checks::own_database(&client, source.members.len(), &mut findings).await?;
        Ok(findings)
    }

    /// The extension, and the record of the attempt: from here on there is something to undo.
    async fn begin(&self, source: &NodeDescription) -> Result<Record, NodeError> {
        let client = self.own.connect().await?;
        let what = "beginning to join";
        let names = |sql: &'static str| {
            let client = &client;
            async move {
                let rows = client.query(sql, &[]).await.while_doing(what)?;
                Ok::<Vec<String>, NodeError>(rows.iter().map(|row| row.get(0)).collect())
            }
        };
        let extensions_before = names(
            "select extname::text from pg_extension where extname <> 'steep_repl' order by 1",
        )
        .await?;
        let schemas_before = names(
            "select nspname::text from pg_namespace where nspname <> 'steep_repl' order by 1",
        )
        .await?;
        let mut members = Vec::new();
        for member in &source.members {
            let Ok(port) = u16::try_from(member.grpc_port) else { continue };
            let is_source = member.node_id == source.node_id;
            // The source answers where it was asked, whatever it is called elsewhere.
            let address = if is_source {
                self.source.clone()
            } else {
                let said = Address { host: member.grpc_host.clone(), port };
                self.own.routes().daemon(&member.node_id, said)
            };
            members.push((member.node_id.clone(), address));
        }
        // The source last: the others' slots have to exist before its positions count.
        members.sort_by_key(|(node, _)| *node == source.node_id);
        let record = Record {
            join_id: join_id(&self.own.endpoint().node, &client).await?,
            node: self.own.endpoint().node.clone(),
            step: Step::Filling,
            members,
            extensions_before,
            schemas_before,
        };
        // An extension without a record would be left behind by a daemon that dies here.
        client
            .batch_execute("begin; create extension if not exists steep_repl")
            .await
            .while_doing(what)?;
        record.save(&client).await?;
        client.batch_execute("commit").await.while_doing(what)?;
        Ok(record)
    }

    /// Everything up to subscriptions that know where to begin.
    async fn fill(&self, source: &NodeDescription, record: &Record) -> Result<(), NodeError> {
        self.meter.step("preparing the members", 2, STEPS);
        let links = self.prepare(source, record).await?;
        // From here on no member changes a table: this list stays.
        let replicated = self.peers.describe(&self.source).await?.tables;
        let Some(to_source) = links.iter().find(|link| link.node == source.node_id) else {
            return refused(
                format!("node {} does not count itself among the members", source.node_id),
                "see steep_repl.nodes there",
            );
        };
        let source_server = self.source_server(&source.node_id, &to_source.prepared)?;
        let patient = self.own.server().with_statement_timeout(Duration::ZERO);
        let own_server = patient.with_application_name(SESSIONS);
        let own_client = own_server.connect().await.while_doing("connecting to this server")?;
        let source_client =
            source_server.connect().await.while_doing("connecting to the source")?;
        let mut findings = Findings::default();
        checks::needs_of_schema(&source_client, &own_client, &mut findings).await?;
        if let Some(refusal) = findings.refusals.first() {
            return refused(refusal.clone(), "mend it and join again");
        }
        identity::give(self.own, &own_client, source).await?;

        self.meter.step("waiting for the source to have what the others keep", 3, STEPS);
        let horizon_xid = source::has_what_others_keep(&source_client, record, &links).await?;

        self.meter.step("taking a snapshot of the source", 4, STEPS);
        let snapshot =
            Exported::make(&self.programs, source_server.settings(), &to_source.prepared.slot_name)
                .await?;
        snapshot.take_up(&source_client).await?;
        let mut starts: BTreeMap<String, Lsn> =
            subscriptions::positions(&source_client, &record.join_id).await?;
        starts.insert(source.node_id.clone(), snapshot.lsn);
        require_all(&links, &starts)?;

        self.meter.step("copying the schema", 5, STEPS);
        let folder = tempfile::Builder::new().prefix("join-").tempdir_in(&self.scratch).map_err(
            |source| NodeError::File {
                what: format!("making a folder in {}", self.scratch.display()),
                source,
            },
        )?;
        let own_settings = self.own.server().current_settings().await;
        let schema = Schema::dump(
            &self.programs,
            folder.path(),
            source_server.settings(),
            &own_settings,
            &snapshot,
        )
        .await?;
        schema.restore("pre-data", 1).await?;
        closed::close(&own_client, &replicated).await?;

        self.meter.step("copying rows", 6, STEPS);
        let tables = copy_plan::tables(&source_client).await?;
        let copying = Copying {
            source: &source_server,
            source_node: &source.node_id,
            snapshot: &snapshot,
            own: &own_server,
            jobs: self.jobs,
            meter: &self.meter,
        };
        copying.run(tables).await?;
        copy::drop_origins(&own_client).await?;

        self.meter.step("building indexes and constraints", 7, STEPS);
        schema.restore("post-data", self.jobs).await?;
        sequences::copy(&source_client, &own_client).await?;
        own_client.batch_execute("analyze").await.while_doing("analyzing the copied tables")?;

        self.meter.step("tying the node to the group", 8, STEPS);
        source::is_past_on_this_clock(&source_client, &own_client).await?;
        subscriptions::make(&own_client, &links, self.own).await?;
        let writer = own_server.connect().await.while_doing("connecting to this server")?;
        let count =
            versions::restore(&source_client, &writer, &source.node_id, horizon_xid).await?;
        tracing::info!(count, "transactions of the source kept their versions");
        drop(writer);
        subscriptions::guard_tables(&own_client, &replicated).await?;
        subscriptions::advance(&own_client, &starts).await?;
        slots::are_kept(self.own, &links).await?;
        Record { step: Step::Tied, ..record.clone() }.save(&own_client).await
    }

    /// From here on nothing is undone unless a member has given the attempt up: the node has its rows,
    /// and only has to be let loose.
    async fn carry_on(&self, record: &Record) -> Result<(), NodeError> {
        self.meter.step("catching up", 9, STEPS);
        let client = self.own.connect().await?;
        if record.step != Step::Open {
            self.tell_all(record, &client).await?;
            Record { step: Step::Open, ..record.clone() }.save(&client).await?;
        }
        closed::open(&client).await?;
        client
            .execute("select steep_repl.set_node_status($1, 'online')", &[&record.node])
            .await
            .while_doing("counting this node as online")?;
        Record::end(&client).await
    }

    /// Until all subscribe to this node, and it has what they had written.
    async fn tell_all(&self, record: &Record, client: &Connection) -> Result<(), NodeError> {
        let peers: Vec<_> = record.members.iter().map(|(node, _)| node.clone()).collect();
        subscriptions::enable(client, &peers).await?;
        for (node, address) in &record.members {
            let credentials = self.own.credentials_for(node).await?;
            let request = CompleteJoinRequest {
                join_id: record.join_id.clone(),
                node_id: record.node.clone(),
                credentials: Some(credentials),
                slot_name: crate::names::of_node(node),
            };
            self.peers.complete(address, request).await?;
        }
        catch_up::with_all(client, &peers, &self.meter).await?;
        // `begin` puts it last.
        if let Some((source, _)) = record.members.last() {
            let members = &record.members;
            ranges::begin_to_draw(self.own, client, source, self.peers, members).await?;
        }
        Ok(())
    }

    async fn undo(&self, record: &Record) {
        self.meter.step("undoing", STEPS, STEPS);
        if let Err(error) = undo::everything(self.own, self.peers, record).await {
            tracing::warn!(
                error = error.for_log(),
                "the attempt to join is not undone yet; it will be tried again"
            );
        }
    }

    async fn prepare(
        &self,
        source: &NodeDescription,
        record: &Record,
    ) -> Result<Vec<Link>, NodeError> {
        let joiner =
            NodeDescription { members: source.members.clone(), ..self.own.describe().await? };
        let mut links = Vec::new();
        for (node, address) in &record.members {
            let request = PrepareJoinRequest {
                join_id: record.join_id.clone(),
                joiner: Some(joiner.clone()),
                is_source: *node == source.node_id,
            };
            let prepared = self.peers.prepare(address, request).await?;
            if !prepared.busy.is_empty() {
                return Err(NodeError::Busy { reason: prepared.busy });
            }
            links.push(Link { node: node.clone(), prepared });
        }
        Ok(links)
    }

    fn source_server(
        &self,
        node: &str,
        prepared: &PrepareJoinResponse,
    ) -> Result<Server, NodeError> {
        match &prepared.credentials {
            Some(credentials) => self.own.way_to(node, credentials)?.server(),
            None => refused(format!("node {node} gives no way in"), "update its daemon"),
        }
    }
}

/// Whether a member says that the attempt has ended there.
fn is_given_up(error: &NodeError) -> bool {
    error.to_string().contains(GIVEN_UP)
}

/// Every peer's changes have to begin somewhere.
fn require_all(links: &[Link], starts: &BTreeMap<String, Lsn>) -> Result<(), NodeError> {
    match links.iter().find(|link| !starts.contains_key(&link.node)) {
        None => Ok(()),
        Some(link) => refused(
            format!(
                "the snapshot does not say how far the changes of node {} are in it",
                link.node
            ),
            "join again",
        ),
    }
}

async fn join_id(node: &str, client: &Connection) -> Result<String, NodeError> {
    let row = client
        .query_one("select gen_random_uuid()::text", &[])
        .await
        .while_doing("numbering the attempt")?;
    Ok(format!("{node}-{}", row.get::<_, String>(0)))
}
