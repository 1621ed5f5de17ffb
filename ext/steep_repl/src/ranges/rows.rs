//! Rows of the extension's tables and what `steep-ranges` makes of them.

use super::{internal, sequence};
use crate::kept;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys;
use pgrx::prelude::*;
use pgrx::spi;
use serde_json::{Value as Json, json};
use std::time::Duration;
use steep_ranges::{
    Allocator, Grant, IdRange, Policy, Position, Row, Space, State, Status, Stripe, Title,
};
use steep_types::NodeId;

/// A managed table with everything that this node has recorded of its ids, locked against others who
/// would decide something.
pub(super) struct Recorded {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) sequence: pg_sys::Oid,
    pub(super) range_size: u64,
    pub(super) max_range_size: u64,
    pub(super) allocator: Allocator,
}

/// After a pause of this length a table begins with the configured size (`Tracker::MEMORY`).
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

/// What cannot be read as rows of `steep-ranges`; only a hand in the tables makes such.
fn unreadable(what: &str) -> ! {
    ereport!(
        PgLogLevel::ERROR,
        PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        format!("{what} cannot be read"),
        "It was changed by hand. See steep_repl.range_titles and steep_repl.identity_ranges."
    );
    unreachable!("an ERROR report does not return")
}

fn range(start: i64, end: i64) -> IdRange {
    IdRange::new(start, end).unwrap_or_else(|_| unreadable("a range of ids"))
}

fn node(id: &str) -> NodeId {
    id.parse().unwrap_or_else(|_| unreadable("a node id"))
}

fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_else(|_| unreadable("a number that is negative"))
}

const NAMES: &str = "
    select t.table_schema, t.table_name from steep_repl.range_tables t
    where t.relation = $1::oid::regclass and t.is_active";

const TABLE: &str = "
    select t.key_sequence::oid, t.last_id, t.block_ids, t.range_size, t.unheard, n.node_id, t.max_range_size
    from steep_repl.range_tables t cross join steep_repl.local_node n
    where t.table_schema = $1 and t.table_name = $2 and t.is_active
    for update of t";

/// As [`TABLE`], for who only looks: whoever decides must not wait for a reader.
const TABLE_AS_IT_IS: &str = "
    select t.key_sequence::oid, t.last_id, t.block_ids, t.range_size, t.unheard, n.node_id, t.max_range_size
    from steep_repl.range_tables t cross join steep_repl.local_node n
    where t.table_schema = $1 and t.table_name = $2 and t.is_active";

const TITLES: &str = "
    select t.halvings::integer, t.remainder, t.generation, t.from_block, t.owner
    from steep_repl.range_titles t where t.table_schema = $1 and t.table_name = $2";

/// Those that can still be drawn from, and of this node all; ids of the others are only taken.
const GRANTS: &str = "
    select r.node_id, r.range_start, r.range_end, r.status, r.granter, r.request, r.turn
    from steep_repl.identity_ranges r
    where r.table_schema = $1 and r.table_name = $2
      and (r.status = 'active' or r.node_id = (select n.node_id from steep_repl.local_node n))";

const TAKEN: &str = "
    select lower(u), upper(u) - 1
    from unnest((
      select range_agg(int8range(a.range_start, a.range_end, '[]'))
      from (
        select o.range_start, o.range_end from steep_repl.occupied_ids o
        where o.table_schema = $1 and o.table_name = $2
        union all
        select r.range_start, r.range_end from steep_repl.identity_ranges r
        where r.table_schema = $1 and r.table_name = $2 and r.status <> 'active'
          and r.node_id <> (select n.node_id from steep_repl.local_node n)
      ) as a)) as u";

/// How large the last range of this node was, and how long ago it was granted, in seconds.
const LAST: &str = "
    select r.range_end - r.range_start + 1, extract(epoch from clock_timestamp() - r.allocated_at)::float8,
      extract(epoch from clock_timestamp() - t.managed_at)::float8
    from steep_repl.identity_ranges r join steep_repl.local_node n on n.node_id = r.node_id
    join steep_repl.range_tables t on t.table_schema = r.table_schema and t.table_name = r.table_name
    where r.table_schema = $1 and r.table_name = $2 order by r.request desc, r.range_start desc limit 1";

const RECORD: &str = "select steep_repl.record_range_row($1, $2, $3, $4::jsonb)";

impl Recorded {
    /// Reads a table's rows; an error if it is not managed.
    ///
    /// # Safety
    /// Inside a transaction with a snapshot, as the owner of the extension.
    pub(super) unsafe fn lock(schema: &str, table: &str) -> Self {
        Self::read_or_refuse(TABLE, schema, table)
    }

