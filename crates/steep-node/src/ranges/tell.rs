//! What this node tells of identity ranges to one that joins, or was restored.

use std::time::Duration;

use steep_pg::Connection;
use steep_proto::{Member as MemberEntry, RangedTable, TellRangesRequest, TellRangesResponse};
use tokio_postgres::error::SqlState;

use super::here::are_installed;
use super::look::managed;
use super::page;
use crate::error::{NodeError, While, refused};
use crate::member::Member;

/// How long an apply worker may take to end: it gives way between two changes.
const ENDING: Duration = Duration::from_secs(20);

impl Member {
    /// Tells `peer` what this node knows of identity ranges, a page at a time. Before the first page it
    /// gives a node that joins blocks of each table, and lets nothing older of a restored one arrive here
    /// any more.
    ///
    /// # Errors
    /// When PostgreSQL refuses, or an apply worker does not end.
    pub async fn tell_ranges(
        &self,
        peer: &str,
        request: &TellRangesRequest,
    ) -> Result<TellRangesResponse, NodeError> {
        let client = self.connect().await?;
        if !are_installed(&client).await? {
            return Ok(TellRangesResponse { rows: "[]".to_owned(), ..Default::default() });
        }
        let mut told = TellRangesResponse::default();
        if request.after.is_empty() {
            if request.is_restored {
                end_the_past_of(&client, peer).await?;
            }
            if request.share {
                share_with(&client, &self.endpoint().node, peer).await?;
            }
            let tables = managed(&client).await?;
            told.tables = tables
                .into_iter()
                .map(|table| RangedTable { table_schema: table.schema, table_name: table.table })
                .collect();
            told.nodes = nodes(&client).await?;
        }
        let page = page::after(&client, &request.after).await?;
        Ok(TellRangesResponse { rows: page.rows, next: page.next, ..told })
    }
}

/// Ends the worker that applies a peer's changes. Whatever it had received of the server that ran before
/// the restore, and not committed, is gone with it. The one that follows it connects to the server that
/// answers at the peer's address now, which is the restored one.
async fn end_the_past_of(client: &Connection, peer: &str) -> Result<(), NodeError> {
    let what = format!("ending what may still arrive from the past of node {peer}");
    let millis = i64::try_from(ENDING.as_millis()).unwrap_or(i64::MAX);
    let rows = client
        .query(
            "select pg_terminate_backend(w.pid, $2)
             from steep_repl.peers p
             join pg_subscription s on s.subname = p.subscription
             join pg_database d on d.oid = s.subdbid and d.datname = current_database()
             join pg_stat_subscription w on w.subid = s.oid and w.pid is not null
             where p.node_id = $1",
            &[&peer, &millis],
        )
        .await
        .while_doing(&what)?;
    if rows.iter().all(|row| row.get(0)) {
        return Ok(());
    }
    refused(
        format!("the apply worker of the subscription to node {peer} does not end"),
        "see pg_stat_activity on this node for what it waits for",
    )
}

/// Every second untouched block of this node, unless the peer owns some already. A node that has too few,
/// or was restored itself, shares nothing: the peer is granted ranges all the same.
async fn share_with(client: &Connection, own: &str, peer: &str) -> Result<(), NodeError> {
    for table in managed(client).await? {
        let shared = client
            .execute(
                "select steep_repl.share_ranges($1, $2, $3)",
                &[&table.schema, &table.table, &peer],
            )
            .await;
        match shared {
            Err(error) if error.code() == Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE) => {
                let error = steep_pg::PgError::from(error);
                tracing::warn!(
                    node = own,
                    peer,
                    table = table.shown,
                    error = error.for_log(),
                    "no blocks were shared"
                );
            }
            shared => {
                shared.while_doing(format!(
                    "sharing the ids of table {} with node {peer}",
                    table.shown
                ))?;
            }
        }
    }
    Ok(())
}

/// Every node there has been: ranges of those that have left are remembered, too.
async fn nodes(client: &Connection) -> Result<Vec<MemberEntry>, NodeError> {
    let rows = client
        .query(
            "select node_id, node_name, priority, host, port, coalesce(grpc_host, host),
               coalesce(grpc_port, 0), status
             from steep_repl.nodes order by node_id",
            &[],
        )
        .await
        .while_doing("listing the nodes")?;
    Ok(rows
        .iter()
        .map(|row| MemberEntry {
            node_id: row.get(0),
            node_name: row.get(1),
            priority: row.get(2),
            postgres_host: row.get(3),
            postgres_port: row.get::<_, i32>(4).unsigned_abs(),
            grpc_host: row.get(5),
            grpc_port: row.get::<_, i32>(6).unsigned_abs(),
            status: row.get(7),
        })
        .collect())
}
