//! The steep-repl daemon.

use std::process::ExitCode;

fn main() -> ExitCode {
    steep_repl::main()
}
