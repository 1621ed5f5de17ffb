//! What this apply worker knows of the group: whose writes it applies, the order of the nodes, the
//! policies of the tables. Read between transactions, anew whenever one of the tables changed.

use super::transaction::TRANSACTION;
use crate::{kept, superuser};
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use steep_conflict::{Detection, Origin, Origins, Strategy, saw_forwarded};
use steep_types::{CommitTs, NodeId, Priority, Snapshot, Xid};

/// What the worker knows.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Name of this worker's subscription.
    pub(crate) subscription: String,
    subscription_oid: Option<u32>,
    /// Every node that was ever registered; other fields name a node by its place here.
    pub(crate) nodes: Vec<Node>,
    /// This node.
    pub(crate) own: usize,
    /// The node whose writes arrive.
    pub(crate) peer: usize,
    /// How many nodes are members now.
    pub(crate) members: usize,
    /// The node behind each replication origin of this server.
    by_roident: Vec<(pg_sys::RepOriginId, usize)>,
    /// Replicated tables, also those taken out again.
    pub(crate) tables: BTreeMap<u32, TablePolicy>,
    /// While a node joins from here: the generation of the positions to be noted.
    pub(crate) join_generation: Option<i64>,
    /// The tables of the extension, whose changes are let through.
    control: Vec<u32>,
    echoes: RefCell<BTreeMap<usize, Echo>>,
    /// Below this transaction no commit timestamp is kept, and all of those committed by then.
    horizon: Cell<Option<(Xid, CommitTs)>>,
}

/// What the peer's latest heartbeat applied here says of another node's writes.
#[derive(Debug, Clone)]
struct Echo {
    /// That node's transactions the peer had applied by then.
    snapshot: Snapshot,
    /// The local transaction that applied the beat which the peer echoes, or one before it.
    applied: Option<Xid>,
}

/// A node and its place in the order that decides ties.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) origin: Origin,
}

/// How a table's conflicts are found and decided.
#[derive(Debug, Clone)]
pub(crate) struct TablePolicy {
    pub(crate) strategy: Strategy,
    pub(crate) detection: Detection,
    pub(crate) is_active: bool,
    /// Places of the nodes in this table's own order, if it has one.
    order: Option<Vec<Origin>>,
}

thread_local! {
    static SESSION: RefCell<Option<Rc<Session>>> = const { RefCell::new(None) };
    static IS_STALE: Cell<bool> = const { Cell::new(true) };
    static HAS_BEAT: Cell<bool> = const { Cell::new(false) };
    static WATCHED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// What is known now; `None` where this worker's subscription is no peer's.
pub(crate) fn current() -> Option<Rc<Session>> {
    SESSION.with_borrow(Clone::clone)
}

pub(crate) fn is_peer() -> bool {
    SESSION.with_borrow(Option::is_some)
}

pub(crate) fn peer_name() -> String {
    current().map_or_else(|| "?".to_owned(), |s| s.nodes[s.peer].id.to_string())
}

/// The subscription's oid, from the name of its replication origin, `pg_<oid>`.
pub(crate) fn subscription_oid() -> Option<pg_sys::Oid> {
    current().and_then(|session| session.subscription_oid).map(pg_sys::Oid::from)
}

pub(crate) fn subscription() -> String {
    current().map_or_else(name_by_origin, |s| s.subscription.clone())
}

/// The subscription's name, from that of its replication origin, `pg_<oid>`.
fn name_by_origin() -> String {
    // SAFETY: catalog look-ups; called for error messages inside a transaction.
    let name = unsafe {
        let mut origin = std::ptr::null_mut();
        let known = pg_sys::IsTransactionState()
            && pg_sys::replorigin_by_oid(pg_sys::replorigin_session_origin, true, &mut origin);
        known.then(|| std::ffi::CStr::from_ptr(origin).to_string_lossy().into_owned())
    };
    let oid = name.as_deref().and_then(|name| name.strip_prefix("pg_")?.parse().ok());
    oid.and_then(|oid: u32| {
        // SAFETY: as above.
        unsafe {
            let name = pg_sys::get_subscription_name(pg_sys::Oid::from(oid), true);
            (!name.is_null()).then(|| std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned())
        }
    })
    .unwrap_or_else(|| "?".to_owned())
}

/// A heartbeat of the peer has been applied, or one of this node was made.
pub(crate) fn heartbeat_applied() {
    HAS_BEAT.set(true);
}

/// A relation changed; if it is one of the extension's, or not known yet, the session is stale.
#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn at_relcache_invalidation(
    _argument: pg_sys::Datum,
    relation: pg_sys::Oid,
) {
    let relation = relation.to_u32();
    let concerns = WATCHED
        .with_borrow(|watched| watched.is_empty() || relation == 0 || watched.contains(&relation));
    if concerns {
        IS_STALE.set(true);
    }
    crate::guard::forget_table(relation);
}

