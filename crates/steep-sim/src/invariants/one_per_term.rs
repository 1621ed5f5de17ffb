//! T1. No term has two elected coordinators.

use super::{Finding, Seen};
use std::collections::BTreeMap;
use steep_topology::{Claim, Mandate, Message, Standing};
use steep_types::Term;

#[derive(Debug, Default)]
pub(crate) struct OnePerTerm {
    elected: BTreeMap<Term, usize>,
}

impl OnePerTerm {
    pub(crate) fn see(&mut self, seen: &Seen<'_>) -> Finding {
        let (node, term) = match seen {
            Seen::Sent { from, message: Message::Ping(ping), .. } => match ping.claim {
                Some(Claim { term, standing: Standing::Elected, .. }) => (*from, term),
                _ => return Ok(()),
            },
            Seen::Acts { node, acting, .. } if acting.mandate != Mandate::Alone => {
                (*node, acting.term)
            }
            _ => return Ok(()),
        };
        let first = *self.elected.entry(term).or_insert(node);
        if first == node {
            return Ok(());
        }
        Err(format!("n{first} and n{node} were both elected in term {term}"))
    }
}