    /// As [`Recorded::lock`], without a lock: nothing may be decided with it.
    ///
    /// # Safety
    /// As [`Recorded::lock`].
    pub(super) unsafe fn look(schema: &str, table: &str) -> Self {
        Self::read_or_refuse(TABLE_AS_IT_IS, schema, table)
    }

    fn read_or_refuse(of_table: &'static str, schema: &str, table: &str) -> Self {
        let names = [schema.into(), table.into()];
        let known = internal(Self::read(of_table, schema, table, &names), "read identity ranges");
        known.unwrap_or_else(|| {
            ereport!(
                PgLogLevel::ERROR,
                PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
                format!("table {schema}.{table} has no identity ranges"),
                "See steep_repl.range_tables, and steep_repl.manage_ranges()."
            );
            unreachable!("an ERROR report does not return")
        })
    }

    /// Of a table; nothing if that is not managed.
    ///
    /// # Safety
    /// As [`Recorded::lock`].
    pub(super) unsafe fn of(relation: pg_sys::Oid) -> Option<Self> {
        let names = kept::run(NAMES, &[relation.into()], |rows| {
            let mut found = None;
            for row in rows {
                found = row.get::<String>(1)?.zip(row.get::<String>(2)?);
            }
            Ok(found)
        });
        let (schema, table) = internal(names, "find a table with identity ranges")?;
        // SAFETY: the caller's promise.
        Some(unsafe { Self::lock(&schema, &table) })
    }

