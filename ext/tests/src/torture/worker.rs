//! A node's own writes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use postgres::Client;
use postgres::error::SqlState;
use steep_testkit::wait::{self, Observed};

use super::Progress;
use super::operation::transaction;
use super::random::Random;
use crate::group::described;
use crate::{DATABASE, Failure, Group};

/// Longer than a server takes to come back, and than a lock is held.
const DEADLINE: Duration = Duration::from_secs(60);

/// What fails for good reasons when nodes and sessions fight; the transaction is given up.
const EXPECTED: [SqlState; 2] = [SqlState::UNIQUE_VIOLATION, SqlState::T_R_DEADLOCK_DETECTED];

/// Tries so many transactions on one node.
pub(super) fn work(
    group: &Group,
    node: &str,
    mut random: Random,
    transactions: usize,
    progress: &Progress,
) -> Result<(), Failure> {
    let mut session = None;
    for _ in 0..transactions {
        let statements = transaction(&mut random, node);
        if progress.is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut client = match session.take() {
            Some(client) => client,
            None => connect(group, node)?,
        };
        match run(&mut client, &statements) {
            Ok(()) => session = Some(client),
            // A server that crashed: what it had committed is committed, nobody knows.
            Err(error) if error.as_db_error().is_none() || is_shutdown(&error) => {}
            Err(error) if error.code().is_some_and(|code| EXPECTED.contains(code)) => {
                let is_open = statements.len() > 1;
                if !is_open || client.batch_execute("rollback").is_ok() {
                    session = Some(client);
                }
            }
            Err(error) => {
                let error = described(&error);
                return Err(group.failed(format!("on {node}: {error}\n  {statements:?}")));
            }
        }
        progress.transactions.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn run(client: &mut Client, statements: &[String]) -> Result<(), postgres::Error> {
    statements.iter().try_for_each(|statement| client.batch_execute(statement))
}

fn is_shutdown(error: &postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code().starts_with("57P"))
}

fn connect(group: &Group, node: &str) -> Result<Client, Failure> {
    let connected = wait::until(DEADLINE, format!("a session on {node}"), || {
        Ok::<_, Observed>(group.node(node).try_client(DATABASE)?)
    });
    connected.map_err(|error| group.failed(error))
}
