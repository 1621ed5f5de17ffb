//! gRPC between steep-repl daemons: messages, client and server.
