//! T2. At no moment of true time do two nodes act, one of them with a quorum.

use super::{Finding, Seen};
use steep_topology::Mandate;

#[derive(Debug, Default)]
pub(crate) struct OneActsWithQuorum;

impl OneActsWithQuorum {
    /// Between two steps nodes only cease to act, so it is enough to look when one begins or goes on.
    pub(crate) fn see(&mut self, seen: &Seen<'_>) -> Finding {
        let Seen::Acts { all, .. } = seen else { return Ok(()) };
        let acting = || all.iter().enumerate().filter_map(|(node, one)| Some((node, (*one)?)));
        let has_quorum = acting().any(|(_, one)| matches!(one.mandate, Mandate::Quorum { .. }));
        if !has_quorum || acting().count() < 2 {
            return Ok(());
        }
        let who: Vec<_> = acting()
            .map(|(node, one)| match one.mandate {
                Mandate::Alone => format!("n{node} alone in term {}", one.term),
                Mandate::Quorum { .. } => format!("n{node} with a quorum in term {}", one.term),
            })
            .collect();
        Err(format!("at one moment act {}", who.join(", and ")))
    }
}