/// Reads what a heartbeat says, if there was one.
///
/// # Safety
/// In an apply worker, outside of a transaction.
pub(super) unsafe fn refresh_after_beat() {
    if HAS_BEAT.get() {
        // SAFETY: the caller's promise.
        unsafe { refresh() };
    }
}

/// Reads the session anew if it is stale.
///
/// # Safety
/// In an apply worker, outside of a transaction.
pub(super) unsafe fn refresh() {
    // SAFETY: takes in what other sessions have committed.
    unsafe { pg_sys::AcceptInvalidationMessages() };
    let has_beat = HAS_BEAT.replace(false);
    if !IS_STALE.replace(false) {
        if let Some(session) = current().filter(|_| has_beat) {
            // SAFETY: the caller's promise.
            unsafe {
                superuser::in_transaction(|| {
                    spi(load_echoes(&session));
                    spi(load_horizon(&session));
                });
            };
        }
        return;
    }
    // SAFETY: the caller's promise.
    let session = unsafe { superuser::in_transaction(load) };
    if lost_a_table(session.as_ref()) {
        restart();
    }
    if session.is_some() {
        write_whatever_the_defaults();
    }
    WATCHED.with_borrow_mut(|watched| {
        *watched = session.as_ref().map_or_else(Vec::new, |s| s.control.clone());
    });
    SESSION.set(session.map(Rc::new));
}

/// A database or role that is read-only by default, as during a switchover, goes on applying: the
/// worker's own writes never ask, and neither do those of our triggers from here on.
fn write_whatever_the_defaults() {
    for (name, value) in [
        (c"default_transaction_read_only", c"off"),
        (c"default_transaction_isolation", c"read committed"),
    ] {
        // SAFETY: as the worker itself sets search_path when it starts (InitializeLogRepWorker).
        unsafe {
            pg_sys::SetConfigOption(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_SUSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
    }
}

/// Without commit timestamps the rows that are applied would have no version.
pub(super) fn require_commit_timestamps() {
    // SAFETY: a setting that changes at a restart only.
    if unsafe { pg_sys::track_commit_timestamp } {
        return;
    }
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "track_commit_timestamp is off on this node",
        function_name!(),
    )
    .set_detail(format!(
        "A row's version is the commit timestamp of its last write. Subscription \"{}\" waits so that no row is left without one.",
        subscription()
    ))
    .set_hint("alter system set track_commit_timestamp = on; then restart the server.")
    .report(PgLogLevel::ERROR);
}

/// Whether a table was taken out of replication since this session was read.
fn lost_a_table(new: Option<&Session>) -> bool {
    let Some(old) = current() else { return false };
    old.tables.iter().any(|(table, policy)| {
        let is_active = new.and_then(|new| new.tables.get(table)).is_some_and(|new| new.is_active);
        policy.is_active && !is_active
    })
}

/// Ends the worker, which the launcher starts again: PostgreSQL remembers for a worker's lifetime
/// that a table is to be applied (`logicalrep_rel_open`, relation.c).
// Only some majors' headers tell pgrx that proc_exit does not return.
#[allow(unreachable_code)]
fn restart() -> ! {
    ereport!(
        PgLogLevel::LOG,
        PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
        format!(
            "apply worker of subscription \"{}\" restarts because a table was taken out of replication",
            subscription()
        )
    );
    // SAFETY: outside of a transaction; runs the process' exit callbacks.
    unsafe { pg_sys::proc_exit(0) };
    unreachable!("proc_exit does not return")
}

/// What the subscription must not be altered to.
pub(crate) fn refuse_option(option: &str, needed: &str) {
    if !is_peer() {
        return;
    }
    let subscription = subscription();
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("subscription \"{subscription}\" does not have {option} = {needed}"),
        function_name!(),
    )
    .set_detail("Conflicts are decided by node and commit timestamp: transactions have to arrive whole, committed, and from the node that made them.")
    .set_hint(format!("alter subscription {subscription} set ({option} = {needed})"))
    .report(PgLogLevel::ERROR);
}

