//! T5. While nothing happens to a quorum, the coordinator changes from a node to a better one, and
//! in no other way; it keeps its term as long as it stays.

use super::{Finding, Seen};
use steep_topology::{Acting, Mandate};
use steep_types::Term;

#[derive(Debug, Default)]
pub(crate) struct NoFlapping {
    is_calm: bool,
    /// Who acts, in which term, and its place among the nodes, higher is better.
    last: Option<(usize, Term, usize)>,
    pub(crate) changes: u64,
}

impl NoFlapping {
    /// From here on nothing happens to a quorum.
    pub(crate) const fn begin(&mut self, now: Option<(usize, Term, usize)>) {
        (self.is_calm, self.last) = (true, now);
    }

    /// Whether this is more than the renewal of a lease.
    pub(crate) fn is_change(&self, node: usize, acting: Acting) -> bool {
        let is_same = |last: &(usize, Term, usize)| (last.0, last.1) == (node, acting.term);
        self.is_calm && !self.last.as_ref().is_some_and(is_same)
    }

    /// `place`: of a node, among all members.
    pub(crate) fn see(&mut self, seen: &Seen<'_>, place: impl Fn(usize) -> usize) -> Finding {
        let Seen::Acts { node, acting, .. } = seen else { return Ok(()) };
        if !self.is_calm {
            return Ok(());
        }
        let next = (*node, acting.term, place(*node));
        let Some(last) = self.last.replace(next) else { return Ok(()) };
        if (last.0, last.1) == (next.0, next.1) {
            return Ok(());
        }
        self.changes += 1;
        if next.2 > last.2 && acting.mandate != Mandate::Alone {
            return Ok(());
        }
        let ((from, before, _), (to, after, _)) = (last, next);
        Err(format!(
            "n{from} of term {before} was followed by n{to} of term {after}, for no reason"
        ))
    }
}
