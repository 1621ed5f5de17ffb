//! What the modules of queries say of real servers.

mod conflicts;
mod guard;
mod pair;
mod replication;
