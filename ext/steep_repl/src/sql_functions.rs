//! The functions that `sql/install/*.sql` declares with `language c`.

use crate::{data_directory, server};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// `steep_repl.version()`: the version of the loaded library.
#[pg_extern(sql = false)]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// `steep_repl.system_identifier()`: the cluster's identifier as initdb made it.
///
/// The server keeps 64 unsigned bits and shows them signed (`pg_control_system`); so do we.
#[pg_extern(sql = false)]
fn system_identifier() -> i64 {
    server::system_identifier().cast_signed()
}

/// `steep_repl.data_directory_fingerprint()`: see [`data_directory`].
#[pg_extern(sql = false)]
fn data_directory_fingerprint() -> &'static str {
    match data_directory::fingerprint() {
        Some(fingerprint) => fingerprint,
        None => {
            ErrorReport::new(
                PgSqlErrorCode::ERRCODE_IO_ERROR,
                "could not read the identity of the data directory",
                function_name!(),
            )
            .set_detail("The file PG_VERSION in the data directory could not be examined when the server started.")
            .set_hint("Check the permissions of the data directory and restart the server.")
            .report(PgLogLevel::ERROR);
            unreachable!("an ERROR report does not return")
        }
    }
}
