//! A further range, when a sequence comes to the end of the last one.
//!
//! A grant has to be durable before anything is drawn from it. The transaction that finds the sequence
//! at its end may roll back, so a process of its own makes the grant and commits it, while the
//! transaction waits.

use super::rows::Recorded;
use super::runs::{Next, Runs};
use super::{headroom, sequence};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::time::{Duration, Instant};
use steep_ranges::{Draw, Row, Urgency};

/// Ranges that are too short to draw from, at the ends of blocks, are passed over; so many at most.
const ATTEMPTS: usize = 16;

/// How many times the headroom a range holds at least: the headroom is lost at its end.
const LEAST_HEADROOMS: u64 = 4;

/// Sees to it that a run of ids follows the one that the sequence is in; `false` if there is none.
///
/// Ranges that others have granted come first. If the sequence stands in no range of this node, nobody
/// knows how far they were used, and they are given up.
///
/// # Safety
/// Inside a transaction with a snapshot, as the owner of the extension.
pub(super) unsafe fn replenish(mut recorded: Recorded) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let stand = sequence::stand(recorded.sequence);
        let position = recorded.position();
        let mut rows = Vec::new();
        // A sequence that no range was ever drawn from is no lost one.
        let began = recorded.allocator.supply().next(position) != Draw::Lost;
        if !began {
            rows.extend(recorded.allocator.give_up());
        }
        rows.extend(recorded.allocator.settle(position));
        rows.extend(recorded.allocator.take_up());
        let least = headroom::of(recorded.sequence);
        let block = recorded.allocator.state().space().block_ids();
        let size = recorded.next_size().max(least.saturating_mul(LEAST_HEADROOMS)).min(block);
        let mut has_next = false;
        for _ in 0..ATTEMPTS {
            let runs = Runs::of(recorded.allocator.supply());
            let at = stand.last_value;
            let is_extended = runs.at(at).is_some_and(|run| run.end().abs_diff(at) >= least);
            has_next = is_extended
                || match runs.after(at, least) {
                    Next::Run(_) => true,
                    Next::None => false,
                    // What was granted before has been given up.
                    Next::Lost => runs.first(least).is_some(),
                };
            if has_next {
                break;
            }
            let request = recorded.allocator.request(size);
            match recorded.allocator.grant(&request, Urgency::Routine) {
                Ok(grant) => rows.push(Row::Grant(grant)),
                Err(_) => break,
            }
            rows.extend(recorded.allocator.take_up());
        }
        recorded.record(&rows);
        has_next
    }
}

/// How long to wait for a place among the processes (max_worker_processes), which other tables may have.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lets a process of its own do [`replenish`], and waits for it. Whether it succeeded shows in the ranges.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn and_wait(relation: pg_sys::Oid) {
    let began = Instant::now();
    // SAFETY: the caller's promise; an interrupt ends the wait with an error.
    unsafe {
        while !started(relation) {
            if began.elapsed() > PATIENCE {
                ereport!(
                    PgLogLevel::WARNING,
                    PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                    "no process was free to allocate a range of ids",
                    "Raise max_worker_processes."
                );
                break;
            }
            pg_sys::pg_usleep(10_000);
            pgrx::check_for_interrupts!();
        }
    }
}

/// Starts the process and waits for its end; `false` if there was no place for it.
unsafe fn started(relation: pg_sys::Oid) -> bool {
    // SAFETY: the structure is filled in as bgworker.h asks; waiting gives way to interrupts.
    unsafe {
        let mut worker = pg_sys::BackgroundWorker {
            bgw_flags: (pg_sys::BGWORKER_SHMEM_ACCESS
                | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION) as i32,
            bgw_start_time: pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished,
            bgw_restart_time: pg_sys::BGW_NEVER_RESTART,
            bgw_main_arg: pg_sys::Datum::from(relation),
            bgw_notify_pid: pg_sys::MyProcPid,
            ..Default::default()
        };
        put(&mut worker.bgw_name, "steep_repl range allocation");
        put(&mut worker.bgw_type, "steep_repl range allocation");
        put(&mut worker.bgw_library_name, "steep_repl");
        put(&mut worker.bgw_function_name, "steep_replenish_ranges");
        // The database, for the process has none yet.
        let database = pg_sys::MyDatabaseId.to_u32().to_ne_bytes();
        for (place, byte) in worker.bgw_extra.iter_mut().zip(database) {
            *place = byte as std::ffi::c_char;
        }
        let mut handle = std::ptr::null_mut();
        let has_place = pg_sys::RegisterDynamicBackgroundWorker(&mut worker, &mut handle);
        if has_place {
            pg_sys::WaitForBackgroundWorkerShutdown(handle);
        }
        has_place
    }
}

/// Writes a text into a field of fixed length, which ends with zeros.
fn put(field: &mut [std::ffi::c_char], text: &str) {
    for (place, byte) in field.iter_mut().zip(text.bytes()) {
        *place = byte as std::ffi::c_char;
    }
}

/// The process.
///
/// # Safety
/// Called by the server as the main function of a background worker.
#[unsafe(no_mangle)]
#[pg_guard]
unsafe extern "C-unwind" fn steep_replenish_ranges(relation: pg_sys::Datum) {
    // SAFETY: the sequence of every background worker (worker_spi.c).
    unsafe {
        pg_sys::BackgroundWorkerUnblockSignals();
        let extra = &(*pg_sys::MyBgworkerEntry).bgw_extra;
        let database: [u8; 4] = std::array::from_fn(|place| extra[place] as u8);
        let database = pg_sys::Oid::from(u32::from_ne_bytes(database));
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, pg_sys::InvalidOid, 0);
        set(c"search_path", c"pg_catalog, pg_temp");
        // Whoever waits for this holds no lock that it needs, unless it has decided something about the
        // same table in its own transaction.
        set(c"lock_timeout", c"2s");
        set(c"synchronous_commit", c"local");
        // Whatever the defaults of the database are.
        set(c"default_transaction_read_only", c"off");
        set(c"default_transaction_isolation", c"read committed");
        set(c"application_name", c"steep_repl range allocation");
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        if let Some(recorded) = Recorded::of(pg_sys::Oid::from(relation.value() as u32)) {
            replenish(recorded);
        }
        pg_sys::PopActiveSnapshot();
        pg_sys::CommitTransactionCommand();
    }
}

unsafe fn set(name: &std::ffi::CStr, value: &std::ffi::CStr) {
    // SAFETY: in a process of the server that has set up its settings.
    unsafe {
        pg_sys::SetConfigOption(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_OVERRIDE,
        );
    }
}
