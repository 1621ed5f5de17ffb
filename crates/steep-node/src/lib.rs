//! A steep-repl node as a library: joining, leaving, watching, and the services around them.

pub mod database;
pub mod error;
pub mod group;
pub mod grpc;
pub mod http;
pub mod join;
pub mod links;
pub mod member;
pub mod names;
pub mod operations;
mod peer_tls;
pub mod ranges;
mod routes;
pub mod serve;
pub mod tables;
pub mod tls;
pub mod watch;
mod words;

pub use self::peer_tls::PeerTls;
pub use self::routes::{Route, Routes};
