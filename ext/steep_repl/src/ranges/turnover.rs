//! Moving a sequence from the end of one range to the start of the next.

use super::held::{self, Held};
use super::rows::Recorded;
use super::runs::{Next, Runs};
use super::{as_owner, headroom, replenish, sequence};
use pgrx::pg_sys;
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use steep_ranges::IdRange;

/// After a range was asked for in vain, how long a session goes on without asking again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a range is asked for: the process that grants it may fail, for a lock or a lack of space.
const ATTEMPTS: usize = 2;

thread_local! {
    static IN_VAIN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Where a sequence has to go.
enum Course {
    /// Enough is left where it is.
    Stay,
    /// A run begins here.
    To(i64),
    /// No run follows.
    Nowhere,
    /// It stands where this node has no ids.
    Lost,
}

fn course(runs: &Runs, at: i64, headroom: u64) -> Course {
    if runs.at(at).is_some_and(|run| run.end().abs_diff(at) >= headroom) {
        return Course::Stay;
    }
    match runs.after(at, headroom) {
        Next::Run(next) => Course::To(beyond(next, at, headroom)),
        Next::None => Course::Nowhere,
        Next::Lost => Course::Lost,
    }
}

/// Where to begin with a run. One that lies just ahead is what sessions come to that draw at this moment,
/// across the ids in between: what they may have drawn is left out.
fn beyond(next: IdRange, at: i64, headroom: u64) -> i64 {
    let reach = at.saturating_add_unsigned(headroom).saturating_add(1);
    if next.start() > at && next.start() < reach && next.contains(reach) {
        reach
    } else {
        next.start()
    }
}

/// An id near the end of a run was written: moves the sequence on if that is where it stands.
///
/// Waits for a range if none follows; if there is none to be had, the rest of the run is used up.
///
/// # Safety
/// Inside a transaction that writes.
pub(super) unsafe fn near_the_end(held: &Rc<Held>) {
    // SAFETY: the caller's promise.
    unsafe {
        let at = sequence::stand(held.sequence).last_value;
        // Lost is for the session that has drawn such an id.
        if matches!(course(&held.runs, at, held.headroom), Course::To(_) | Course::Nowhere) {
            move_on(held, false);
        }
    }
}

/// An id is in no run. If the sequence has just drawn it, it stands outside of all of them: moves it to the
/// next one, and says whether it did.
///
/// # Safety
/// As [`near_the_end`].
pub(super) unsafe fn outside(held: &Rc<Held>, id: i64) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let stand = sequence::stand(held.sequence);
        let was_drawn =
            stand.drawn().is_some_and(|last| id <= last && last.abs_diff(id) < held.headroom);
        was_drawn && held.runs.at(stand.last_value).is_none() && move_on(held, true)
    }
}

/// Whether the sequence stands in one of this node's runs. If not, ids that it drew may be drawn again.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn is_under_way(held: &Held) -> bool {
    // SAFETY: the caller's promise.
    let stand = unsafe { sequence::stand(held.sequence) };
    held.runs.at(stand.last_value).is_some()
}

/// Whether a session has lately asked for a range in vain.
fn is_in_vain() -> bool {
    IN_VAIN.get().is_some_and(|last| last.elapsed() < PATIENCE)
}

unsafe fn move_on(held: &Rc<Held>, is_lost: bool) -> bool {
    if is_in_vain() {
        return false;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let lock = Lock::take(held.sequence);
        let mut moved = false;
        for asked in 0..=ATTEMPTS {
            // With the lock came what others have committed.
            let Some(now) = held::get(&held.schema, &held.table) else { break };
            let at = sequence::stand(now.sequence).last_value;
            let next = match course(&now.runs, at, now.headroom) {
                Course::Stay => break,
                Course::To(next) => Some(next),
                Course::Nowhere => None,
                // What was granted before the sequence was lost is given up first.
                Course::Lost if is_lost && asked > 0 => {
                    now.runs.first(now.headroom).map(IdRange::start)
                }
                Course::Lost if is_lost => None,
                Course::Lost => break,
            };
            if let Some(next) = next {
                // Whoever inserts may draw from the sequence, not set it.
                as_owner(|| sequence::set(now.sequence, next));
                moved = true;
                break;
            }
            if asked == ATTEMPTS {
                IN_VAIN.set(Some(Instant::now()));
            } else {
                replenish::and_wait(now.relation);
                pg_sys::AcceptInvalidationMessages();
            }
        }
        lock.release();
        moved
    }
}

/// As the SQL function: with the ranges of this transaction, which holds up whoever inserts.
///
/// # Safety
/// Inside a transaction with a snapshot, as the owner of the extension.
pub(super) unsafe fn follow(recorded: Recorded) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let lock = Lock::take(recorded.sequence);
        let runs = Runs::of(recorded.allocator.supply());
        let least = headroom::of(recorded.sequence);
        let at = sequence::stand(recorded.sequence).last_value;
        let next = match course(&runs, at, least) {
            Course::To(next) => Some(next),
            Course::Lost => runs.first(least).map(IdRange::start),
            Course::Stay | Course::Nowhere => None,
        };
        if let Some(next) = next {
            sequence::set(recorded.sequence, next);
        }
        lock.release();
        next.is_some()
    }
}

/// Held by whoever moves a sequence, for as long as that takes. An error releases it with everything else.
struct Lock(pg_sys::LOCKTAG);

impl Lock {
    /// The subobject of the sequence that PostgreSQL itself does not lock.
    const SUBOBJECT: u16 = 0x5352;

    unsafe fn take(sequence: pg_sys::Oid) -> Self {
        // As the macro SET_LOCKTAG_OBJECT (lock.h).
        let tag = pg_sys::LOCKTAG {
            // SAFETY: a plain global of the server.
            locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
            locktag_field2: pg_sys::RelationRelationId.to_u32(),
            locktag_field3: sequence.to_u32(),
            locktag_field4: Self::SUBOBJECT,
            locktag_type: pg_sys::LockTagType::LOCKTAG_OBJECT as u8,
            locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
        };
        // SAFETY: inside a transaction, says the caller.
        unsafe {
            pg_sys::LockAcquire(&tag, pg_sys::ExclusiveLock as i32, false, false);
            pg_sys::AcceptInvalidationMessages();
        }
        Self(tag)
    }

    unsafe fn release(self) {
        // SAFETY: taken by this session.
        unsafe { pg_sys::LockRelease(&self.0, pg_sys::ExclusiveLock as i32, false) };
    }
}
