use crate::{
    Action, Change, ChangeKind, Columns, Conflict, ConflictType, Decision, Evidence, Held,
    PgConflict, Policy, Reason, Resolution, RowState, Strategy,
};
use core::cmp::Ordering;

/// Who prevails between what is here and what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Remote,
    Local,
    /// Not to be decided by a rule.
    Nobody,
}

/// Decides what an incoming change does to what this node holds under its primary key.
///
/// Pure, without allocation, and total: every combination has an answer. Collisions through other
/// unique keys are a second question, for [`contend`](crate::contend), to be asked when the answer
/// here puts a row in place.
///
/// # Contract
/// * The changes of one origin are handed over in the order of its stream.
/// * `local` was read under a lock that lasts to the end of the applying transaction.
/// * What the applying transaction itself wrote is [`Held::Own`]; so is a row of that transaction
///   that lost a contest a moment ago. (A transaction may pass through states that collide, and
///   only its last word on a row counts.)
///
/// ```
/// use steep_conflict::{Action, Change, ChangeKind, Held, Origins, Policy, RowState, Version, decide};
/// use steep_types::{CommitTs, NodeId, Priority};
///
/// let (a, b): (NodeId, NodeId) = ("a".parse()?, "b".parse()?);
/// let nodes = Origins::new([(a.clone(), Priority::new(50)), (b.clone(), Priority::new(50))])?;
/// let (a, b) = (nodes.origin(&a).ok_or("a")?, nodes.origin(&b).ok_or("b")?);
///
/// let at = CommitTs::from_micros(1_000);
/// let local = RowState::Live(Held::Known(Version::new(at, a)));
/// let remote = Change::new(ChangeKind::Update, Version::new(at, b));
/// let decision = decide(&local, &remote, &Policy::last_write_wins(CommitTs::MIN));
/// assert_eq!(decision.action, Action::Apply, "equal time and priority: the greater node id");
/// assert!(decision.conflict.is_some(), "and the loser is logged");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[must_use]
#[inline]
pub fn decide(local: &RowState, remote: &Change, policy: &Policy) -> Decision {
    let Some(held) = local.held() else {
        return take(*local, remote, Reason::NothingHere);
    };
    if remote.kind == ChangeKind::Retract {
        return decide_retraction(*local, held, remote, policy);
    }
    match held {
        Held::Own => take(*local, remote, Reason::OwnTransaction),
        Held::Known(version) if version.origin == remote.version.origin => {
            match (remote.version.ts.cmp(&version.ts), local) {
                (Ordering::Less | Ordering::Equal, _) if remote.replayed => {
                    Decision::quiet(Action::Skip, Reason::Replayed)
                }
                (Ordering::Less, _) => Decision::quiet(Action::Skip, Reason::ClockSteppedBack),
                (Ordering::Equal, RowState::Retracted(_)) => {
                    Decision::quiet(Action::Skip, Reason::Retracted)
                }
                // Equal is the next transaction within the same microsecond.
                _ => take(*local, remote, Reason::SameOrigin),
            }
        }
        Held::Known(_) | Held::Unknown => decide_between_origins(*local, held, remote, policy),
    }
}

fn decide_between_origins(
    local: RowState,
    held: Held,
    remote: &Change,
    policy: &Policy,
) -> Decision {
    let order = held.compared_with(remote.version, policy.horizon());
    if remote.replayed && order == Some(Ordering::Less) {
        return Decision::quiet(Action::Skip, Reason::Replayed);
    }
    match proven_order(remote.evidence, order) {
        Some(Verdict::Remote) => return take(local, remote, Reason::Sequential),
        Some(_) => return Decision::quiet(Action::Skip, Reason::Sequential),
        None => {}
    }
    // Two deaths, or two writes of one and the same row: whichever stays, nobody loses anything.
    // A version still has to win, the same on every node, for later changes to be measured by.
    let harmless =
        if local.is_live() { remote.identical } else { remote.kind == ChangeKind::Delete };
    let strategy = if remote.resolves || (harmless && policy.strategy() == Strategy::Manual) {
        Strategy::LastWriteWins
    } else {
        policy.strategy()
    };
    let reason = match held {
        Held::Unknown if order.is_none() => Reason::VersionUnknown,
        _ => Reason::Strategy,
    };
    let mut decision = match prevails(strategy, held, order, remote) {
        Verdict::Remote => take(local, remote, reason),
        Verdict::Local => Decision::quiet(Action::Skip, reason),
        Verdict::Nobody if harmless => Decision::quiet(Action::Skip, reason),
        Verdict::Nobody => Decision::quiet(Action::Defer, reason),
    };
    if !harmless {
        decision.conflict = conflict(local, remote, decision.action);
    }
    decision
}

