//! The operator's command line of steep-repl.

fn main() -> std::process::ExitCode {
    steep_replctl::run(std::env::args_os())
}
