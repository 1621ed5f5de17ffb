//! The answer to a node that asks for a range.

use steep_pg::Connection;
use steep_proto::{RangeRequest, RangeResponse};

use super::here::are_installed;
use crate::error::{NodeError, While, refused};
use crate::member::Member;

impl Member {
    /// Grants `holder` a range out of this node's blocks, over a connection of its own.
    ///
    /// # Errors
    /// When the table is not managed here, or this node owns no free id of it.
    pub async fn grant_range(
        &self,
        holder: &str,
        request: &RangeRequest,
    ) -> Result<RangeResponse, NodeError> {
        grant(&self.connect().await?, &self.endpoint().node, holder, request).await
    }
}

/// Grants `holder` a range out of this node's blocks. A repeated request has the same answer.
///
/// The statement that grants is a transaction of its own: the range is recorded before it is told.
///
/// # Errors
/// When the table is not managed here, or this node owns no free id of it.
pub(crate) async fn grant(
    client: &Connection,
    own: &str,
    holder: &str,
    request: &RangeRequest,
) -> Result<RangeResponse, NodeError> {
    let RangeRequest { table_schema, table_name, size, request: number, .. } = request;
    let what = format!("granting a range of {table_schema}.{table_name} to node {holder}");
    if !are_installed(client).await? {
        return refused(
            format!("the extension of node {own} has no identity ranges"),
            "update it there: alter extension steep_repl update",
        );
    }
    let start: i64 = client
        .query_one(
            "select steep_repl.grant_range($1, $2, $3, $4, $5, false)",
            &[table_schema, table_name, &holder, number, size],
        )
        .await
        .while_doing(&what)?
        .get(0);
    let row = client
        .query_one(
            "select r.range_end, (to_jsonb(r) - 'id')::text from steep_repl.identity_ranges r
             where r.table_schema = $1 and r.table_name = $2 and r.range_start = $3",
            &[table_schema, table_name, &start],
        )
        .await
        .while_doing(&what)?;
    let (end, row): (i64, String) = (row.get(0), row.get(1));
    tracing::debug!(node = own, peer = holder, table = table_name, start, end, "granted a range");
    Ok(RangeResponse { range_start: start, range_end: end, row })
}