    fn read(
        of_table: &'static str,
        schema: &str,
        table: &str,
        names: &[DatumWithOid<'_>],
    ) -> spi::Result<Option<Self>> {
        let found = kept::run(of_table, names, |rows| {
            let mut found = None;
            for row in rows {
                let space = Space::new(
                    range(1, row.get::<i64>(2)?.unwrap_or_default()),
                    number(row.get(3)?.unwrap_or_default()),
                );
                let space = space.unwrap_or_else(|_| unreadable("the ids of a table"));
                let unheard = row.get::<Vec<String>>(5)?.unwrap_or_default();
                let me = row.get::<String>(6)?.unwrap_or_default();
                let sequence = row.get::<pg_sys::Oid>(1)?.unwrap_or(pg_sys::InvalidOid);
                let size = number(row.get(4)?.unwrap_or_default());
                let most = number(row.get(7)?.unwrap_or_default());
                found = Some((sequence, space, (size, most), unheard, node(&me)));
            }
            Ok(found)
        })?;
        let Some((sequence, space, (range_size, max_range_size), unheard, me)) = found else {
            return Ok(None);
        };
        let mut state = State::empty(space);
        kept::run(TITLES, names, |rows| {
            for row in rows {
                let halvings = row.get::<i32>(1)?.and_then(|n| u8::try_from(n).ok());
                let stripe =
                    Stripe::new(halvings.unwrap_or(u8::MAX), number(row.get(2)?.unwrap_or(-1)));
                let title = Title {
                    stripe: stripe.unwrap_or_else(|| unreadable("a title")),
                    generation: row.get::<i32>(3)?.unwrap_or_default().unsigned_abs(),
                    from_block: number(row.get(4)?.unwrap_or(-1)),
                    owner: node(&row.get::<String>(5)?.unwrap_or_default()),
                };
                merge(&mut state, &Row::Title(title));
            }
            Ok(())
        })?;
        kept::run(GRANTS, names, |rows| {
            for row in rows {
                let status = row.get::<String>(4)?.unwrap_or_default();
                let turn = row.get::<i64>(7)?.map(number);
                let grant = Grant {
                    holder: node(&row.get::<String>(1)?.unwrap_or_default()),
                    range: range(row.get(2)?.unwrap_or_default(), row.get(3)?.unwrap_or_default()),
                    granter: node(&row.get::<String>(5)?.unwrap_or_default()),
                    request: number(row.get(6)?.unwrap_or(-1)),
                    status: status_of(&status, turn),
                };
                merge(&mut state, &Row::Grant(grant));
            }
            Ok(())
        })?;
        kept::run(TAKEN, names, |rows| {
            for row in rows {
                let taken = range(row.get(1)?.unwrap_or_default(), row.get(2)?.unwrap_or_default());
                merge(&mut state, &Row::Occupied(taken));
            }
            Ok(())
        })?;
        let allocator = Allocator::reopen(me, state, unheard.iter().map(|peer| node(peer)));
        Ok(Some(Self {
            schema: schema.to_owned(),
            table: table.to_owned(),
            sequence,
            range_size,
            max_range_size,
            allocator,
        }))
    }

    /// Where the sequence stands.
    ///
    /// # Safety
    /// As [`Recorded::lock`].
    pub(super) unsafe fn position(&self) -> Position {
        let holdings = self.allocator.holdings();
        // SAFETY: the caller's promise.
        unsafe { sequence::stand(self.sequence) }.position(|id| holdings.contains(id))
    }

    /// How many ids a range is to have: more when the last one was used up fast.
    ///
    /// The daemon, which looks all the time, follows the rate; this is for when it does not.
    ///
    /// # Safety
    /// As [`Recorded::lock`].
    pub(super) unsafe fn next_size(&self) -> u64 {
        let names = [self.schema.as_str().into(), self.table.as_str().into()];
        let last = kept::run(LAST, &names, |rows| {
            let mut last = None;
            for row in rows {
                last = row.get::<i64>(1)?.zip(row.get::<f64>(2)?.zip(row.get::<f64>(3)?));
            }
            Ok(last)
        });
        let seconds = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let last = internal(last, "read the last range").map(|(last, (used, age))| {
            (number(last), seconds(used), Policy::range_lasts_at(seconds(age)))
        });
        let size = match last {
            Some((last, used, wanted)) if used < wanted => last.saturating_mul(2),
            Some((last, used, wanted)) if used < REMEMBERED.max(wanted * 2) => last,
            _ => self.range_size,
        };
        size.clamp(self.range_size, self.max_range_size)
    }

    /// Records rows that the allocator has decided, and tells the others. Returns how many were new.
    ///
    /// # Safety
    /// As [`Recorded::lock`].
    pub(super) unsafe fn record(&self, rows: &[Row]) -> i32 {
        let mut new = 0;
        if !rows.is_empty() {
            // SAFETY: inside a transaction, says the caller.
            unsafe { commit_durably() };
        }
        for row in rows {
            let (kind, entry) = entry(row);
            let arguments = [
                self.schema.as_str().into(),
                self.table.as_str().into(),
                kind.into(),
                entry.to_string().as_str().into(),
            ];
            let recorded = kept::run(RECORD, &arguments, |rows| rows.first().get::<bool>(1));
            new += i32::from(internal(recorded, "record identity ranges") == Some(true));
        }
        new
    }
}

/// What is told or drawn from must outlive a crash, whatever `synchronous_commit` is: this transaction is
/// on disk here when its end is reported.
unsafe fn commit_durably() {
    // SAFETY: a setting of this process, until the end of the transaction.
    unsafe {
        if pg_sys::synchronous_commit == pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_OFF as i32 {
            pg_sys::set_config_option(
                c"synchronous_commit".as_ptr(),
                c"local".as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_LOCAL,
                true,
                0,
                false,
            );
        }
    }
}

fn merge(state: &mut State, row: &Row) {
    if let Err(error) = state.merge_row(row) {
        ereport!(
            PgLogLevel::ERROR,
            PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
            format!("what is recorded of identity ranges contradicts itself: {error}"),
            "See docs/protocol/ranges.md for what may have happened."
        );
    }
}

pub(super) fn status_of(status: &str, turn: Option<u64>) -> Status {
    match (status, turn) {
        ("active", None) => Status::Granted,
        ("active", Some(turn)) => Status::Active { turn },
        ("exhausted", _) => Status::Exhausted,
        _ => Status::Released,
    }
}

/// A row as `steep_repl.range_log` has it.
fn entry(row: &Row) -> (&'static str, Json) {
    match row {
        Row::Title(title) => (
            "title",
            json!({
                "halvings": title.stripe.halvings(),
                "remainder": title.stripe.remainder(),
                "generation": title.generation,
                "from_block": title.from_block,
                "owner": title.owner.as_str(),
            }),
        ),
        Row::Grant(grant) => {
            let (status, turn) = match grant.status {
                Status::Granted => ("active", None),
                Status::Active { turn } => ("active", Some(turn)),
                Status::Exhausted => ("exhausted", None),
                Status::Released => ("released", None),
            };
            let entry = json!({
                "node_id": grant.holder.as_str(),
                "range_start": grant.range.start(),
                "range_end": grant.range.end(),
                "granter": grant.granter.as_str(),
                "request": grant.request,
                "status": status,
                "turn": turn,
            });
            ("grant", entry)
        }
        Row::Occupied(range) => {
            ("occupied", json!({ "range_start": range.start(), "range_end": range.end() }))
        }
    }
}
