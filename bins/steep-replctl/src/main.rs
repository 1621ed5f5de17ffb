//! The operator's command line of steep-repl.

fn main() {}
