//! One end of a pipe.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use interprocess::local_socket::tokio::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As much as is written at a time: the system keeps a copy until the other end has read it, also
/// after we have hung up.
const PIECE: usize = 64 << 10;

/// A pipe that is left as a socket is: what was written can still be read by the other end.
///
/// Windows has a call that waits until the other end has read everything (`FlushFileBuffers`), and
/// interprocess makes it before it closes a pipe that was written to. Whoever does not read would
/// then never be hung up on.
#[derive(Debug)]
pub(crate) struct PipeStream(pub(super) Stream);

impl Drop for PipeStream {
    fn drop(&mut self) {
        let Stream::NamedPipe(pipe) = &self.0;
        pipe.inner().assume_flushed();
    }
}

impl AsyncRead for PipeStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for PipeStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let piece = &bytes[..bytes.len().min(PIECE)];
        Pin::new(&mut self.0).poll_write(context, piece)
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