impl Session {
    /// The node behind a replication origin; 0 is this node.
    pub(crate) fn node_of(&self, roident: pg_sys::RepOriginId) -> Option<usize> {
        if roident == 0 {
            return Some(self.own);
        }
        self.by_roident.iter().find(|(known, _)| *known == roident).map(|(_, node)| *node)
    }

    /// Whether the peer's heartbeats prove that what it sends now was made after it had applied the
    /// write of `node` that this node's transaction `xid` made or applied.
    pub(crate) fn peer_saw(&self, node: usize, xid: Xid) -> bool {
        let echoes = self.echoes.borrow();
        let Some(echo) = echoes.get(&node) else { return false };
        if node == self.own {
            // A row may hold the id of a subtransaction, which a snapshot does not list: only below
            // its lower bound every transaction had ended, with all of its subtransactions.
            xid < echo.snapshot.xmin()
        } else {
            saw_forwarded(echo.applied, xid)
        }
    }

    pub(crate) fn node_named(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.id.as_str() == id)
    }

    /// Where a node stands in the order that decides this table's ties.
    pub(crate) fn origin(&self, policy: &TablePolicy, node: usize) -> Origin {
        match &policy.order {
            Some(order) => order[node],
            None => self.nodes[node].origin,
        }
    }

    pub(crate) fn name(&self, node: usize) -> &str {
        self.nodes[node].id.as_str()
    }

    pub(crate) fn is_control(&self, relation: pg_sys::Oid) -> bool {
        self.control.contains(&relation.to_u32())
    }

    /// A time below which every commit whose timestamp is lost lies.
    pub(crate) fn horizon(&self) -> CommitTs {
        let oldest = crate::guard::oldest_commit_timestamp_xid();
        match self.horizon.get() {
            Some((xid, at)) if xid == oldest => at,
            // It has advanced since the last heartbeat: by now at the latest.
            // SAFETY: reads the clock.
            _ => CommitTs::from_micros(unsafe { pg_sys::GetCurrentTimestamp() }),
        }
    }
}

/// As superuser: the worker's user need not have rights on the extension's tables.
fn load() -> Option<Session> {
    if !spi(is_ours()) {
        return None;
    }
    // SAFETY: a plain global, set when the worker starts.
    let roident = unsafe { pg_sys::replorigin_session_origin };
    let peers = spi(load_peers());
    let own = peers.iter().find(|peer| peer.roident == roident)?;
    let mut session = Session {
        subscription: own.subscription.clone(),
        subscription_oid: own.subscription_oid,
        ..Session::default()
    };
    spi(load_nodes(&mut session));
    session.peer = session.node_named(&own.node)?;
    for peer in &peers {
        session.by_roident.extend(session.node_named(&peer.node).map(|node| (peer.roident, node)));
    }
    spi(load_tables(&mut session));
    session.join_generation = spi(load_join_generation());
    spi(load_echoes(&session));
    spi(load_horizon(&session));
    Some(session)
}

/// Whether schema `steep_repl` of this database is the extension's: anybody may have made one of
/// that name, with functions of their own, where the extension is not installed.
fn is_ours() -> spi::Result<bool> {
    Spi::connect(|client| {
        let row = client.select(
            "select true
             from pg_catalog.pg_extension e
             join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
               and d.refobjid = e.oid and d.deptype = 'e'
               and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
             join pg_catalog.pg_class c on c.oid = d.objid and c.relname = 'peers'
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'steep_repl'
             where e.extname = 'steep_repl'",
            Some(1),
            &[],
        )?;
        Ok(!row.is_empty())
    })
}

