use crate::{
    Change, ChangeKind, Conflict, ConflictType, Evidence, Held, Origin, PgConflict, Policy,
    Resolution, Version,
    decide::{Verdict, prevails},
};

/// A local row with another primary key that holds a unique value the incoming row wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contender {
    /// The version of that row.
    pub held: Held,
    /// How the incoming change stands to it.
    pub evidence: Evidence,
}

impl Contender {
    /// A contender of which nothing but its version is known.
    #[must_use]
    pub const fn new(held: Held) -> Self {
        Self { held, evidence: Evidence::Unproved }
    }

    /// The version its retraction withdraws, if it loses against `incoming`.
    ///
    /// Its own, so that every node that decides the contest says the same and a newer write of the
    /// row, which may not even contend any more, survives. If its version is unknown, everything
    /// below the horizon.
    #[must_use]
    pub fn retracted_version(&self, incoming: &Change, policy: &Policy) -> Version {
        match self.held {
            Held::Known(version) => version,
            Held::Own => incoming.version,
            Held::Unknown => Version::new(policy.horizon().saturating_add_micros(-1), Origin::MAX),
        }
    }
}

/// The outcome of a contest for unique values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contest {
    /// Nobody holds them.
    Clear,
    /// The incoming row wins against all contenders: retract every one of them, each at its
    /// [`Contender::retracted_version`], then put the incoming row in place.
    Won(Option<Conflict>),
    /// The incoming row loses against a contender: it must not be put in place, nor may an older
    /// row of the same key stay. Retract its key at its own version; the contenders stay.
    Lost(Conflict),
    /// No rule decides: leave everything as it is and log the conflict.
    Deferred(Conflict),
}

/// Decides between an incoming row and the rows that hold its unique values.
///
/// Ask after [`decide`](crate::decide) said the change takes its place, with every row of another
/// primary key that any unique index finds. Every retraction, of a contender or of the incoming row
/// itself, that is not followed by a later change of the same key in the same transaction, must be (1) kept as [`RowState::Retracted`](crate::RowState) in the applying
/// transaction and (2) published to all nodes, in a transaction of this node's own, as a
/// [`ChangeKind::Retract`] of that version. The first page of the crate says why the second is
/// needed even though other nodes mostly find the same contest.
///
/// ```
/// use steep_conflict::{Change, ChangeKind, Contender, Contest, Held, Origins, Policy, Version, contend};
/// use steep_types::{CommitTs, NodeId, Priority};
///
/// let a: NodeId = "a".parse()?;
/// let nodes = Origins::new([(a.clone(), Priority::new(50))])?;
/// let a = nodes.origin(&a).ok_or("a")?;
/// let at = |micros| Version::new(CommitTs::from_micros(micros), a);
/// let policy = Policy::last_write_wins(CommitTs::MIN);
///
/// let incoming = Change::new(ChangeKind::Insert, at(5));
/// let older = Contender::new(Held::Known(at(3)));
/// let newer = Contender::new(Held::Known(at(7)));
/// assert!(matches!(contend(&incoming, [older], &policy), Contest::Won(_)));
/// assert!(matches!(contend(&incoming, [older, newer], &policy), Contest::Lost(_)));
/// assert_eq!(older.retracted_version(&incoming, &policy), at(3));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[must_use]
pub fn contend(
    incoming: &Change,
    contenders: impl IntoIterator<Item = Contender>,
    policy: &Policy,
) -> Contest {
    let (mut count, mut lost, mut deferred, mut sequential) = (0_u32, false, false, true);
    for contender in contenders {
        count += 1;
        match contest(incoming, contender, policy) {
            Verdict::Remote => sequential &= contender.evidence == Evidence::RemoteSawLocal,
            Verdict::Local => lost = true,
            Verdict::Nobody => deferred = true,
        }
    }
    let logged = |resolution| Conflict {
        kind: ConflictType::UniqueKey,
        pg: Some(match (count, incoming.kind) {
            (1, ChangeKind::Update) => PgConflict::UpdateExists,
            (1, _) => PgConflict::InsertExists,
            _ => PgConflict::MultipleUniqueConflicts,
        }),
        resolution,
        mixed: false,
    };
    if count == 0 {
        Contest::Clear
    } else if lost {
        Contest::Lost(logged(Resolution::KeptLocal))
    } else if deferred {
        Contest::Deferred(logged(Resolution::Pending))
    } else {
        Contest::Won((!sequential).then(|| logged(Resolution::AppliedRemote)))
    }
}

fn contest(incoming: &Change, contender: Contender, policy: &Policy) -> Verdict {
    let order = contender.held.compared_with(incoming.version, policy.horizon());
    let older = order.is_some_and(core::cmp::Ordering::is_lt);
    match (contender.held, contender.evidence) {
        (Held::Own, _) => Verdict::Remote,
        (_, Evidence::RemoteSawLocal) if !older => Verdict::Remote,
        _ => prevails(policy.strategy(), contender.held, order, incoming),
    }
}
