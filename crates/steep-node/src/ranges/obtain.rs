//! One range for one table: from whom, and from whom else.

use steep_pg::Connection;
use steep_proto::{RangeRequest, RangeResponse};

use super::links::RangePeers;
use super::reserve::grant_to_itself;
use crate::error::{NodeError, While, refused};

/// What a node wants.
pub(crate) struct Ask<'a> {
    /// This node.
    pub(crate) own: &'a str,
    /// Schema and table, as all nodes know them.
    pub(crate) table: (&'a str, &'a str),
    /// How many ids.
    pub(crate) size: i64,
    /// Peers that are likely to answer.
    pub(crate) peers: &'a [String],
}

/// What it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obtained {
    /// First id.
    pub(crate) start: i64,
    /// Last id.
    pub(crate) end: i64,
    /// Whose blocks it is from.
    pub(crate) granter: String,
}

/// Asks whoever owns the lowest free id, so that ids stay dense. Who does not answer, or cannot grant, is
/// passed over: this node's own blocks come next, because they need nobody, then those of the others.
///
/// The row is recorded here before this returns, and has its turn. It arrives by replication as well.
///
/// # Errors
/// When nobody has a range to grant: what this node itself said of it, if it owns ids.
pub(crate) async fn obtain(
    client: &Connection,
    ask: &Ask<'_>,
    links: &dyn RangePeers,
) -> Result<Obtained, NodeError> {
    let mut left: Vec<&str> = ask.peers.iter().map(String::as_str).chain([ask.own]).collect();
    let mut failure = None;
    while let Some(granter) = next(client, ask, &left, failure.is_some()).await? {
        left.retain(|node| **node != granter);
        let granted = if granter == ask.own {
            let ends = grant_to_itself(client, ask.table, ask.size).await;
            ends.map(|(start, end)| Obtained { start, end, granter: granter.clone() })
        } else {
            from(client, ask, &granter, links).await
        };
        match granted {
            Ok(granted) => return Ok(granted),
            Err(error) if client.is_closed() => return Err(error),
            Err(error) => {
                tracing::debug!(
                    node = ask.own,
                    peer = granter,
                    table = ask.table.1,
                    error = error.for_log(),
                    "no range"
                );
                if failure.is_none() || granter == ask.own {
                    failure = Some(error);
                }
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => refused(
            format!("no node that answers owns a free id of table {}.{}", ask.table.0, ask.table.1),
            "start the daemons of the other nodes; if none of them owns any, the column needs a larger type",
        ),
    }
}

/// Whom to ask now.
async fn next(
    client: &Connection,
    ask: &Ask<'_>,
    left: &[&str],
    has_failed: bool,
) -> Result<Option<String>, NodeError> {
    if left.is_empty() {
        return Ok(None);
    }
    if has_failed && left.contains(&ask.own) {
        return Ok(Some(ask.own.to_owned()));
    }
    let (schema, table) = ask.table;
    let row = client
        .query_one("select steep_repl.range_granter($1, $2, $3)", &[&schema, &table, &left])
        .await
        .while_doing(format!("looking who owns the lowest free id of {schema}.{table}"))?;
    Ok(row.get(0))
}

async fn from(
    client: &Connection,
    ask: &Ask<'_>,
    granter: &str,
    links: &dyn RangePeers,
) -> Result<Obtained, NodeError> {
    let (schema, table) = ask.table;
    let what = format!("asking node {granter} for a range of {schema}.{table}");
    let number: i64 = client
        .query_one("select steep_repl.next_range_request($1, $2)", &[&schema, &table])
        .await
        .while_doing(&what)?
        .get(0);
    let answer = request(ask, granter, number, links).await?;
    record(client, ask, granter, &answer).await.while_doing(&what)?;
    Ok(Obtained { start: answer.range_start, end: answer.range_end, granter: granter.to_owned() })
}

/// Asks for a range of a table that this node is about to manage: otherwise it would begin with its own
/// first block, and its ids far from those of the others.
///
/// # Errors
/// When the granter does not answer, or has none. The table can be managed all the same.
pub(crate) async fn obtain_first(
    client: &Connection,
    ask: &Ask<'_>,
    granter: &str,
    links: &dyn RangePeers,
) -> Result<(), NodeError> {
    let (schema, table) = ask.table;
    let what = format!("asking node {granter} for a first range of {schema}.{table}");
    // As `Allocator::request` numbers it, which needs a table that is managed.
    let number: i64 = client
        .query_one(
            "select coalesce(max(r.request) + 1, 0) from steep_repl.identity_ranges r
             where r.table_schema = $1 and r.table_name = $2 and r.node_id = $3",
            &[&schema, &table, &ask.own],
        )
        .await
        .while_doing(&what)?
        .get(0);
    let answer = request(ask, granter, number, links).await?;
    client
        .execute(
            "select steep_repl.put_range_row($1, $2, 'grant', $3::text::jsonb)",
            &[&schema, &table, &answer.row],
        )
        .await
        .while_doing(what)?;
    Ok(())
}

async fn request(
    ask: &Ask<'_>,
    granter: &str,
    number: i64,
    links: &dyn RangePeers,
) -> Result<RangeResponse, NodeError> {
    let (schema, table) = ask.table;
    let request = RangeRequest {
        node_id: ask.own.to_owned(),
        table_schema: schema.to_owned(),
        table_name: table.to_owned(),
        size: ask.size,
        request: number,
    };
    let answer = links.allocate(granter, request).await?;
    if !is_answer(&answer, ask.own, granter, number) {
        return refused(
            format!("node {granter} answers with a range that was not asked for: {}", answer.row),
            "update its daemon",
        );
    }
    Ok(answer)
}

/// Whether the row says what the answer says, and that it is for this node and by that one.
fn is_answer(answer: &RangeResponse, own: &str, granter: &str, number: i64) -> bool {
    let Ok(row) = serde_json::from_str::<serde_json::Value>(&answer.row) else { return false };
    row["node_id"] == own
        && row["granter"] == granter
        && row["request"] == number
        && row["range_start"] == answer.range_start
        && row["range_end"] == answer.range_end
}

/// The row, its turn and the entry in the audit log: all or nothing.
async fn record(
    client: &Connection,
    ask: &Ask<'_>,
    granter: &str,
    answer: &RangeResponse,
) -> Result<(), tokio_postgres::Error> {
    let (schema, table) = ask.table;
    client.batch_execute("begin").await?;
    let recorded = async {
        client
            .execute(
                "select steep_repl.put_range_row($1, $2, 'grant', $3::text::jsonb)",
                &[&schema, &table, &answer.row],
            )
            .await?;
        client.execute("select steep_repl.take_up_ranges($1, $2)", &[&schema, &table]).await?;
        client
            .execute(
                "select steep_repl.audit('range.allocate', 'table', format('%I.%I', $1::text, $2::text), null,
                   jsonb_build_object('range_start', $3::bigint, 'granter', $4::text))",
                &[&schema, &table, &answer.range_start, &granter],
            )
            .await?;
        client.batch_execute("commit").await
    }
    .await;
    if recorded.is_err() {
        // If the connection is lost, so is the transaction.
        let _ = client.batch_execute("rollback").await;
    }
    recorded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(row: &str) -> RangeResponse {
        RangeResponse { range_start: 1, range_end: 10, row: row.to_owned() }
    }

    #[test]
    fn only_what_was_asked_for_is_recorded() {
        let row =
            r#"{"node_id": "b", "granter": "a", "request": 3, "range_start": 1, "range_end": 10}"#;
        assert!(is_answer(&answer(row), "b", "a", 3));
        for (own, granter, number) in [("c", "a", 3), ("b", "c", 3), ("b", "a", 4)] {
            assert!(!is_answer(&answer(row), own, granter, number));
        }
        let other = RangeResponse { range_end: 11, ..answer(row) };
        assert!(!is_answer(&other, "b", "a", 3));
        assert!(!is_answer(&answer("no row"), "b", "a", 3));
    }
}
