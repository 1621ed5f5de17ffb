//! A steep-repl node as a library: joining, leaving, watching, and the services around them.

pub mod grpc;
pub mod tls;
