//! One direction of one connection.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::rules::{Rules, Verdict};

const CHUNK_BYTES: usize = 16 * 1024;
/// With the chunk, one mebibyte under way per direction; then the sender feels it.
const CHUNKS: usize = 64;
/// How soon a thread that is stuck in a socket notices that its connection was reset. Not every
/// system wakes it.
const ATTENTION: Duration = Duration::from_millis(100);

/// Carries bytes from one socket to another, when the rules say so.
pub(super) struct Pipe<'a> {
    pub(super) rules: &'a Rules,
    pub(super) id: u64,
    pub(super) way: usize,
    pub(super) from: &'a TcpStream,
    pub(super) to: &'a TcpStream,
}

/// What was read and when; no bytes are the end of the stream.
type Chunk = (Instant, Vec<u8>);

impl Pipe<'_> {
    /// Returns when this direction has ended.
    ///
    /// Reading and writing are apart, so that delayed bytes do not hold the next ones up.
    pub(super) fn run(&self) {
        let (sender, receiver) = sync_channel(CHUNKS);
        thread::scope(|scope| {
            scope.spawn(move || self.read(&sender));
            if self.write(receiver).is_err() {
                self.rules.abort(self.id);
            }
        });
    }

    fn read(&self, sender: &SyncSender<Chunk>) {
        let mut buffer = vec![0; CHUNK_BYTES];
        let is_set = self.from.set_read_timeout(Some(ATTENTION)).is_ok();
        while is_set && self.rules.has(self.id) {
            let chunk = match (&mut &*self.from).read(&mut buffer) {
                Ok(count) => (Instant::now(), buffer[..count].to_vec()),
                Err(error) if is_passing(&error) => continue,
                Err(_) => break,
            };
            let is_end = chunk.1.is_empty();
            if sender.send(chunk).is_err() || is_end {
                return;
            }
        }
        self.rules.abort(self.id);
    }

    fn write(&self, receiver: Receiver<Chunk>) -> io::Result<()> {
        self.to.set_write_timeout(Some(ATTENTION))?;
        for (since, bytes) in receiver {
            match self.rules.verdict(self.id, self.way, since) {
                Verdict::Deliver if bytes.is_empty() => return self.to.shutdown(Shutdown::Write),
                Verdict::Deliver => self.write_all(&bytes)?,
                Verdict::Lose => {}
                Verdict::End => return Ok(()),
            }
        }
        Ok(())
    }

    fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() && self.rules.has(self.id) {
            match (&mut &*self.to).write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
