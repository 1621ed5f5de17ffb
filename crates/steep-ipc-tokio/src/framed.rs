//! Frames on a byte stream, with deadlines.

use std::future::pending;
use std::io;
use std::time::Duration;

use steep_ipc::Decoder;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep_until, timeout};

use crate::error::ReadError;

/// As much as is read at a time; most messages are shorter.
const BUFFER: usize = 8 << 10;

/// How long to wait for a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For its first byte; none: for ever.
    pub(crate) first: Option<Duration>,
    /// From its first byte to its last; none: for ever.
    pub(crate) rest: Option<Duration>,
}

/// Reads frames. A call that is dropped loses nothing: the next one goes on.
#[derive(Debug)]
pub(crate) struct FrameReader<R> {
    stream: R,
    decoder: Decoder,
    buffer: Box<[u8]>,
    /// The bytes of the buffer that no frame has taken yet.
    unused: std::ops::Range<usize>,
}

/// What came while nothing should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The other end hung up.
    HungUp,
    /// The other end did not wait for the answer.
    TooEarly,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(stream: R, limit: usize) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { stream, decoder: Decoder::new(limit), buffer, unused: 0..0 }
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.decoder.set_limit(limit);
    }

    /// The body of the next frame; `None` when the other end hung up between two.
    pub(crate) async fn read(&mut self, patience: Patience) -> Result<Option<Vec<u8>>, ReadError> {
        let began = Instant::now();
        let mut deadline = patience.first.map(|first| began + first);
        let mut is_within = false;
        loop {
            let mut input = &self.buffer[self.unused.clone()];
            let decoded = self.decoder.decode(&mut input);
            self.unused.start = self.unused.end - input.len();
            if let Some(body) = decoded? {
                return Ok(Some(body));
            }
            if !is_within && !self.decoder.is_between_frames() {
                is_within = true;
                deadline = patience.rest.map(|rest| Instant::now() + rest);
            }
            let read = tokio::select! {
                read = self.stream.read(&mut self.buffer) => read?,
                () = at(deadline) => {
                    return Err(if is_within { ReadError::Slow } else { ReadError::Silent });
                }
            };
            self.unused = 0..read;
            if read == 0 {
                let is_whole = self.decoder.is_between_frames();
                return if is_whole { Ok(None) } else { Err(ReadError::Truncated) };
            }
        }
    }

    /// Waits until the other end does something, while it should do nothing.
    pub(crate) async fn interruption(&mut self) -> Interruption {
        if !self.unused.is_empty() || !self.decoder.is_between_frames() {
            return Interruption::TooEarly;
        }
        match self.stream.read(&mut self.buffer).await {
            Ok(0) | Err(_) => Interruption::HungUp,
            Ok(read) => {
                self.unused = 0..read;
                Interruption::TooEarly
            }
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

/// Writes a frame, whole or not at all as far as the reader is concerned: after an error nothing
/// more may be written.
pub(crate) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    frame: &[u8],
    patience: Duration,
) -> io::Result<()> {
    timeout(patience, stream.write_all(frame))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
