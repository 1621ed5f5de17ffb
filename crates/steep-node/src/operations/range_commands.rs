//! Commands about the ids of this node's tables.

use std::time::Duration;

use steep_ipc::{
    HeldRange, Progress, RangeAllocate, RangeBypass, RangeGrant, RangeHistory, RangeStatus,
    RangesStatus,
};
use steep_pg::Connection;

use super::{GroupOperations, ProgressSink, known_nodes};
use crate::error::{NodeError, While};
use crate::ranges::{self, Ask, Bypass, Links, Managed, TableReport};

/// The most ranges that one command gets: as much as anybody plans for, in blocks of a `bigint` that is
/// sixteen billion ids.
const MOST_RANGES: u64 = 1000;

fn misuse<T>(message: impl Into<String>, hint: impl Into<String>) -> Result<T, NodeError> {
    Err(NodeError::Misuse { message: message.into(), hint: hint.into() })
}

async fn require_installed(client: &Connection) -> Result<(), NodeError> {
    if ranges::are_installed(client).await? {
        return Ok(());
    }
    Err(NodeError::Refused {
        message: "this database has no identity ranges".to_owned(),
        hint:
            "it belongs to no group, or its extension is older: alter extension steep_repl update"
                .to_owned(),
    })
}

impl GroupOperations {
    /// How far the ids of this node's tables are: where they stand from PostgreSQL, how fast they are
    /// drawn from the keeper.
    pub(super) async fn how_ids_are(&self) -> Result<RangesStatus, NodeError> {
        let client = self.member().connect().await?;
        require_installed(&client).await?;
        let rows = client
            .query(
                "select format('%I.%I', n.nspname, c.relname), s.key_column::text, s.state, s.current_value,
                   s.range_start, s.range_end, s.percent_used::double precision, s.ids_left, s.reserve,
                   t.unheard, s.table_schema, s.table_name
                 from steep_repl.range_status s
                 join steep_repl.range_tables t using (table_schema, table_name)
                 join pg_class c on c.oid = t.relation
                 join pg_namespace n on n.oid = c.relnamespace
                 order by 1",
                &[],
            )
            .await
            .while_doing("looking how far the ids are")?;
        let reports = self.shared.board.latest();
        let mut status = RangesStatus { tables: Vec::new(), bypasses: Bypass::all(&client).await? };
        for row in &rows {
            let table: String = row.get(0);
            let held = held(&client, row.get(10), row.get(11)).await?;
            let report = reports.of(&table);
            let count = |place| row.get::<_, Option<i64>>(place).unwrap_or_default().unsigned_abs();
            status.tables.push(RangeStatus {
                column: row.get(1),
                state: row.get(2),
                current_id: row.get(3),
                range: row.get::<_, Option<i64>>(4).zip(row.get(5)),
                percent_used: percent(row.get(6)),
                ids_left: count(7),
                reserve: count(8),
                ids_per_second: report.map(ids_per_second),
                lasts_seconds: report.and_then(|report| report.lasts).map(|lasts| lasts.as_secs()),
                table_ids_left: report.map(|report| report.outlook.left),
                table_lasts_seconds: report
                    .and_then(|report| report.outlook.lasts)
                    .map(|lasts| lasts.as_secs()),
                held,
                waits_for: row.get(9),
                trouble: report.and_then(|report| report.trouble.clone()),
                table,
            });
        }
        Ok(status)
    }

    /// Ranges that were granted, newest first.
    pub(super) async fn granted_ranges(
        &self,
        request: &RangeHistory,
    ) -> Result<Vec<RangeGrant>, NodeError> {
        if !(1..=1000).contains(&request.limit) {
            return misuse(
                format!("{} ranges cannot be listed", request.limit),
                "ask for 1 to 1000",
            );
        }
        let client = self.member().connect().await?;
        require_installed(&client).await?;
        let names = match &request.table {
            Some(table) => Some(ranges::known_as(&client, table).await?),
            None => None,
        };
        grants(&client, names.as_ref(), request.node.as_deref(), None, request.limit.into()).await
    }