/// The order the evidence proves. A proof that contradicts the versions is none: old values can
/// come back, and then an old row equals the local one by chance.
fn proven_order(evidence: Evidence, order: Option<Ordering>) -> Option<Verdict> {
    match (evidence, order) {
        (Evidence::RemoteSawLocal, None | Some(Ordering::Greater)) => Some(Verdict::Remote),
        (Evidence::LocalSawRemote, None | Some(Ordering::Less)) => Some(Verdict::Local),
        _ => None,
    }
}

/// Who prevails, given that neither write is known to have seen the other.
pub(crate) fn prevails(
    strategy: Strategy,
    held: Held,
    order: Option<Ordering>,
    remote: &Change,
) -> Verdict {
    match (strategy, order) {
        (Strategy::KeepLocal, _) => Verdict::Local,
        (Strategy::ApplyRemote, _) => Verdict::Remote,
        (Strategy::Manual, _) => Verdict::Nobody,
        (Strategy::LastWriteWins, Some(Ordering::Less)) => Verdict::Local,
        (Strategy::LastWriteWins, Some(_)) => Verdict::Remote,
        (Strategy::FirstWriteWins, Some(Ordering::Greater)) => Verdict::Local,
        (Strategy::FirstWriteWins, Some(_)) => Verdict::Remote,
        (Strategy::LastWriteWins | Strategy::FirstWriteWins, None) => Verdict::Nobody,
        (Strategy::NodePriority, _) => match held {
            Held::Known(version) if version.origin > remote.version.origin => Verdict::Local,
            Held::Known(_) | Held::Own => Verdict::Remote,
            Held::Unknown => Verdict::Nobody,
        },
    }
}

/// A retraction outranks its own version and all before it, under every strategy: the contest was
/// decided where it was found, and logged there.
fn decide_retraction(local: RowState, held: Held, remote: &Change, policy: &Policy) -> Decision {
    let here_already = matches!(
        local,
        RowState::Retracted(Held::Known(version)) if version == remote.version
    );
    match held.compared_with(remote.version, policy.horizon()) {
        _ if here_already => Decision::quiet(Action::Skip, Reason::Retracted),
        Some(Ordering::Less) => Decision::quiet(Action::Skip, Reason::Strategy),
        Some(_) => take(local, remote, Reason::Retracted),
        // Both lie below the horizon, and whatever lies there has arrived: a row with other values
        // than the withdrawn one is newer. A tombstone is a tombstone, whoever's.
        None if local.is_live() && remote.identical => take(local, remote, Reason::Retracted),
        None => Decision::quiet(Action::Skip, Reason::VersionUnknown),
    }
}

/// How the change takes the place of what is here.
fn take(local: RowState, remote: &Change, reason: Reason) -> Decision {
    let action = match (remote.kind, local.is_live()) {
        (ChangeKind::Insert, true) => Action::ReplaceRow,
        (ChangeKind::Insert, false) | (ChangeKind::Update | ChangeKind::Delete, true) => {
            Action::Apply
        }
        (ChangeKind::Update, false) if remote.columns == Columns::Missing => {
            return Decision::quiet(Action::Await, Reason::ColumnsMissing);
        }
        (ChangeKind::Update, false) => Action::InsertRow,
        (ChangeKind::Delete | ChangeKind::Retract, false) => Action::Bury,
        (ChangeKind::Retract, true) => Action::RemoveRow,
    };
    Decision::quiet(action, reason)
}

fn conflict(local: RowState, remote: &Change, action: Action) -> Option<Conflict> {
    let resolution = match action {
        Action::Await => return None,
        Action::Defer => Resolution::Pending,
        Action::Skip => Resolution::KeptLocal,
        _ => Resolution::AppliedRemote,
    };
    let (kind, pg) = match (remote.kind, local.is_live()) {
        (ChangeKind::Insert, true) => (ConflictType::InsertInsert, Some(PgConflict::InsertExists)),
        (ChangeKind::Insert, false) => (ConflictType::InsertDelete, None),
        (ChangeKind::Update, true) => {
            (ConflictType::UpdateUpdate, Some(PgConflict::UpdateOriginDiffers))
        }
        (ChangeKind::Update, false) => {
            (ConflictType::UpdateDelete, Some(PgConflict::UpdateMissing))
        }
        (ChangeKind::Delete, true) => {
            (ConflictType::UpdateDelete, Some(PgConflict::DeleteOriginDiffers))
        }
        (ChangeKind::Delete | ChangeKind::Retract, _) => return None,
    };
    let mixed = resolution == Resolution::AppliedRemote && remote.columns != Columns::All;
    Some(Conflict { kind, pg, resolution, mixed })
}
