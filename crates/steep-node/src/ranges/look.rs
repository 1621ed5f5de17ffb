//! What this node's tables with identity ranges are, and how far each has come.

use std::time::Duration;

use steep_pg::Connection;
use steep_ranges::{IdRange, Policy, Space, Stock};

use crate::error::{NodeError, While};

/// A table whose ids this node draws from ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Managed {
    /// Schema, as all nodes know it.
    pub(crate) schema: String,
    /// Table, as all nodes know it.
    pub(crate) table: String,
    /// As people write it.
    pub(crate) shown: String,
    /// As configured; see [`Managed::size`].
    pub(crate) range_size: i64,
    /// Shorter ranges are passed over: sessions may draw beyond their end before anybody looks.
    pub(crate) least_size: i64,
    pub(crate) threshold_percent: i32,
    pub(crate) last_id: i64,
    pub(crate) block_ids: i64,
    /// After a restore: who has not told yet what it knows of this node's past.
    pub(crate) unheard: Vec<String>,
    /// Where its sequence stands: a table whose sequence does not move needs no look.
    pub(crate) last_value: Option<i64>,
    /// Since when ids are drawn from ranges.
    pub(crate) age: Duration,
}

/// How far a table has come on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What is left.
    pub(crate) stock: Stock,
    /// Ids that were drawn so far, or lost with a range's end.
    pub(crate) drawn: u64,
}

/// The tables whose ids this node draws from ranges, by name; one that was dropped is left out.
///
/// # Errors
/// When the query fails.
pub(crate) async fn managed(client: &Connection) -> Result<Vec<Managed>, NodeError> {
    let rows = client
        .query(
            "select t.table_schema, t.table_name, format('%I.%I', n.nspname, c.relname),
               t.range_size, least(4 * steep_repl.range_headroom(s.oid), t.block_ids),
               t.threshold_percent, t.last_id, t.block_ids, t.unheard, pg_sequence_last_value(s.oid),
               extract(epoch from now() - t.managed_at)::float8
             from steep_repl.range_tables t
             join pg_class c on c.oid = t.relation
             join pg_namespace n on n.oid = c.relnamespace
             join pg_class s on s.oid = t.key_sequence and s.relkind = 'S'
             where t.is_active order by 1, 2",
            &[],
        )
        .await
        .while_doing("listing the tables with identity ranges")?;
    Ok(rows
        .iter()
        .map(|row| Managed {
            schema: row.get(0),
            table: row.get(1),
            shown: row.get(2),
            range_size: row.get(3),
            least_size: row.get(4),
            threshold_percent: row.get(5),
            last_id: row.get(6),
            block_ids: row.get(7),
            unheard: row.get(8),
            last_value: row.get(9),
            age: Duration::try_from_secs_f64(row.get(10)).unwrap_or_default(),
        })
        .collect())
}

impl Managed {
    /// How many ids an ordinary range of it has.
    pub(crate) fn size(&self) -> i64 {
        self.range_size.max(self.least_size)
    }

    /// What its owner wants of its ranges.
    ///
    /// # Errors
    /// When what is recorded of the table makes no sense.
    pub(crate) fn policy(&self) -> Result<Policy, NodeError> {
        let unusable = |why: String| NodeError::Refused {
            message: format!(
                "what is recorded of the ids of table {} makes no sense: {why}",
                self.shown
            ),
            hint: "see steep_repl.range_tables: it was changed by hand".to_owned(),
        };
        let ids = IdRange::new(1, self.last_id).map_err(|error| unusable(error.to_string()))?;
        let space = Space::new(ids, self.block_ids.unsigned_abs());
        let space = space.map_err(|error| unusable(error.to_string()))?;
        let threshold = u8::try_from(self.threshold_percent).unwrap_or(100);
        Policy::new(space, self.size().unsigned_abs(), threshold)
            .map(|policy| policy.at_age(self.age))
            .map_err(|error| unusable(error.to_string()))
    }

    /// How far it has come.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) async fn look(&self, client: &Connection) -> Result<Seen, NodeError> {
        let row = client
            .query_one(
                "select k.range_start, k.range_end, k.ids_left, k.reserve,
                   (select coalesce(sum(r.range_end - r.range_start + 1), 0)::bigint
                    from steep_repl.identity_ranges r
                    join steep_repl.local_node l on l.node_id = r.node_id
                    where r.table_schema = $1 and r.table_name = $2
                      and r.turn is not null and r.status <> 'released')
                 from steep_repl.range_stock($1, $2) k",
                &[&self.schema, &self.table],
            )
            .await
            .while_doing(format!("looking how far the ids of table {} are", self.shown))?;
        let ends = row.get::<_, Option<i64>>(0).zip(row.get::<_, Option<i64>>(1));
        let count = |place| row.get::<_, i64>(place).unsigned_abs();
        let stock = Stock {
            range: ends.and_then(|(start, end)| IdRange::new(start, end).ok()),
            left: count(2),
            reserve: count(3),
        };
        Ok(Seen { stock, drawn: count(4).saturating_sub(stock.total()) })
    }
}
