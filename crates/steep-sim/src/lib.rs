//! For tests only: stub docs
mod broken;
mod clock;
mod driver;
mod event;
mod fault;
mod invariants;
mod network;
mod node;
mod outcome;
mod plan;
mod random;
mod run;
mod trace;
mod world;

pub use broken::Broken;
pub use invariants::Invariant;
pub use outcome::{Outcome, Stats, Violation};
pub use plan::{Plan, Scene};
pub use random::Random;
pub use run::run;