/// The node whose writes a subscription delivers. As superuser, inside a transaction.
pub(crate) fn node_of_subscription(subscription: &str) -> Option<String> {
    if !spi(is_ours()) {
        return None;
    }
    spi(Spi::connect(|client| {
        let statement = "select p.node_id from steep_repl.peers p where p.subscription = $1::name";
        let rows = client.select(statement, Some(1), &[subscription.into()])?;
        if rows.is_empty() { Ok(None) } else { rows.first().get_one::<String>() }
    }))
}

/// A row of `steep_repl.peers`.
struct Peer {
    node: String,
    subscription: String,
    roident: pg_sys::RepOriginId,
    subscription_oid: Option<u32>,
}

fn load_peers() -> spi::Result<Vec<Peer>> {
    Spi::connect(|client| {
        let rows = client.select(
            "select p.node_id, s.subname::text, o.roident::integer, s.oid
             from steep_repl.peers p
             join pg_catalog.pg_subscription s on s.subname = p.subscription
             join pg_catalog.pg_database d on d.oid = s.subdbid and d.datname = pg_catalog.current_database()
             join pg_catalog.pg_replication_origin o on o.roname = 'pg_' || s.oid
             union all
             -- Numbers of subscriptions that were dropped (hook/origins.rs).
             select split_part(o.roname, ':', 2), '', o.roident::integer, null
             from pg_catalog.pg_replication_origin o where o.roname like 'steep!_repl:%' escape '!'",
            None,
            &[],
        )?;
        let mut peers = Vec::new();
        for row in rows {
            let roident = row.get::<i32>(3)?.and_then(|ident| ident.try_into().ok());
            peers.push(Peer {
                node: row.get(1)?.unwrap_or_default(),
                subscription: row.get(2)?.unwrap_or_default(),
                roident: roident.unwrap_or_default(),
                subscription_oid: row.get::<pg_sys::Oid>(4)?.map(pg_sys::Oid::to_u32),
            });
        }
        Ok(peers)
    })
}

fn load_nodes(session: &mut Session) -> spi::Result<()> {
    Spi::connect(|client| {
        let own = client
            .select("select steep_repl.node_id()", Some(1), &[])?
            .first()
            .get_one::<String>()?
            .unwrap_or_default();
        let mut listed = Vec::new();
        for row in
            client.select("select node_id, priority, status from steep_repl.nodes", None, &[])?
        {
            let id = row.get::<String>(1)?.unwrap_or_default();
            let priority = row.get::<i32>(2)?.unwrap_or_default();
            session.members += usize::from(row.get::<String>(3)?.as_deref() != Some("removed"));
            listed.push((node_id(&id), Priority::new(priority)));
        }
        let order = match Origins::new(listed.iter().cloned()) {
            Ok(order) => order,
            Err(error) => {
                ereport!(
                    PgLogLevel::ERROR,
                    PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("the nodes of steep_repl.nodes have no order: {error}")
                );
                unreachable!("an ERROR report does not return")
            }
        };
        session.nodes = listed
            .into_iter()
            .filter_map(|(id, _)| order.origin(&id).map(|origin| Node { id, origin }))
            .collect();
        session.own = session.node_named(&own).unwrap_or_else(|| unregistered(&own));
        Ok(())
    })
}

fn load_tables(session: &mut Session) -> spi::Result<()> {
    Spi::connect(|client| {
        let rows = client.select(
            "select relation::oid, strategy, detection, node_order, is_active
             from steep_repl.replicated_tables",
            None,
            &[],
        )?;
        for row in rows {
            let Some(relation) = row.get::<pg_sys::Oid>(1)? else { continue };
            let strategy = row.get::<String>(2)?.unwrap_or_default();
            let detection = row.get::<String>(3)?.unwrap_or_default();
            let order = row.get::<Vec<Option<String>>>(4)?;
            let policy = TablePolicy {
                strategy: strategy.parse().unwrap_or_default(),
                detection: detection.parse().unwrap_or_default(),
                is_active: row.get::<bool>(5)?.unwrap_or_default(),
                order: order.map(|order| table_order(&session.nodes, &order)),
            };
            session.tables.insert(relation.to_u32(), policy);
        }
        let control = client.select(
            "select c.oid from pg_catalog.pg_class c
             where c.relnamespace = 'steep_repl'::pg_catalog.regnamespace and c.relkind = 'r'",
            None,
            &[],
        )?;
        for row in control {
            session.control.extend(row.get::<pg_sys::Oid>(1)?.map(pg_sys::Oid::to_u32));
        }
        Ok(())
    })
}

