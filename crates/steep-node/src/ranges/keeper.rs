//! The task that looks at each table every second, and asks for ranges before they are needed.

mod kept;
mod outlook;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steep_pg::Connection;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::kept::Kept;
use super::board::RangeBoard;
use super::bypass::Bypass;
use super::hear::{Why, hear};
use super::here::are_installed;
use super::links::Links;
use super::look::{Managed, managed};
use super::report::{Reports, TableReport};
use crate::error::{NodeError, While};
use crate::member::Member;
use crate::operations::{GrpcPeers, known_nodes};

/// From one look to the next: a range of the default size lasts a table with ten thousand inserts a second
/// for one, and `steep-ranges` makes ranges of a busy table last a minute.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks whose new sessions write any id.
const BYPASSES: Duration = Duration::from_secs(10);

/// Which peers answer, as far as the watch knows.
#[derive(Clone)]
pub struct Reachable(Arc<dyn Fn() -> Vec<String> + Send + Sync>);

impl Reachable {
    /// Whoever this says.
    pub fn new(nodes: impl Fn() -> Vec<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(nodes))
    }

    pub(crate) fn nodes(&self) -> Vec<String> {
        (self.0)()
    }
}

impl fmt::Debug for Reachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reachable").finish()
    }
}

/// A node's keeper.
#[derive(Debug)]
pub(crate) struct Keeper {
    own: Member,
    links: Links,
    reachable: Reachable,
    board: RangeBoard,
    connection: Option<Connection>,
    tables: BTreeMap<(String, String), Kept>,
    began: Instant,
    bypasses: (Option<Instant>, Vec<String>),
}

impl Keeper {
    pub(crate) fn new(
        own: Member,
        peers: GrpcPeers,
        reachable: Reachable,
        board: RangeBoard,
    ) -> Self {
        Self {
            own,
            links: Links::new(peers),
            reachable,
            board,
            connection: None,
            tables: BTreeMap::new(),
            began: Instant::now(),
            bypasses: (None, Vec::new()),
        }
    }

    /// Keeps this node in ids until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut last = String::new();
        loop {
            // A statement that is cut off leaves a complaint in the server's log.
            match self.look().await {
                Ok(()) => last.clear(),
                Err(error) => {
                    self.connection = None;
                    // Once for each cause: the next look says the same.
                    let said = error.for_log();
                    if said != last {
                        tracing::warn!(error = said, "identity ranges are not looked after");
                        last = said;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn look(&mut self) -> Result<(), NodeError> {
        let client = match self.connection.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => {
                let server = self.own.server().with_application_name("steep-repl ranges");
                let what = format!("node {}", self.own.endpoint().node);
                server.connect().await.while_doing(what)?
            }
        };
        if is_ready(&client).await? {
            self.look_at_all(&client).await?;
        } else {
            self.tables.clear();
            self.board.put(Reports::default());
        }
        self.connection = Some(client);
        Ok(())
    }

    async fn look_at_all(&mut self, client: &Connection) -> Result<(), NodeError> {
        let own = self.own.endpoint().node.clone();
        for over in Bypass::over(client).await? {
            over.disable(client).await?;
            tracing::info!(node = own, "{} are checked again when they begin", over.whose());
            self.bypasses.0 = None;
        }
        if self.bypasses.0.is_none_or(|at| at.elapsed() >= BYPASSES) {
            self.bypasses = (Some(Instant::now()), Bypass::all(client).await?);
        }
        let mut found = managed(client).await?;
        if !found.is_empty() {
            let nodes = known_nodes(client, self.own.routes()).await?;
            self.links.lead_to(
                nodes.into_iter().filter_map(|node| Some((node.node, node.address?))).collect(),
            );
            if self.hear_those_who_know(client, &own, &found).await {
                found = managed(client).await?;
            }
        }
        self.tables.retain(|name, _| {
            found.iter().any(|table| (&table.schema, &table.table) == (&name.0, &name.1))
        });
        let reachable = self.reachable.nodes();
        let mut reports = Reports { tables: Vec::new(), bypasses: self.bypasses.1.clone() };
        let mut failed = None;
        for table in &found {
            // A peer that has not been heard may know of ranges that this node has used.
            let peers: Vec<_> =
                reachable.iter().filter(|peer| !table.unheard.contains(peer)).cloned().collect();
            match self.look_at(client, &own, table, &peers).await {
                Ok(report) => reports.tables.push(report),
                Err(error) if client.is_closed() => return Err(error),
                // The other tables need ids, too.
                Err(error) => failed = Some(error),
            }
        }
        self.board.put(reports);
        failed.map_or(Ok(()), Err)
    }

    async fn look_at(
        &mut self,
        client: &Connection,
        own: &str,
        table: &Managed,
        peers: &[String],
    ) -> Result<TableReport, NodeError> {
        let now = self.began.elapsed();
        let kept = match self.tables.entry((table.schema.clone(), table.table.clone())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let wanted = self.own.range_policy().of(&table.schema, &table.table);
                new.insert(Kept::begin(client, table, wanted).await?)
            }
        };
        kept.look(client, own, table, now, peers, &self.links).await?;
        Ok(kept.report(table))
    }

    /// After a restore: hears each peer that answers and has not been heard. Says whether any was.
    async fn hear_those_who_know(
        &self,
        client: &Connection,
        own: &str,
        tables: &[Managed],
    ) -> bool {
        let mut unheard: Vec<&String> = tables.iter().flat_map(|table| &table.unheard).collect();
        unheard.sort_unstable();
        unheard.dedup();
        let mut is_any = false;
        let reachable = if unheard.is_empty() { Vec::new() } else { self.reachable.nodes() };
        for peer in unheard.into_iter().filter(|peer| reachable.contains(peer)) {
            match hear(client, own, peer, Why::Restored, &self.links).await {
                Ok(_) => {
                    tracing::info!(
                        node = own,
                        peer,
                        "it has told what it knows of this node's identity ranges"
                    );
                    is_any = true;
                }
                Err(error) => {
                    tracing::warn!(
                        node = own,
                        peer,
                        error = error.for_log(),
                        "it does not tell what it knows of this node's identity ranges"
                    );
                }
            }
        }
        is_any
    }
}

/// Whether this database is a node that can decide about ranges.
async fn is_ready(client: &Connection) -> Result<bool, NodeError> {
    if !are_installed(client).await? {
        return Ok(false);
    }
    client
        .query_one("select not pg_is_in_recovery() and steep_repl.node_id() is not null", &[])
        .await
        .while_doing("looking which node this is")
        .map(|row| row.get(0))
}
