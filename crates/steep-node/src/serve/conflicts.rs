//! Conflicts: showing them, and a person's decisions.

use steep_ipc::{
    ConflictDetail, ConflictEntry, ConflictFilter, ConflictResolve, ConflictResolveBulk, Failure,
    Response,
};
use steep_pg::conflicts::{self, Bulk, Conflict, Decision, Filter, Preview, State};
use steep_pg::tokio_postgres::{Client, Transaction};
use steep_pg::{PgError, Pool, Pooled};

use super::{failure, session};

async fn begin(session: &mut Pooled) -> Result<Transaction<'_>, Failure> {
    let client: &mut Client = session;
    client.transaction().await.map_err(|error| failed(error.into()))
}

/// Records who decided, and commits.
async fn end(
    transaction: Transaction<'_>,
    action: &str,
    conflict: &str,
    caller: &str,
) -> Result<(), Failure> {
    let client = transaction.client();
    session::record(client, action, ("conflict", conflict), caller).await.map_err(failed)?;
    transaction.commit().await.map_err(|error| failed(error.into()))
}

fn failed(error: PgError) -> Failure {
    failure(&error)
}

pub(super) async fn list(pool: &Pool, asked: ConflictFilter) -> Result<Response, Failure> {
    let state = match asked.state.as_deref() {
        None => None,
        Some("pending") => Some(State::Pending),
        Some("resolved") => Some(State::Resolved),
        Some(other) => {
            let wrong = format!("no conflict has the state \"{other}\"");
            return Err(Failure::misuse(wrong).with_hint("states: pending, resolved"));
        }
    };
    let filter = Filter {
        state,
        table: asked.table,
        conflict_type: asked.conflict_type,
        origin_xid: asked.origin_xid,
        since: asked.since,
        until: asked.until,
        before_id: asked.before_id,
        limit: asked.limit,
    };
    let session = pool.get().await.map_err(failed)?;
    let found = conflicts::list(&session, &filter).await.map_err(failed)?;
    Ok(Response::Conflicts(found.into_iter().map(entry).collect()))
}

fn entry(conflict: Conflict) -> ConflictEntry {
    ConflictEntry {
        id: conflict.id,
        detected_at: conflict.detected_at,
        table: conflict.table,
        conflict_type: conflict.conflict_type,
        key: conflict.key,
        local_node: conflict.local_node,
        remote_node: conflict.remote_node,
        strategy: conflict.strategy.unwrap_or_default(),
        resolution: conflict.resolution.unwrap_or_else(|| "PENDING".to_owned()),
    }
}

pub(super) async fn show(pool: &Pool, id: i64) -> Result<Response, Failure> {
    let session = pool.get().await.map_err(failed)?;
    match conflicts::show(&session, id).await.map_err(failed)? {
        Some((conflict, row)) => {
            Ok(Response::Conflict(ConflictDetail { entry: entry(conflict), row }))
        }
        None => Err(Failure::misuse(format!("this node has no conflict {id}"))
            .with_hint("`steep-replctl conflict list` lists them; ids are of one node")),
    }
}

pub(super) async fn resolve(
    pool: &Pool,
    asked: ConflictResolve,
    caller: &str,
) -> Result<Response, Failure> {
    let mut session = session::of(pool, caller).await?;
    let merged = asked.merged.as_deref();
    let steps = conflicts::preview(&session, asked.id, &asked.choice, merged).await;
    let steps: Vec<_> = steps.map_err(failed)?.iter().map(step).collect();
    if !asked.dry_run {
        let decision = Decision {
            id: asked.id,
            choice: asked.choice,
            merged: asked.merged,
            reason: asked.reason,
            force: asked.force,
        };
        let id = decision.id.to_string();
        let transaction = begin(&mut session).await?;
        let client = transaction.client();
        conflicts::resolve(client, &decision).await.map_err(failed)?;
        end(transaction, "conflict.command", &id, caller).await?;
    }
    Ok(Response::Resolved { count: 1, dry_run: asked.dry_run, steps })
}

fn step(preview: &Preview) -> String {
    let Preview { action, table, key, present, result } = preview;
    let row = |row: &Option<String>| row.clone().unwrap_or_else(|| "no row".to_owned());
    match action.as_str() {
        "NONE" => format!("leave {key} of {table} as it is: {}", row(present)),
        action => {
            let action = action.to_lowercase();
            format!("{action} {key} of {table}; now: {}; then: {}", row(present), row(result))
        }
    }
}

pub(super) async fn resolve_bulk(
    pool: &Pool,
    asked: ConflictResolveBulk,
    caller: &str,
) -> Result<Response, Failure> {
    let filter = asked.filter;
    if filter.conflict_type.is_some() || filter.before_id.is_some() {
        return Err(Failure::misuse("a bulk resolution cannot select by type or id")
            .with_hint("select by table, origin transaction or time"));
    }
    if filter.state.as_deref().is_some_and(|state| state != "pending") {
        return Err(Failure::misuse("a bulk resolution is about pending conflicts"));
    }
    let bulk = Bulk {
        choice: asked.choice,
        origin_xid: filter.origin_xid,
        table: filter.table,
        since: filter.since,
        until: filter.until,
        reason: asked.reason,
    };
    let mut session = session::of(pool, caller).await?;
    let count = if asked.dry_run {
        conflicts::would_resolve_bulk(&session, &bulk).await.map_err(failed)?
    } else {
        let transaction = begin(&mut session).await?;
        let count = conflicts::resolve_bulk(transaction.client(), &bulk).await.map_err(failed)?;
        end(transaction, "conflict.command", "bulk", caller).await?;
        count
    };
    Ok(Response::Resolved { count, dry_run: asked.dry_run, steps: Vec::new() })
}

pub(super) async fn revert(
    pool: &Pool,
    id: i64,
    reason: Option<&str>,
    dry_run: bool,
    caller: &str,
) -> Result<Response, Failure> {
    let mut session = session::of(pool, caller).await?;
    let transaction = begin(&mut session).await?;
    conflicts::revert(transaction.client(), id, reason, dry_run).await.map_err(failed)?;
    if !dry_run {
        end(transaction, "conflict.command", &id.to_string(), caller).await?;
    }
    let steps = vec![format!("write the losing row of conflict {id} over the winning one")];
    Ok(Response::Resolved { count: 1, dry_run, steps })
}
