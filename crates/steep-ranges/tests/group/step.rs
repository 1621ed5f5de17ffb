//! What nodes do with each operation.

use super::{Body, Crash, Group, Message, Operation, id};
use steep_ranges::{Draw, IdRange, Position, Request, Row, Urgency};

impl Group {
    /// Does one operation; node numbers wrap around, and what makes no sense is not done.
    pub fn step(&mut self, operation: &Operation) {
        let node = |at: usize| at % self.nodes.len();
        match *operation {
            Operation::Ask { at, to, size, crash } => self.ask(node(at), node(to), size, crash),
            Operation::AskGranter { at, size, crash } => self.ask_granter(node(at), size, crash),
            Operation::Deliver { nth, crash } => self.deliver(nth, crash),
            Operation::Lose { nth } => drop(self.take_message(nth)),
            Operation::Repeat { nth } => {
                if let Some(message) = self.take_message(nth) {
                    self.network.extend([message.clone(), message]);
                }
            }
            Operation::Tell { at, to } => {
                let knows = self.nodes[node(at)].disk.state.clone();
                self.send(node(at), node(to), Body::Knows(knows));
            }
            Operation::TellRow { at, to, nth } => self.tell_row(node(at), node(to), nth),
            Operation::Draw { at, count } => self.draw(node(at), count),
            Operation::Settle { at } => self.settle(node(at)),
            Operation::Release { at, nth } => self.release(node(at), nth),
            Operation::Occupy { at, start, count } => self.occupy(node(at), start, count),
            Operation::Share { at, to, crash } => self.share(node(at), node(to), crash),
            Operation::HandOver { at, to, crash } => self.hand_over(node(at), node(to), crash),
            Operation::Join => self.join(),
            Operation::Crash { at } => self.crash(node(at)),
            Operation::Start { at } => self.start(node(at)),
            Operation::BackUp { at } => self.back_up(node(at)),
            Operation::Restore { at, nth } => self.restore(node(at), nth),
            Operation::Hear { at, from } => self.hear(node(at), node(from)),
        }
    }

    fn take_message(&mut self, nth: usize) -> Option<Message> {
        let count = self.network.len();
        (count > 0).then(|| self.network.swap_remove(nth % count))
    }

    fn ask(&mut self, at: usize, to: usize, size: u64, crash: Crash) {
        let Some(allocator) = self.allocator(at) else { return };
        let request = allocator.request(size);
        if at == to {
            self.grant(at, at, &request, crash);
        } else {
            self.send(at, to, Body::Ask(request));
        }
    }

    fn ask_granter(&mut self, at: usize, size: u64, crash: Crash) {
        let ids: Vec<_> = (0..self.nodes.len()).map(id).collect();
        let granter = self.nodes[at].disk.state.granter(&ids);
        if let Some(to) = granter.and_then(|granter| ids.iter().position(|id| id == granter)) {
            self.ask(at, to, size, crash);
        }
    }

    pub fn deliver(&mut self, nth: usize, crash: Crash) {
        let Some(Message { from, to, body }) = self.take_message(nth) else { return };
        if let Body::Ask(request) = &body {
            return self.grant(to, from, request, crash);
        }
        let Some(allocator) = self.allocator(to) else { return };
        let rows = match body {
            Body::Rows(rows) => rows,
            Body::Knows(state) => {
                allocator.merge(&state).unwrap();
                Vec::new()
            }
            Body::Ask(_) => unreachable!("answered above"),
        };
        for row in &rows {
            allocator.merge_row(row).unwrap();
        }
        self.record_all(to);
    }

    fn grant(&mut self, at: usize, to: usize, request: &Request, crash: Crash) {
        let Some(allocator) = self.allocator(at) else { return };
        let occupied = allocator.state().occupied().clone();
        let already: Vec<_> = allocator.state().grants().cloned().collect();
        let Ok(grant) = allocator.grant(request, Urgency::Forced) else { return };
        if !already.contains(&grant) {
            let avoided = occupied.gaps(grant.range).eq([grant.range]);
            assert!(grant.range.len() <= request.size, "{grant} is larger than was asked for");
            assert!(avoided, "{grant} has ids that {} knows to exist", id(at));
        }
        self.give(at, to, vec![Row::Grant(grant)], crash);
    }

    /// Record, then tell; or die on the way.
    fn give(&mut self, at: usize, to: usize, rows: Vec<Row>, crash: Crash) {
        if crash == Crash::BeforeRecording {
            return self.crash(at);
        }
        self.record(at, &rows);
        match crash {
            Crash::BeforeTelling => self.crash(at),
            _ => self.send(at, to, Body::Rows(rows)),
        }
    }

    fn tell_row(&mut self, at: usize, to: usize, nth: usize) {
        let rows: Vec<_> = self.nodes[at].disk.state.rows().collect();
        if let Some(row) = rows.get(nth % rows.len().max(1)) {
            self.send(at, to, Body::Rows(vec![row.clone()]));
        }
    }

    pub fn draw(&mut self, at: usize, count: usize) {
        let Some(allocator) = self.allocator(at) else { return };
        let rows = allocator.take_up();
        let (supply, holdings) = (allocator.supply(), allocator.holdings());
        self.record(at, &rows);
        for _ in 0..count {
            let Draw::Next(ids) = supply.next(self.nodes[at].disk.position) else { return };
            let new = ids.start();
            assert!(holdings.contains(new), "{new} is drawn by {}, whose it is not", id(at));
            let before = self.drawn.insert(new, at);
            assert_eq!(before, None, "{new} is drawn by {}, and was by the other", id(at));
            self.nodes[at].disk.position = Position::At(new);
        }
    }

    fn settle(&mut self, at: usize) {
        let position = self.nodes[at].disk.position;
        let Some(allocator) = self.allocator(at) else { return };
        let rows = allocator.settle(position);
        self.record(at, &rows);
    }

    fn release(&mut self, at: usize, nth: usize) {
        let position = self.nodes[at].disk.position;
        let Some(allocator) = self.allocator(at) else { return };
        let held = allocator.state().grants().filter(|grant| grant.holder == id(at));
        let starts: Vec<_> = held.map(|grant| grant.range.start()).collect();
        let start = starts.get(nth % starts.len().max(1)).copied().unwrap_or(0);
        if let Ok(rows) = allocator.release(start, position) {
            self.record(at, &rows);
        }
    }

    fn occupy(&mut self, at: usize, start: i64, count: i64) {
        let range = IdRange::new(start, start + count).unwrap();
        let Some(allocator) = self.allocator(at) else { return };
        let row = allocator.occupy(range);
        self.record(at, &[row]);
    }

    fn share(&mut self, at: usize, to: usize, crash: Crash) {
        let Some(allocator) = self.allocator(at) else { return };
        if let Ok(rows) = allocator.share(&id(to)) {
            self.give(at, to, rows, crash);
        }
    }

    fn hand_over(&mut self, at: usize, to: usize, crash: Crash) {
        let Some(allocator) = self.allocator(at) else { return };
        if let Ok(rows) = allocator.hand_over(&id(to)) {
            self.give(at, to, rows, crash);
        }
    }
}
