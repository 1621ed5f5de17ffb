//! How long a table's ids will last, all nodes together.

use std::time::Duration;

use steep_pg::Connection;
use steep_ranges::{Outlook, Rate};

use crate::error::{NodeError, While};
use crate::ranges::look::Managed;

/// A table that has just begun was granted a reserve, which is no rate yet.
const SHORTEST: Duration = Duration::from_secs(3600);

/// What is left, and how long it lasts at the rate at which ids were granted in the last day.
///
/// Grants of all nodes are known everywhere; how fast the others draw is not.
pub(super) async fn of(client: &Connection, table: &Managed) -> Result<Outlook, NodeError> {
    let row = client
        .query_one(
            "with taken as (
               select range_agg(int8range(a.range_start, a.range_end, '[]')) as ids from (
                 select r.range_start, r.range_end from steep_repl.identity_ranges r
                 where r.table_schema = $1 and r.table_name = $2
                 union all
                 select o.range_start, o.range_end from steep_repl.occupied_ids o
                 where o.table_schema = $1 and o.table_name = $2) a
             )
             select (select coalesce(sum(upper(u) - lower(u)), 0)::bigint from unnest(t.ids) u),
               (select coalesce(sum(r.range_end - r.range_start + 1), 0)::bigint
                from steep_repl.identity_ranges r
                where r.table_schema = $1 and r.table_name = $2
                  and r.allocated_at > now() - interval '1 day'),
               (select extract(epoch from least(now() - m.managed_at, interval '1 day'))::double precision
                from steep_repl.range_tables m where m.table_schema = $1 and m.table_name = $2)
             from taken t",
            &[&table.schema, &table.table],
        )
        .await
        .while_doing(format!("looking how many ids of table {} are left", table.shown))?;
    let (taken, granted) = (row.get::<_, i64>(0), row.get::<_, i64>(1).unsigned_abs());
    let age = Duration::try_from_secs_f64(row.get::<_, Option<f64>>(2).unwrap_or_default());
    let size = table.last_id.unsigned_abs();
    let left = size.saturating_sub(taken.unsigned_abs());
    let rate = Rate::of(granted, age.unwrap_or_default().max(SHORTEST));
    Ok(Outlook { size, left, lasts: rate.lasts(left) })
}