fn load_join_generation() -> spi::Result<Option<i64>> {
    Spi::connect(|client| {
        let statement = "select max(generation) from steep_repl.joins where is_source";
        client.select(statement, Some(1), &[])?.first().get_one::<i64>()
    })
}

fn load_echoes(session: &Session) -> spi::Result<()> {
    let peer = session.nodes[session.peer].id.to_string();
    // A beat that is not known itself stands for the one before it. After a clock has stepped back
    // beats do not follow one another by their times, so the highest transaction would be wrong.
    let statement = "select s.key, s.value ->> 'snapshot', (
           select b.xid from steep_repl.applied_beats b
           where b.node_id = s.key and b.beat_at <= (s.value ->> 'beat_at')::timestamptz
           order by b.beat_at desc limit 1)
         from steep_repl.heartbeats h, pg_catalog.jsonb_each(h.seen) s where h.node_id = $1";
    kept::run(statement, &[peer.as_str().into()], |rows| {
        for row in rows {
            let (node, snapshot) = (row.get::<String>(1)?, row.get::<String>(2)?);
            let node = node.and_then(|node| session.node_named(&node));
            let snapshot = snapshot.and_then(|snapshot| snapshot.parse().ok());
            let applied = row.get::<i64>(3)?.map(|xid| Xid::new(xid.unsigned_abs()));
            if let (Some(node), Some(snapshot)) = (node, snapshot) {
                session.echoes.borrow_mut().insert(node, Echo { snapshot, applied });
            }
        }
        Ok(())
    })
}

fn load_horizon(session: &Session) -> spi::Result<()> {
    let statement = "select oldest_xid,
           (extract(epoch from seen_at - '2000-01-01 00:00:00+00'::timestamptz) * 1000000)::bigint
         from steep_repl.commit_horizon";
    kept::run(statement, &[], |rows| {
        for row in rows {
            let oldest = row.get::<i64>(1)?.unwrap_or_default();
            let at = row.get::<i64>(2)?.unwrap_or_default();
            session.horizon.set(Some((Xid::new(oldest.unsigned_abs()), CommitTs::from_micros(at))));
        }
        Ok(())
    })
}

/// The nodes of a table's own list win in its order; those it leaves out stand below, as always.
fn table_order(nodes: &[Node], order: &[Option<String>]) -> Vec<Origin> {
    let listed = nodes.iter().map(|node| {
        let place = order.iter().position(|listed| listed.as_deref() == Some(node.id.as_str()));
        let place = place.and_then(|place| i32::try_from(place).ok());
        let rank = place.map_or(i32::MIN, |place| i32::MAX - place);
        (node.id.clone(), Priority::new(rank))
    });
    let Ok(origins) = Origins::new(listed) else {
        return nodes.iter().map(|node| node.origin).collect();
    };
    nodes.iter().map(|node| origins.origin(&node.id).unwrap_or(node.origin)).collect()
}

fn node_id(id: &str) -> NodeId {
    match NodeId::new(id) {
        Ok(id) => id,
        Err(error) => {
            ereport!(
                PgLogLevel::ERROR,
                PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
                format!("steep_repl.nodes has an entry that is no node: {error}")
            );
            unreachable!("an ERROR report does not return")
        }
    }
}

fn unregistered(id: &str) -> usize {
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("this node, \"{id}\", is not registered"),
        function_name!(),
    )
    .set_hint("Use steep_repl.set_node_id() and steep_repl.register_node().")
    .report(PgLogLevel::ERROR);
    unreachable!("an ERROR report does not return")
}

fn spi<T>(result: spi::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => {
            ereport!(
                PgLogLevel::ERROR,
                PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
                format!("could not read the configuration of steep_repl: {error}")
            );
            unreachable!("an ERROR report does not return")
        }
    }
}

/// The remote transaction's commit timestamp.
pub(crate) fn remote_commit_ts() -> CommitTs {
    CommitTs::from_micros(TRANSACTION.with_borrow(|transaction| transaction.commit_ts))
}
