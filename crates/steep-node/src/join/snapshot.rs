//! A slot on the source, and the snapshot that ends where the slot begins.
//!
//! Only a replication connection exports it (`CREATE_REPLICATION_SLOT`, walsender.c), and only while
//! the connection stays as it is.

use std::process::Stdio;

use steep_pg::{Connection, Settings};
use steep_types::Lsn;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};

use super::programs::{Programs, complaint};
use crate::error::{NodeError, While};
use crate::names;

/// An exported snapshot is a transaction that is open until every row is copied. PostgreSQL 16 does not
/// know this limit.
const PATIENT_SINCE_17: &str = "do $$ begin
  perform pg_catalog.set_config('transaction_timeout', '0', false)
  where pg_catalog.current_setting('transaction_timeout', true) is not null;
end $$;";

/// An exported snapshot; it can be taken up until this is dropped.
#[derive(Debug)]
pub(super) struct Exported {
    /// Its name.
    pub(super) name: String,
    /// Where the slot begins: what was committed later is not in the snapshot.
    pub(super) lsn: Lsn,
    _psql: Child,
    _held: ChildStdin,
}

impl Exported {
    /// Makes the slot. Waits for the transactions that run on the source.
    pub(super) async fn make(
        programs: &Programs,
        source: &Settings,
        slot: &str,
    ) -> Result<Self, NodeError> {
        let mut command = programs.command("psql", source);
        command
            .args(["-X", "-q", "-A", "-t", "-F", "|", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(Programs::conninfo(source, &[("replication", "database")]))
            .stdin(Stdio::piped());
        let mut psql = command.spawn().map_err(|error| programs.missing("psql", &error))?;
        let broken = |what: &str| NodeError::Program {
            program: "psql".to_owned(),
            reason: what.to_owned(),
            hint: "see the log of the source's PostgreSQL".to_owned(),
        };
        let (Some(mut stdin), Some(stdout)) = (psql.stdin.take(), psql.stdout.take()) else {
            return Err(broken("it has no input or output"));
        };
        let statement = format!(
            "{PATIENT_SINCE_17}\nCREATE_REPLICATION_SLOT {} LOGICAL pgoutput (SNAPSHOT 'export');\n",
            names::identifier(slot)
        );
        // An error shows in what it answers.
        let _ = stdin.write_all(statement.as_bytes()).await;
        let _ = stdin.flush().await;
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line).await;
        let mut fields = line.trim().split('|');
        let answer = (fields.next(), fields.next(), fields.next());
        match (read, answer) {
            (Ok(1..), (Some(_), Some(lsn), Some(name))) => {
                let lsn = lsn.parse().map_err(|_| broken(&format!("it answered {line:?}")))?;
                Ok(Self { name: name.to_owned(), lsn, _psql: psql, _held: stdin })
            }
            _ => {
                drop(stdin);
                let mut said = Vec::new();
                if let Some(mut stderr) = psql.stderr.take() {
                    let _ = stderr.read_to_end(&mut said).await;
                }
                Err(complaint("psql", &said))
            }
        }
    }

    /// Begins a transaction that sees the source as it was then.
    pub(super) async fn take_up(&self, source: &Connection) -> Result<(), NodeError> {
        source
            .batch_execute(&format!(
                "begin isolation level repeatable read read only; set transaction snapshot {}",
                names::literal(&self.name)
            ))
            .await
            .while_doing("taking up the source's snapshot")
    }
}
