//! What happens to the links.

use steep_testkit::{Direction, wait};

use super::{Group, slot};
use crate::Failure;

impl Group {
    /// Cuts every link, and waits until the publishers have noticed.
    ///
    /// # Errors
    /// When a slot stays in use.
    pub fn apart(&self) -> Result<(), Failure> {
        for (from, to) in self.pairs() {
            self.cut(from, to);
        }
        for (from, to) in self.pairs() {
            let free = wait::slot_inactive(self.node(from), &slot(to), wait::DEADLINE);
            free.map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// Cuts the link that carries the writes of `from` to `to`.
    #[track_caller]
    pub fn cut(&self, from: &str, to: &str) {
        self.mesh.cut(from, to);
    }

    /// Heals the link that carries the writes of `from` to `to`.
    #[track_caller]
    pub fn heal(&self, from: &str, to: &str) {
        self.mesh.heal(from, to);
    }

    /// Holds back what `from` sends to `to`, without breaking the connection.
    #[track_caller]
    pub fn hold(&self, from: &str, to: &str) {
        self.mesh.link(from, to).pause(Direction::Both);
    }

    /// Lets go what [`hold`](Self::hold) held back.
    #[track_caller]
    pub fn release(&self, from: &str, to: &str) {
        self.mesh.link(from, to).resume(Direction::Both);
    }

    /// Heals every link.
    pub fn meet(&self) {
        self.mesh.heal_all();
    }
}
