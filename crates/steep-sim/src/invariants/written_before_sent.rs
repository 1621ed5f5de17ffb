//! T7. Nothing is said that a crash would make the sayer forget.

use super::{Finding, Seen};
use steep_topology::{Durable, Message, Phase, Standing};
use steep_types::{NodeId, Term};

#[derive(Debug, Default)]
pub(crate) struct WrittenBeforeSent;

impl WrittenBeforeSent {
    pub(crate) fn see(&mut self, seen: &Seen<'_>) -> Finding {
        let Seen::Sent { from, to, message, disk } = seen else { return Ok(()) };
        let is_written = match message {
            Message::Ping(ping) => {
                let claimed = ping.claim.filter(|claim| claim.standing == Standing::Elected);
                let is_own = |term| has_voted(disk, term, *from);
                ping.known <= disk.membership.id
                    && ping.term <= disk.term
                    && claimed.is_none_or(|claim| is_own(claim.term))
            }
            Message::Pong(pong) => {
                pong.known <= disk.membership.id
                    && pong.term <= disk.term
                    && (!pong.is_granted || has_voted(disk, pong.term, *to))
            }
            Message::Propose(proposal) => {
                proposal.phase == Phase::Ask || has_voted(disk, proposal.term, *from)
            }
            Message::Vote(vote) => {
                let is_given = vote.phase == Phase::Elect && vote.refusal.is_none();
                !is_given || has_voted(disk, vote.term, *to)
            }
            Message::Nominate(term) => *term <= disk.term,
        };
        if is_written {
            Ok(())
        } else {
            Err(format!("n{from} says {message:?} with {disk:?} on disk"))
        }
    }
}

/// For `node` in that term, or it has forgotten the term for a later one.
fn has_voted(disk: &Durable, term: Term, node: usize) -> bool {
    let is_own = |vote: &NodeId| crate::world::at(vote) == node;
    disk.term > term || (disk.term == term && disk.vote.as_ref().is_some_and(is_own))
}
