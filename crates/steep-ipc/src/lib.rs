//! Frames, requests, responses and events between a steep-repl daemon and its clients.
//!
//! The crate turns bytes into messages and messages into bytes. It opens no socket, reads no clock
//! and asks nobody who the caller is: that is `steep-ipc-tokio`. What a request does is the
//! daemon's.
//!
//! # Protocol
//!
//! Everything is a frame: a header of 12 bytes, then a body.
//!
//! | bytes | what |
//! |---|---|
//! | 0–3 | `SREP` |
//! | 4–5 | version of the frame, big-endian: [`FRAME_VERSION`] |
//! | 6–7 | zero |
//! | 8–11 | length of the body in bytes, big-endian |
//!
//! A body is one JSON value in UTF-8.
//!
//! 1. The client sends a [`Greeting`] with the version of the protocol it speaks.
//! 2. The daemon answers with a [`Welcome`], or with a [`Failure`] and hangs up.
//! 3. The client sends a [`Request`] and reads [`Reply`]s: any number of [`Reply::Progress`] and
//!    [`Reply::Event`], then one [`Reply::Done`] or [`Reply::Failed`]. Then it may send the next.
//!    A client that sends anything before the answer is there is hung up on.
//!
//! # Versions
//!
//! [`PROTOCOL`] is one number; a daemon refuses any other. Whatever a later version changes, frames
//! of version 1, the `protocol` of a greeting and `{"reply":"failed","body":{"class","message"}}` as
//! the answer to one stay, so that an old client can read why a new daemon refuses it. Within one
//! version fields and variants may be added to answers, and clients ignore fields they do not know.
//! A request with a field that the daemon does not know is refused: doing less than was asked for
//! could be harm (`dry_run`).
//!
//! # Limits
//!
//! | what | at most |
//! |---|---|
//! | [`MAX_GREETING`] | 4 KiB, either way |
//! | [`MAX_REQUEST`] | 1 MiB |
//! | [`MAX_REPLY`] | 16 MiB |
//!
//! A [`Decoder`] refuses a length above its limit when it has read the header, and never holds more
//! memory than [`DECODER_SLACK`] above what it was given: a header alone reserves nothing.
//!
//! # What always holds
//!
//! * I1: any split of the same bytes gives the same frames, and the same error.
//! * I2: no bytes make a decoder panic; every error has a [`FailureClass`].
//! * I3: every request and reply is itself after being written and read. (JSON has no number for
//!   what is not finite: such a lag becomes none.)
//! * I4: an error says at most [`MAX_CITED`] characters of what was sent.
//!
//! # Example
//!
//! ```
//! use steep_ipc::{Decoder, Exit, Failure, MAX_REPLY, MAX_REQUEST, Reply, Request};
//!
//! // A client writes a request; the daemon gets it in two pieces.
//! let sent = steep_ipc::encode(&Request::Status, MAX_REQUEST)?;
//! let (mut first, mut rest) = sent.split_at(7);
//! let mut decoder = Decoder::new(MAX_REQUEST);
//! assert_eq!(decoder.decode(&mut first)?, None);
//! let body = decoder.decode(&mut rest)?.expect("the frame is whole");
//! assert_eq!(Request::from_json(&body)?, Request::Status);
//!
//! // The daemon refuses, and the client ends with the exit code that belongs to the refusal.
//! let refusal = Failure::operator("no node id is set").with_hint("run steep-replctl init");
//! let sent = steep_ipc::encode(&Reply::Failed(refusal.clone()), MAX_REPLY)?;
//! let body = Decoder::new(MAX_REPLY).decode(&mut &sent[..])?.expect("the frame is whole");
//! assert_eq!(Reply::from_json(&body)?, Reply::Failed(refusal.clone()));
//! assert_eq!(Exit::from(refusal.class), Exit::Refused);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

#![no_std]

extern crate alloc;

mod body;
mod failure;
mod frame;
mod greeting;
mod request;
mod response;
mod status;

pub use body::{BodyError, MAX_CITED};
pub use failure::Exit;
pub use frame::{
    DECODER_SLACK, Decoder, EncodeError, FRAME_VERSION, FrameError, HEADER, MAX_GREETING,
    MAX_REPLY, MAX_REQUEST, encode,
};
pub use greeting::{Greeting, PROTOCOL, Welcome, read_answer};
pub use request::{
    ConflictFilter, ConflictResolve, ConflictResolveBulk, Init, NodeAdd, NodeRemove, RangeAllocate,
    RangeBypass, RangeHistory, Request, TableAdd,
};
pub use response::{
    ConflictDetail, ConflictEntry, Event, Failure, FailureClass, HeldRange, NodeEntry, Plan,
    RangeGrant, RangeStatus, RangesStatus, Reply, Response, TableEntry,
};
pub use status::{
    Check, Health, JobStatus, Level, NodeState, NodeStatus, PeerStatus, Progress, SlotStatus,
    SubscriptionStatus,
};
