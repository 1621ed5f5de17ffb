//! Frames, requests, responses and events between a steep-repl daemon and its clients.

#![no_std]

extern crate alloc;

mod request;
mod response;
mod status;

pub use request::{
    ConflictFilter, ConflictResolve, ConflictResolveBulk, Init, NodeAdd, NodeRemove, Request,
    TableAdd,
};
pub use response::{
    ConflictDetail, ConflictEntry, Event, Failure, FailureClass, NodeEntry, Plan, Reply, Response,
    TableEntry,
};
pub use status::{
    Check, Health, JobStatus, Level, NodeState, NodeStatus, PeerStatus, Progress, SlotStatus,
    SubscriptionStatus,
};
