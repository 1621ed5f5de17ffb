//! What this node does about ranges without asking anybody.

use steep_pg::Connection;

use crate::error::{NodeError, While};

/// Gives each range that has been granted to this node its turn. Returns how many there were.
///
/// # Errors
/// When the query fails.
pub(crate) async fn take_up(
    client: &Connection,
    (schema, table): (&str, &str),
) -> Result<i32, NodeError> {
    client
        .query_one("select steep_repl.take_up_ranges($1, $2)", &[&schema, &table])
        .await
        .while_doing(format!("taking up ranges of {schema}.{table}"))
        .map(|row| row.get(0))
}

/// Grants this node a range out of its own blocks. Returns its ends.
///
/// # Errors
/// When it owns no free id, or the rest of them is kept back.
pub(crate) async fn grant_to_itself(
    client: &Connection,
    (schema, table): (&str, &str),
    size: i64,
) -> Result<(i64, i64), NodeError> {
    client
        .query_one(
            "select range_start, range_end from steep_repl.allocate_range($1, $2, $3)",
            &[&schema, &table, &size],
        )
        .await
        .while_doing(format!("granting a range of {schema}.{table} out of this node's own blocks"))
        .map(|row| (row.get(0), row.get(1)))
}

/// The same out of the ids that are kept back at the end of the table's space, because a person says so.
///
/// # Errors
/// When it owns no free id at all.
pub(crate) async fn grant_from_the_end(
    client: &Connection,
    (schema, table): (&str, &str),
    size: i64,
) -> Result<(i64, i64), NodeError> {
    let what = format!("granting a range of {schema}.{table} from the end of its ids");
    let start: i64 = client
        .query_one(
            "select steep_repl.grant_range($1, $2, steep_repl.node_id(),
               steep_repl.next_range_request($1, $2), $3, true)",
            &[&schema, &table, &size],
        )
        .await
        .while_doing(&what)?
        .get(0);
    take_up(client, (schema, table)).await?;
    client
        .query_one(
            "select range_end from steep_repl.identity_ranges
             where table_schema = $1 and table_name = $2 and range_start = $3",
            &[&schema, &table, &start],
        )
        .await
        .while_doing(&what)
        .map(|row| (start, row.get(0)))
}

/// Marks what the sequence has left behind.
///
/// # Errors
/// When the query fails.
pub(crate) async fn settle(
    client: &Connection,
    (schema, table): (&str, &str),
) -> Result<i32, NodeError> {
    client
        .query_one("select steep_repl.settle_ranges($1, $2)", &[&schema, &table])
        .await
        .while_doing(format!("marking ranges of {schema}.{table} as used up"))
        .map(|row| row.get(0))
}
