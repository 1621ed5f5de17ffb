//! The local endpoint of a steep-repl daemon: Unix socket or named pipe, and who is at the other end.
//!
//! `steep-ipc` says what is said; this crate carries it. A daemon binds a [`Listener`] and serves a
//! [`Service`]; its clients use [`Client`]. What a request does is the service's.
//!
//! # Contract
//!
//! * L1: only the user who runs the daemon, and the administrators, can connect: the socket has mode
//!   0600 before anybody can connect to it, the pipe an access list of the same meaning.
//! * L2: a live daemon never loses its endpoint: a second one gets [`BindError::AlreadyServed`]. What
//!   a dead one left is taken over.
//! * L3: nothing that another user has put in the way, in a folder open to all, is used, followed or
//!   removed; neither does a [`Client`] talk to another user's server there.
//! * L4: what clients can cost is bounded by [`Limits`]: their number, the memory of each, and how
//!   long they may take to say something or to listen.
//! * L5: whatever a client sends or stops sending, and whatever a [`Service`] does with it, other
//!   clients are served.
//! * L6: every request comes with its [`Caller`]; who cannot be told is `unknown`.
//!
//! # Example
//!
//! ```
//! # use std::sync::Arc;
//! use steep_ipc::{Failure, Request, Response, Welcome};
//! use steep_ipc_tokio::{Call, Client, Endpoint, Limits, Listener, Service};
//! use tokio_util::sync::CancellationToken;
//!
//! struct Daemon;
//!
//! impl Service for Daemon {
//!     fn welcome(&self) -> Welcome {
//!         Welcome::new(env!("CARGO_PKG_VERSION"), None)
//!     }
//!
//!     async fn call(&self, call: Call) -> Result<Response, Failure> {
//!         match call.request {
//!             Request::Pause => Ok(Response::Message { message: format!("by {}", call.caller) }),
//!             _ => Err(Failure::misuse("this daemon can only pause")),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # #[cfg(unix)] let path = folder.path().join("steep-repl.sock");
//! # #[cfg(windows)] let path = format!(r"\\.\pipe\steep-example-{}", std::process::id());
//! let endpoint = Endpoint::at(path);
//! let listener = Listener::bind(&endpoint, Limits::default())?;
//! let stop = CancellationToken::new();
//! let server = tokio::spawn(listener.serve(Arc::new(Daemon), stop.clone()));
//!
//! let mut client = Client::connect(&endpoint, "example 0.1.0").await?;
//! let answer = client.call(&Request::Pause).await?;
//! assert!(matches!(answer, Response::Message { message } if message.starts_with("by ")));
//!
//! drop(client);
//! stop.cancel();
//! server.await?;
//! # Ok(())
//! # }
//! ```

mod caller;
mod client;
mod connection;
mod endpoint;
mod error;
mod framed;
mod limits;
mod listener;
mod platform;
mod replies;
mod service;

pub use caller::Caller;
pub use client::Client;
pub use endpoint::{Endpoint, Level};
pub use error::{BindError, CallError, ConnectError, ReadError};
pub use limits::Limits;
pub use listener::Listener;
pub use replies::{HungUp, Replies};
pub use service::{Call, Service};
