use std::cmp::Reverse;
use std::collections::BinaryHeap;
use steep_topology::Message;

/// What can happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// A message arrives. With gRPC an answer reaches only the process that asked; `start` is the
    /// receiver's at sending for answers, and nothing for questions.
    Deliver { to: usize, from: usize, start: Option<u64>, message: Box<Message> },
    /// The timer that the machine has asked for.
    Timer { node: usize },
    /// The first write that was begun may be done.
    Written { node: usize, start: u64 },
    /// A process dies, and is to be started again.
    Crash { node: usize },
    /// A process starts.
    Start { node: usize },
    /// A node has applied what it missed.
    CaughtUp { node: usize, start: u64 },
    /// Something goes wrong.
    Fault,
    /// Somebody wants ids.
    Grant,
    /// What was to go wrong and does not.
    Nothing,
}

impl Event {
    /// Whose process has to run for it.
    pub(crate) const fn node(&self) -> Option<usize> {
        match self {
            Self::Deliver { to: node, .. }
            | Self::Timer { node }
            | Self::Written { node, .. }
            | Self::CaughtUp { node, .. } => Some(*node),
            Self::Crash { .. } | Self::Start { .. } | Self::Fault | Self::Grant | Self::Nothing => {
                None
            }
        }
    }
}

/// What is to happen, by time, and in order of being pushed at the same time.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    order: BinaryHeap<Reverse<(u64, u64, usize)>>,
    events: Vec<Option<Event>>,
    free: Vec<usize>,
    pushed: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, at: u64, event: Event) {
        let place = match self.free.pop() {
            Some(place) => {
                self.events[place] = Some(event);
                place
            }
            None => {
                self.events.push(Some(event));
                self.events.len() - 1
            }
        };
        self.pushed += 1;
        self.order.push(Reverse((at, self.pushed, place)));
    }

    pub(crate) fn pop_before(&mut self, until: u64) -> Option<(u64, Event)> {
        let Reverse((at, _, place)) = *self.order.peek()?;
        if at >= until {
            return None;
        }
        self.order.pop();
        self.free.push(place);
        self.events[place].take().map(|event| (at, event))
    }
}

impl Queue {
    /// Nothing goes wrong any more.
    pub(crate) fn forget_faults(&mut self) {
        for event in &mut self.events {
            if matches!(event, Some(Event::Fault | Event::Crash { .. })) {
                *event = Some(Event::Nothing);
            }
        }
    }
}
