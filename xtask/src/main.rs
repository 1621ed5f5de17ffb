//! The project's own commands; see `cargo xtask --help`.

fn main() -> std::process::ExitCode {
    xtask::main()
}
