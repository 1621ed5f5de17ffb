//! The refusal to work when loaded too late.

use crate::server;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Stops with an error that names the setting, unless the server is loading
/// `shared_preload_libraries`.
pub(crate) fn require_shared_preload() {
    if server::is_preloading() {
        return;
    }
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "steep_repl must be loaded through \"shared_preload_libraries\"",
        function_name!(),
    )
    .set_detail("The library was about to be loaded into a single session, where its hooks would miss every other process.")
    .set_hint("Add steep_repl to shared_preload_libraries (show shared_preload_libraries; alter system set shared_preload_libraries = …) and restart the server.")
    .report(PgLogLevel::ERROR);
}
