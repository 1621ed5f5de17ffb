//! A steep-repl node as a library: joining, leaving, watching, and the services around them.

pub mod database;
pub mod grpc;
pub mod http;
pub mod serve;
pub mod tls;
pub mod watch;
