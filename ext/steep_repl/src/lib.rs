//! The `steep_repl` extension: what has to live inside PostgreSQL.
//!
//! The SQL objects are written by hand in `sql/install/*.sql`; this library holds what SQL cannot
//! do: settings, hooks, and facts about the server that only its own process knows.
//!
//! The library works only when it is loaded through `shared_preload_libraries`, because hooks and
//! apply-worker callbacks must be in place in every process from its start. Loaded any other way
//! it refuses with the setting to change.

mod boundary;
mod data_directory;
mod guard;
mod guc;
mod hook;
mod infallible;
mod kept;
mod preload;
mod ranges;
mod server;
mod sql_functions;
mod superuser;
mod tap;

use guard::ANNOUNCED;
use pgrx::prelude::*;

pgrx::pg_module_magic!(name, version);

/// PostgreSQL's entry point, called once in the postmaster (and again in every process where the
/// platform cannot fork).
#[pg_guard]
// pg_shmem_init asks for the features of older servers.
#[allow(non_snake_case, unexpected_cfgs)]
extern "C-unwind" fn _PG_init() {
    preload::require_shared_preload();
    guc::register();
    data_directory::remember();
    hook::install();
    tap::register();
    ranges::register();
    pgrx::pg_shmem_init!(ANNOUNCED);
}
