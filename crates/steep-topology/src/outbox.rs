use crate::{Action, Durable, MembershipId};
use alloc::collections::VecDeque;
use steep_types::Term;

/// Actions in their order, and what of it has to wait until something is on disk.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    queue: VecDeque<(u64, Action)>,
    /// The number of the last state that was to be written, and of the last that is on disk.
    requested: u64,
    persisted: u64,
    /// What was to be written and may not be on disk yet, oldest first.
    pending: VecDeque<(u64, Term, MembershipId)>,
    on_disk: (Term, MembershipId),
}

impl Outbox {
    /// More messages than that only wait when the disk does; the oldest are nobody's concern then.
    const MOST_WITHHELD: usize = 1_000;

    pub(crate) fn new(durable: &Durable) -> Self {
        Self {
            queue: VecDeque::new(),
            requested: 0,
            persisted: 0,
            pending: VecDeque::new(),
            on_disk: (durable.term, durable.membership.id),
        }
    }

    /// Asks for `state` to be written, and for nothing older that was not polled yet.
    pub(crate) fn persist(&mut self, state: &Durable) {
        self.requested += 1;
        self.queue.retain(|(_, action)| !matches!(action, Action::Persist(..)));
        self.queue.push_back((0, Action::Persist(self.requested, state.clone())));
        self.pending.push_back((self.requested, state.term, state.membership.id));
    }

    /// Returns whether everything is on disk now, and was not before.
    pub(crate) fn persisted(&mut self, number: u64) -> bool {
        let was_settled = self.is_settled();
        self.persisted = self.persisted.max(number.min(self.requested));
        while let Some((_, term, id)) =
            self.pending.pop_front_if(|(one, ..)| *one <= self.persisted)
        {
            self.on_disk = (term, id);
        }
        !was_settled && self.is_settled()
    }

    /// Everything that was decided is on disk.
    pub(crate) const fn is_settled(&self) -> bool {
        self.persisted == self.requested
    }

    /// The term and the membership that are on disk.
    pub(crate) const fn on_disk(&self) -> (Term, MembershipId) {
        self.on_disk
    }

    /// For now.
    pub(crate) fn push(&mut self, action: Action) {
        self.queue.push_back((0, action));
    }

    /// For when everything is on disk that has been decided by now.
    pub(crate) fn push_withheld(&mut self, action: Action) {
        if self.queue.len() >= Self::MOST_WITHHELD {
            let oldest = self.queue.iter().position(|(needs, _)| *needs > self.persisted);
            oldest.and_then(|at| self.queue.remove(at));
        }
        self.queue.push_back((self.requested, action));
    }

    pub(crate) fn pop(&mut self) -> Option<Action> {
        let at = self.queue.iter().position(|(needs, _)| *needs <= self.persisted)?;
        self.queue.remove(at).map(|(_, action)| action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    fn told(outbox: &mut Outbox) -> usize {
        core::iter::from_fn(|| outbox.pop()).filter(|one| matches!(one, Action::Tell(_))).count()
    }

    #[test]
    fn what_depends_on_the_disk_waits_for_it_and_nothing_else_does() {
        let mut state = Durable::default();
        let mut outbox = Outbox::new(&state);
        state.term = Term::new(1);
        outbox.persist(&state);
        outbox.push_withheld(Action::Tell(Event::Removed));
        outbox.push(Action::Tell(Event::Removed));
        assert_eq!(told(&mut outbox), 1);
        assert_eq!(outbox.on_disk().0, Term::ZERO);
        assert!(outbox.persisted(1));
        assert_eq!(outbox.on_disk().0, Term::new(1));
        assert_eq!(told(&mut outbox), 1);
    }

    #[test]
    fn a_state_that_was_not_polled_is_replaced_by_a_later_one() {
        let mut outbox = Outbox::new(&Durable::default());
        outbox.persist(&Durable::default());
        outbox.persist(&Durable::default());
        assert_eq!(outbox.pop(), Some(Action::Persist(2, Durable::default())));
        assert_eq!(outbox.pop(), None);
        assert!(!outbox.persisted(1) && !outbox.is_settled());
        assert!(outbox.persisted(2));
    }

    #[test]
    fn a_disk_that_never_answers_does_not_fill_the_memory() {
        let mut outbox = Outbox::new(&Durable::default());
        outbox.persist(&Durable::default());
        for _ in 0..5_000 {
            outbox.push_withheld(Action::Tell(Event::Removed));
        }
        assert!(outbox.queue.len() <= Outbox::MOST_WITHHELD);
    }
}
