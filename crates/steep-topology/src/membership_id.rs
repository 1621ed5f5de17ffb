use core::fmt;
use steep_types::Term;

/// Which membership it is: the term of the coordinator that vouches for it, then its number.
///
/// Numbers count changes. A coordinator vouches for the membership it was elected with before it
/// acts: the term changes then, and the number stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MembershipId {
    /// Of the coordinator that made it, or took it over.
    pub term: Term,
    /// One more with each change; 1 is the first, 0 is none.
    pub number: u64,
}

impl fmt::Display for MembershipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.term, self.number)
    }
}
