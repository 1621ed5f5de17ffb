//! How fast a daemon and its client can talk: requests a second, and megabytes a second of frames.
//!
//! `cargo run --release --package steep-ipc-tokio --example throughput`
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use steep_ipc::{Decoder, Failure, MAX_REPLY, Reply, Request, Response, Welcome, encode};
use steep_ipc_tokio::{Call, Client, Endpoint, Limits, Listener, Service};
use tokio_util::sync::CancellationToken;

/// Answers everything with a message as long as the peer's name says.
struct Echo;

impl Service for Echo {
    fn welcome(&self) -> Welcome {
        Welcome::new("0.1.0", None)
    }

    async fn call(&self, call: Call) -> Result<Response, Failure> {
        let Request::SubEnable { peer } = call.request else { return Err(Failure::misuse("no")) };
        let length = peer.parse().map_err(|_| Failure::misuse("no number"))?;
        Ok(Response::Message { message: "x".repeat(length) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    decoder()?;
    let folder = tempfile::tempdir()?;
    let endpoint = if cfg!(windows) {
        Endpoint::at(format!(r"\\.\pipe\steep-throughput-{}", std::process::id()))
    } else {
        Endpoint::at(folder.path().join("steep-repl.sock"))
    };
    let listener = Listener::bind(&endpoint, Limits::default())?;
    let stop = CancellationToken::new();
    let server = tokio::spawn(listener.serve(Arc::new(Echo), stop.clone()));
    for (length, count) in [(10, 20_000), (10_000, 20_000), (10_000_000, 50)] {
        let mut client = Client::connect(&endpoint, "throughput").await?;
        let request = Request::SubEnable { peer: length.to_string() };
        let began = Instant::now();
        for _ in 0..count {
            client.call(&request).await?;
        }
        let seconds = began.elapsed().as_secs_f64();
        let (rate, megabytes) =
            (f64::from(count) / seconds, f64::from(length * count) / 1e6 / seconds);
        println!("answers of {length} bytes: {rate:.0} a second, {megabytes:.0} MB/s");
    }
    stop.cancel();
    server.await?;
    Ok(())
}

/// Without a socket.
fn decoder() -> Result<(), Box<dyn Error>> {
    for (length, count) in [(100, 200_000), (16_000_000, 20)] {
        let reply = Reply::Done(Response::Message { message: "x".repeat(length) });
        let frame = encode(&reply, MAX_REPLY)?;
        let mut decoder = Decoder::new(MAX_REPLY);
        let began = Instant::now();
        for _ in 0..count {
            for mut piece in frame.chunks(8 << 10) {
                std::hint::black_box(decoder.decode(&mut piece)?);
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        let (rate, bytes) = (f64::from(count) / seconds, frame.len());
        println!("decoded frames of {bytes} bytes: {rate:.0} a second");
    }
    Ok(())
}
