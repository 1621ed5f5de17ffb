//! Frames: how long a message is, said before the message.

use alloc::vec::Vec;
use core::mem;

use serde::Serialize;

use crate::FailureClass;

/// The only version of frames there is.
pub const FRAME_VERSION: u16 = 1;

/// The longest body of a greeting and of the answer to it, in bytes. Names and versions are short.
pub const MAX_GREETING: usize = 4 << 10;

/// The longest body of a request, in bytes: the longest holds one row for `conflict resolve`.
pub const MAX_REQUEST: usize = 1 << 20;

/// The longest body of a reply, in bytes: a thousand conflicts, or all tables of a large database.
pub const MAX_REPLY: usize = 16 << 20;

/// How much more memory than it was given bytes of a body a [`Decoder`] holds at most.
pub const DECODER_SLACK: usize = 1 << 20;

/// The length of a frame's header in bytes.
pub const HEADER: usize = 12;

const MAGIC: [u8; 4] = *b"SREP";

/// What is wrong with the bytes of a frame. Nothing after them can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The other end speaks something else.
    #[error("byte {at} of a frame is {found:#04x}: frames start with SREP")]
    Magic {
        /// Where the first wrong byte is.
        at: usize,
        /// What came instead.
        found: u8,
    },
    /// The other end is of another time.
    #[error("frame has version {found}, this end knows version {FRAME_VERSION}")]
    Version {
        /// The version it has.
        found: u16,
    },
    /// Bytes that version 1 keeps at zero.
    #[error("frame has {found:#06x} where version {FRAME_VERSION} has zero")]
    Reserved {
        /// What came instead.
        found: u16,
    },
    /// The body is longer than agreed.
    #[error("frame of {length} bytes is longer than the limit of {limit}")]
    TooLong {
        /// Length the header says.
        length: u32,
        /// Longest allowed.
        limit: usize,
    },
}

impl FrameError {
    /// Who has to do something: whoever wrote the program at the other end.
    #[must_use]
    pub fn class(self) -> FailureClass {
        match self {
            Self::Magic { .. } | Self::Reserved { .. } | Self::TooLong { .. } => {
                FailureClass::Misuse
            }
            // Two releases are on one machine; the operator starts the newer daemon.
            Self::Version { .. } => FailureClass::Operator,
        }
    }
}

/// Why a message cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// It would be refused by the other end.
    #[error("message of {length} bytes is longer than the limit of {limit}")]
    TooLong {
        /// Length it would have.
        length: usize,
        /// Longest allowed.
        limit: usize,
    },
    /// It has no JSON form; none of this crate's types is without.
    #[error("message has no JSON form")]
    Json(#[source] serde_json::Error),
}

impl EncodeError {
    /// Who has to do something.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::TooLong { .. } => FailureClass::Misuse,
            Self::Json(_) => FailureClass::Bug,
        }
    }
}

/// A message as a frame: header and body.
///
/// # Errors
/// When the body is longer than `limit` bytes, or has no JSON form.
pub fn encode(message: &(impl Serialize + ?Sized), limit: usize) -> Result<Vec<u8>, EncodeError> {
    let body = serde_json::to_vec(message).map_err(EncodeError::Json)?;
    let length = body.len();
    let too_long = EncodeError::TooLong { length, limit };
    let told = u32::try_from(length).ok().filter(|_| length <= limit).ok_or(too_long)?;
    let mut frame = Vec::with_capacity(HEADER + length);
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&FRAME_VERSION.to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(&told.to_be_bytes());
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// Puts frames together from bytes that come in any pieces.
///
/// Call [`Decoder::decode`] with what was read until it returns no body; it takes from the front of
/// the input what it needs. An error is final: every later call returns it again.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Header { bytes: [u8; HEADER], filled: usize },
    Body { length: usize, body: Vec<u8> },
    Failed(FrameError),
}

impl State {
    const START: Self = Self::Header { bytes: [0; HEADER], filled: 0 };
}

impl Decoder {
    /// Reads frames whose bodies have at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, state: State::START }
    }

    /// Changes the limit for the frames whose header has not been read yet.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Whether nothing of the next frame has been seen.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        matches!(self.state, State::Header { filled: 0, .. })
    }

    /// How many bytes of memory the unfinished body takes.
    #[must_use]
    pub fn held(&self) -> usize {
        match &self.state {
            State::Body { body, .. } => body.capacity(),
            State::Header { .. } | State::Failed(_) => 0,
        }
    }

    /// Takes bytes from the front of `input`, up to the end of one frame, and returns its body, or
    /// `None` when all of `input` is taken and the frame is not whole yet.
    ///
    /// # Errors
    /// When the bytes are no frame, or one that is too long.
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        loop {
            match &mut self.state {
                State::Header { bytes, filled } => {
                    *filled += take(input, &mut bytes[*filled..]);
                    match read_header(&bytes[..*filled], self.limit) {
                        Ok(None) => return Ok(None),
                        Ok(Some(length)) => self.state = State::Body { length, body: Vec::new() },
                        Err(error) => self.state = State::Failed(error),
                    }
                }
                State::Body { length, body } => {
                    let wanted = *length - body.len();
                    let (taken, rest) = input.split_at(wanted.min(input.len()));
                    *input = rest;
                    append(body, taken, *length);
                    if body.len() < *length {
                        return Ok(None);
                    }
                    let body = mem::take(body);
                    self.state = State::START;
                    return Ok(Some(body));
                }
                State::Failed(error) => return Err(*error),
            }
        }
    }
}

/// Fills `buffer` as far as `input` goes; returns how far.
fn take(input: &mut &[u8], buffer: &mut [u8]) -> usize {
    let count = buffer.len().min(input.len());
    let (taken, rest) = input.split_at(count);
    buffer[..count].copy_from_slice(taken);
    *input = rest;
    count
}

/// The length of the body, once the header is whole. A wrong byte is told of as early as it comes:
/// whoever speaks something else may never send twelve bytes.
fn read_header(bytes: &[u8], limit: usize) -> Result<Option<usize>, FrameError> {
    if let Some(at) = bytes.iter().zip(MAGIC).position(|(&found, wanted)| found != wanted) {
        return Err(FrameError::Magic { at, found: bytes[at] });
    }
    let &[_, _, _, _, v0, v1, r0, r1, ref length @ ..] = bytes else { return Ok(None) };
    let version = u16::from_be_bytes([v0, v1]);
    if version != FRAME_VERSION {
        return Err(FrameError::Version { found: version });
    }
    let reserved = u16::from_be_bytes([r0, r1]);
    if reserved != 0 {
        return Err(FrameError::Reserved { found: reserved });
    }
    let &[l0, l1, l2, l3] = length else { return Ok(None) };
    let length = u32::from_be_bytes([l0, l1, l2, l3]);
    match usize::try_from(length) {
        Ok(known) if known <= limit => Ok(Some(known)),
        _ => Err(FrameError::TooLong { length, limit }),
    }
}

/// Grows by doubling as vectors do, but never by more than [`DECODER_SLACK`] at a time nor beyond
/// the body's length.
fn append(body: &mut Vec<u8>, bytes: &[u8], length: usize) {
    let needed = body.len() + bytes.len();
    if needed > body.capacity() {
        let spare = needed.min(DECODER_SLACK);
        let capacity = (needed + spare).min(length);
        body.reserve_exact(capacity - body.len());
    }
    body.extend_from_slice(bytes);
}