    /// Gets this node a further range, in reserve for those it has.
    pub(super) async fn allocate_range(
        &self,
        request: &RangeAllocate,
    ) -> Result<Vec<RangeGrant>, NodeError> {
        if request.size == Some(0) {
            return misuse("a range of 0 ids holds none", "give a size of at least 1");
        }
        let client = self.member().connect().await?;
        require_installed(&client).await?;
        let table = managed(&client, &request.table).await?;
        let size =
            request.size.map_or(table.size(), |size| i64::try_from(size).unwrap_or(i64::MAX));
        let start = if request.force {
            ranges::grant_from_the_end(&client, (&table.schema, &table.table), size).await?.0
        } else {
            self.obtain(&client, &table, size).await?
        };
        let names = (table.schema, table.table);
        grants(&client, Some(&names), None, Some(&[start]), 1).await
    }

    /// Gets this node ranges until it has so many ids left, as before an outage that is planned.
    pub(super) async fn expand_ranges(
        &self,
        table: &str,
        ids: u64,
        tell: ProgressSink<'_>,
    ) -> Result<Vec<RangeGrant>, NodeError> {
        let client = self.member().connect().await?;
        require_installed(&client).await?;
        let table = managed(&client, table).await?;
        let block = table.block_ids.unsigned_abs();
        if ids.div_ceil(block) > MOST_RANGES {
            return misuse(
                format!("{ids} ids are more than {MOST_RANGES} ranges of at most {block}"),
                "ask for fewer: the daemon asks for more by itself when they are used",
            );
        }
        let mut starts = Vec::new();
        // Where blocks are cut up, a range is shorter than what was asked for.
        for number in 0..MOST_RANGES {
            let left = table.look(&client).await?.stock.total();
            let Some(missing) = ids.checked_sub(left).filter(|missing| *missing > 0) else { break };
            tell(Progress {
                step: format!("{left} of {ids} ids of table {} are left", table.shown),
                step_number: u32::try_from(number).unwrap_or(u32::MAX),
                ..Progress::default()
            });
            let size = missing.max(table.size().unsigned_abs()).min(block);
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            match self.obtain(&client, &table, size).await {
                Ok(start) => starts.push(start),
                Err(error) if starts.is_empty() => return Err(error),
                Err(error) => {
                    let done = format!("{} ranges of table {}", starts.len(), table.shown);
                    return Err(NodeError::Partly { done, source: Box::new(error) });
                }
            }
        }
        let names = (table.schema, table.table);
        grants(&client, Some(&names), None, Some(&starts), 1000).await
    }

    /// Gives one of this node's ranges up for good.
    pub(super) async fn release_range(
        &self,
        table: &str,
        start: i64,
    ) -> Result<Vec<RangeGrant>, NodeError> {
        let client = self.member().connect().await?;
        require_installed(&client).await?;
        let (schema, table) = ranges::require_managed(&client, table).await?;
        client
            .execute("select steep_repl.release_range($1, $2, $3)", &[&schema, &table, &start])
            .await
            .while_doing(format!(
                "releasing the range of {schema}.{table} that begins at {start}"
            ))?;
        grants(&client, Some(&(schema, table)), None, Some(&[start]), 1).await
    }

    /// Lets new sessions write any id, or checks them again. Says what that means.
    pub(super) async fn bypass_range_check(
        &self,
        request: &RangeBypass,
    ) -> Result<String, NodeError> {
        let client = self.member().connect().await?;
        require_installed(&client).await?;
        let bypass = Bypass { role: request.role.clone() };
        let whose = bypass.whose();
        if !request.enable {
            if request.seconds.is_some() {
                return misuse("a duration is of no use here", "give it with --enable");
            }
            bypass.disable(&client).await?;
            return Ok(format!(
                "{whose} that begin from now on are checked; those that run keep what they have"
            ));
        }
        bypass.enable(&client, request.seconds.map(Duration::from_secs)).await?;
        let until = match request.seconds {
            Some(seconds) => format!("within the next {seconds} s"),
            None => "from now on".to_owned(),
        };
        Ok(format!(
            "{whose} that begin {until} write any id, until they end; those that run are still checked"
        ))
    }

