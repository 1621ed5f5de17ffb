//! A tonic channel over one stream.

use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use tonic::codegen::{Service, http::Uri};
use tonic::transport::{Channel, Endpoint};

use super::super::limits::{KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT};
use super::dial::Duplex;
use super::rewind::Rewind;

type Stream = TokioIo<Rewind<Box<dyn Duplex>>>;

/// Gives the stream away once: a lost connection is not silently replaced by one to whoever
/// answers then.
struct Once(Option<Stream>);

impl Service<Uri> for Once {
    type Response = Stream;
    type Error = io::Error;
    type Future = Ready<io::Result<Stream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let gone = || io::Error::new(io::ErrorKind::NotConnected, "the connection is gone");
        ready(self.0.take().ok_or_else(gone))
    }
}

pub(super) async fn over(
    stream: Rewind<Box<dyn Duplex>>,
) -> Result<Channel, tonic::transport::Error> {
    Endpoint::from_static("http://peer")
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .connect_with_connector(Once(Some(TokioIo::new(stream))))
        .await
}
