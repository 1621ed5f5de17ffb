//! The local endpoint of a steep-repl daemon: Unix socket or named pipe, and who is at the other end.
