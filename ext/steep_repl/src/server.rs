//! Facts about the running server, each one read of a global or one call that cannot fail.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::ffi::CStr;
use std::path::PathBuf;

/// Whether the server is loading `shared_preload_libraries` right now.
///
/// Also true in the children that re-run the preload list on platforms without `fork`
/// (`process_shared_preload_libraries`, miscinit.c).
pub(crate) fn is_preloading() -> bool {
    // SAFETY: a plain global of the server, written only by the thread that runs this.
    unsafe { pg_sys::process_shared_preload_libraries_in_progress }
}

/// The data directory; `None` if its name is not UTF-8.
pub(crate) fn data_directory() -> Option<PathBuf> {
    // SAFETY: DataDir is a C string set before libraries are preloaded and never changed after.
    let name = unsafe { CStr::from_ptr(pg_sys::DataDir) };
    Some(PathBuf::from(name.to_str().ok()?))
}

/// The cluster's identifier as initdb made it.
pub(crate) fn system_identifier() -> u64 {
    // SAFETY: reads the control file's copy in shared memory, which exists in every backend.
    unsafe { pg_sys::GetSystemIdentifier() }
}

/// Reserves the prefix `steep_repl.` for this library's settings.
pub(crate) fn reserve_setting_prefix() {
    // SAFETY: a C string that lives for ever; called once from _PG_init.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"steep_repl".as_ptr()) };
}