    async fn obtain(
        &self,
        client: &Connection,
        table: &Managed,
        size: i64,
    ) -> Result<i64, NodeError> {
        let links = Links::new(self.shared.peers.clone());
        let nodes = known_nodes(client, self.member().routes()).await?;
        links.lead_to(
            nodes.into_iter().filter_map(|node| Some((node.node, node.address?))).collect(),
        );
        let mut peers = self.shared.reachable.nodes();
        peers.retain(|peer| !table.unheard.contains(peer));
        let own = &self.member().endpoint().node;
        let ask = Ask { own, table: (&table.schema, &table.table), size, peers: &peers };
        Ok(ranges::obtain(client, &ask, &links).await?.start)
    }
}

async fn managed(client: &Connection, name: &str) -> Result<Managed, NodeError> {
    let (schema, table) = ranges::require_managed(client, name).await?;
    let all = ranges::managed(client).await?;
    match all.into_iter().find(|one| one.schema == schema && one.table == table) {
        Some(found) => Ok(found),
        None => misuse(
            format!("the sequence of table {name} is gone"),
            "see steep_repl.range_tables, and give the key its sequence back",
        ),
    }
}

/// What each node draws from, now or later.
async fn held(client: &Connection, schema: &str, table: &str) -> Result<Vec<HeldRange>, NodeError> {
    let rows = client
        .query(
            "select h.node_id, lower(u), upper(u) - 1
             from (select r.node_id, range_agg(int8range(r.range_start, r.range_end, '[]')) as ids
               from steep_repl.identity_ranges r
               where r.table_schema = $1 and r.table_name = $2 and r.status = 'active'
               group by r.node_id) h
             cross join unnest(h.ids) u
             order by 1, 2",
            &[&schema, &table],
        )
        .await
        .while_doing("looking which node draws which ids")?;
    Ok(rows
        .iter()
        .map(|row| HeldRange { node: row.get(0), first: row.get(1), last: row.get(2) })
        .collect())
}

/// Ranges, newest first: of a table, of a node, those that begin at these ids.
async fn grants(
    client: &Connection,
    table: Option<&(String, String)>,
    node: Option<&str>,
    starts: Option<&[i64]>,
    limit: i64,
) -> Result<Vec<RangeGrant>, NodeError> {
    let (schema, name) = (table.map(|table| &table.0), table.map(|table| &table.1));
    let rows = client
        .query(
            "select format('%I.%I', r.table_schema, r.table_name), r.node_id, r.granter,
               r.range_start, r.range_end,
               case when r.status = 'active' and r.turn is null then 'granted' else r.status end,
               to_char(r.allocated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
             from steep_repl.identity_ranges r
             where ($1::text is null or (r.table_schema = $1 and r.table_name = $2))
               and ($3::text is null or r.node_id = $3)
               and ($4::bigint[] is null or r.range_start = any ($4))
             order by r.allocated_at desc, r.range_start desc limit $5",
            &[&schema, &name, &node, &starts, &limit],
        )
        .await
        .while_doing("listing ranges")?;
    Ok(rows
        .iter()
        .map(|row| RangeGrant {
            table: row.get(0),
            node: row.get(1),
            granter: row.get(2),
            first: row.get(3),
            last: row.get(4),
            status: row.get(5),
            granted_at: row.get(6),
        })
        .collect())
}

fn ids_per_second(report: &TableReport) -> f64 {
    // A rate of 2^53 is beyond any server.
    report.rate.millis_per_second() as f64 / 1000.0
}

/// Rounded down: a range is full when it is.
fn percent(used: f64) -> u8 {
    used.clamp(0.0, 100.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_full_when_it_is() {
        assert_eq!([0.0, 79.99, 100.0, 101.0, -1.0].map(percent), [0, 79, 100, 100, 0]);
    }
}
