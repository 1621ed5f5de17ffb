//! T3. No block of ids is granted twice, whoever coordinates. A coordinator grants from blocks that
//! it owns, as in `steep-ranges`, whose rule this is a small model of; so two of them do no harm.

use super::{Finding, Seen};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct NoOverlap {
    granted: BTreeMap<u64, usize>,
}

impl NoOverlap {
    pub(crate) fn see(&mut self, seen: &Seen<'_>) -> Finding {
        let Seen::Granted { node, block } = seen else { return Ok(()) };
        match self.granted.insert(*block, *node) {
            None => Ok(()),
            Some(other) => Err(format!("n{other} and n{node} both granted block {block}")),
        }
    }
}
