//! Copying rows from the source, several sessions at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use futures_util::{SinkExt, TryStreamExt};
use steep_pg::{Connection, Server};
use tokio::task::JoinSet;

use super::copy_plan::{CopiedTable, Piece, pieces};
use super::progress::Meter;
use super::snapshot::Exported;
use crate::error::{NodeError, While};
use crate::names;

/// Bytes that are gathered before they are handed on: the source sends a message for each row.
const GATHER: usize = 64 * 1024;

/// Where rows come from and where they go.
pub(super) struct Copying<'a> {
    pub(super) source: &'a Server,
    pub(super) source_node: &'a str,
    pub(super) snapshot: &'a Exported,
    pub(super) own: &'a Server,
    pub(super) jobs: usize,
    pub(super) meter: &'a Meter,
}

struct Queue {
    source: String,
    tables: Vec<CopiedTable>,
    pieces: Mutex<VecDeque<Piece>>,
    /// Pieces of each table that are yet to be done.
    open: Mutex<Vec<usize>>,
}

impl Copying<'_> {
    /// Copies everything, or fails with the first failure.
    pub(super) async fn run(&self, tables: Vec<CopiedTable>) -> Result<(), NodeError> {
        let pieces = pieces(&tables);
        let total = tables.iter().map(|table| table.bytes).sum();
        self.meter.expect(tables.len() as u64, total);
        let mut open = vec![0; tables.len()];
        for piece in &pieces {
            open[piece.table] += 1;
        }
        let jobs = self.jobs.min(pieces.len()).max(1);
        let queue = Arc::new(Queue {
            source: self.source_node.to_owned(),
            tables,
            pieces: Mutex::new(pieces.into()),
            open: Mutex::new(open),
        });
        let mut sessions = JoinSet::new();
        for number in 0..jobs {
            let from = self.source.connect().await.while_doing("connecting to the source")?;
            self.snapshot.take_up(&from).await?;
            let to = self.own.connect().await.while_doing("connecting to this server")?;
            let origin = format!("steep_repl:{}:copy{number}", self.source_node);
            prepare_writer(&to, &origin).await?;
            sessions.spawn(session(from, to, Arc::clone(&queue), self.meter.clone()));
        }
        while let Some(ended) = sessions.join_next().await {
            match ended {
                Ok(result) => result?,
                Err(error) => {
                    return Err(NodeError::File {
                        what: "copying rows".to_owned(),
                        source: std::io::Error::other(error),
                    });
                }
            }
        }
        Ok(())
    }
}

/// A session whose rows count as copied: no trigger fires, no other node receives them, and their
/// version is older than whatever is yet to arrive.
async fn prepare_writer(to: &Connection, origin: &str) -> Result<(), NodeError> {
    let origin = names::literal(origin);
    to.batch_execute(&format!(
        "set session_replication_role = replica; set synchronous_commit = off;
         select pg_replication_origin_create({origin})
         where pg_replication_origin_oid({origin}) is null;
         select pg_replication_origin_session_setup({origin})"
    ))
    .await
    .while_doing("preparing a session that writes copied rows")
}

async fn session(
    from: Connection,
    to: Connection,
    queue: Arc<Queue>,
    meter: Meter,
) -> Result<(), NodeError> {
    loop {
        let Some(piece) = queue.pieces.lock().ok().and_then(|mut pieces| pieces.pop_front()) else {
            let free = to.batch_execute("select pg_replication_origin_session_reset()").await;
            return free.while_doing("ending a session that writes copied rows");
        };
        let table = &queue.tables[piece.table];
        meter.table(&table.name, table.bytes);
        copy_piece(&from, &to, table, &piece, &meter)
            .await
            .while_doing(format!("copying rows of table {}", table.name))?;
        let is_done = queue.open.lock().is_ok_and(|mut open| {
            open[piece.table] -= 1;
            open[piece.table] == 0
        });
        if is_done {
            tracing::info!(
                peer = queue.source,
                table = table.name,
                "the rows of a table are copied"
            );
            meter.table_done(&table.name);
        }
    }
}

async fn copy_piece(
    from: &Connection,
    to: &Connection,
    table: &CopiedTable,
    piece: &Piece,
    meter: &Meter,
) -> Result<(), tokio_postgres::Error> {
    to.batch_execute(
        "begin; select pg_replication_origin_xact_setup('0/1', steep_repl.copied_row_timestamp())",
    )
    .await?;
    let out = from.copy_out(&table.copy_out(piece)).await?;
    let sink = to.copy_in(&table.copy_in()).await?;
    futures_util::pin_mut!(out, sink);
    let mut gathered = BytesMut::with_capacity(2 * GATHER);
    let mut rows = 0;
    while let Some(bytes) = out.try_next().await? {
        gathered.extend_from_slice(&bytes);
        rows += 1;
        if gathered.len() >= GATHER {
            let full = gathered.split().freeze();
            meter.copied(rows, full.len() as u64);
            rows = 0;
            sink.send(full).await?;
            gathered.reserve(2 * GATHER);
        }
    }
    meter.copied(rows, gathered.len() as u64);
    sink.send(gathered.freeze()).await?;
    sink.as_mut().finish().await?;
    to.batch_execute("commit").await
}

/// Gives the numbers of the writers' origins back: the rows' timestamp says enough.
pub(super) async fn drop_origins(client: &Connection) -> Result<(), NodeError> {
    client
        .query(
            "select pg_replication_origin_drop(o.roname) from pg_replication_origin o
             where o.roname ~ '^steep_repl:.*:copy[0-9]+$'",
            &[],
        )
        .await
        .while_doing("dropping the writers' origins")?;
    Ok(())
}
