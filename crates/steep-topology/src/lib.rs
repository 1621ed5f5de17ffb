//! stub
#![no_std]

extern crate alloc;

mod action;
mod alone;
mod campaign;
mod change;
mod clock_offset;
mod durable;
mod follow;
mod handover;
mod health;
mod input;
mod link;
mod machine;
mod membership;
mod membership_id;
mod message;
mod outbox;
mod promise;
mod random;
mod reign;
mod report;
mod role;
mod settings;
mod status;

pub use action::{Acting, Action, CommandRefusal, Event, Mandate};
pub use clock_offset::ClockOffset;
pub use durable::Durable;
pub use input::{Command, Input};
pub use link::{Direction, Health};
pub use machine::Topology;
pub use membership::{Change, Membership};
pub use membership_id::MembershipId;
pub use message::{Claim, Message, Phase, Ping, Pong, Proposal, Refusal, Release, Standing, Vote};
pub use report::{Condition, Report, Stream, WallClock};
pub use settings::{Settings, SettingsError};
pub use status::{LinkStatus, Status};
