//! What a server says when it refuses a statement.

use postgres::Client;
use steep_testkit::PgCluster;

/// The parts of an error that a user reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE, five characters.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// Why; empty if the server gave none.
    pub detail: String,
    /// The way out; empty if the server gave none.
    pub hint: String,
}

/// Runs `sql` as superuser in `database` and returns the error it must end with, which the
/// server's log may then hold as well.
///
/// # Panics
/// When the statement succeeds, or fails without an answer of the server.
#[must_use]
#[track_caller]
pub fn refusal(cluster: &PgCluster, database: &str, sql: &str) -> Refusal {
    refusal_of(cluster, &mut cluster.client(database), sql)
}

/// As [`refusal`], in an open session.
///
/// # Panics
/// When the statement succeeds, or fails without an answer of the server.
#[must_use]
#[track_caller]
pub fn refusal_of(cluster: &PgCluster, client: &mut Client, sql: &str) -> Refusal {
    let Err(error) = client.batch_execute(sql) else { panic!("was not refused: {sql}") };
    let Some(answer) = error.as_db_error() else { panic!("no answer to {sql}: {error}") };
    // The log indents the further lines of a message.
    cluster.expect_error(answer.message().lines().next().unwrap_or_default());
    Refusal {
        code: answer.code().code().to_owned(),
        message: answer.message().to_owned(),
        detail: answer.detail().unwrap_or_default().to_owned(),
        hint: answer.hint().unwrap_or_default().to_owned(),
    }
}
