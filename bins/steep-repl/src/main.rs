//! The steep-repl daemon.

fn main() {}
