use crate::{Durable, Release};
use core::time::Duration;
use steep_types::{Instant, NodeId, Term};

/// What a voter has promised: to follow `holder` and nobody else for a while.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    /// Nobody is known after a restart in the wrong moment; then it is kept towards everybody.
    holder: Option<NodeId>,
    term: Term,
    until: Instant,
}

impl Promise {
    pub(crate) const NONE: Self = Self { holder: None, term: Term::ZERO, until: Instant::ZERO };

    /// What a node may have promised before it crashed, a moment ago at worst.
    ///
    /// The vote of the last term is given when promises to others are over, so if there is one, the
    /// last promise was to that node. What a node promised itself ended with it.
    pub(crate) fn before_restart(node: &NodeId, durable: &Durable, now: Instant) -> Self {
        if durable.vote.as_ref() == Some(node) {
            return Self::NONE;
        }
        let (holder, term) = (durable.vote.clone(), durable.term);
        Self { holder, term, until: now + durable.lease }
    }

    /// To `holder` for `lease` from `now` on; an earlier promise to the same node is not shortened.
    pub(crate) fn give(&mut self, holder: &NodeId, term: Term, now: Instant, lease: Duration) {
        let mut until = now + lease;
        if self.holder.as_ref() == Some(holder) {
            until = until.max(self.until);
        } else {
            self.holder = Some(holder.clone());
        }
        (self.term, self.until) = (term, until);
    }

    /// Whether following `candidate` would break it.
    pub(crate) fn forbids(
        &self,
        candidate: &NodeId,
        now: Instant,
        released: Option<&Release>,
    ) -> bool {
        if now >= self.until || self.holder.as_ref() == Some(candidate) {
            return false;
        }
        let is_void = |release: &Release| {
            self.holder.as_ref() == Some(&release.node) && self.term <= release.term
        };
        !released.is_some_and(is_void)
    }

    /// Whether it binds to somebody else than `coordinator`, who could release it.
    pub(crate) fn is_to_another(&self, coordinator: Option<&NodeId>, now: Instant) -> bool {
        now < self.until && (self.holder.is_none() || self.holder.as_ref() != coordinator)
    }

    /// When `node` is free to propose itself.
    pub(crate) fn frees(&self, node: &NodeId) -> Instant {
        if self.holder.as_ref() == Some(node) { Instant::ZERO } else { self.until }
    }
}
