//! A compiler that makes programs for Windows.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::project::Project;

/// The system whose programs can be linked with free tools.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

/// The C compiler and linker of that target.
pub(crate) const GCC: &str = "x86_64-w64-mingw32-gcc";

/// Where Debian's package of a newer Rust puts its compiler.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// How the standard library for Windows is come by.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The project's toolchain has it (`rustup target add`).
    Installed,
    /// It is built from sources that belong to this compiler.
    Sources {
        /// The compiler.
        rustc: PathBuf,
    },
}

impl Toolchain {
    /// The first that is there and not older than the project wants; none if there is none.
    pub(crate) fn find() -> Option<Self> {
        let own = Path::new("rustc");
        if has(own, &format!("lib/rustlib/{TARGET}/lib")) {
            return Some(Self::Installed);
        }
        let mut compilers = [own, Path::new(DEBIAN_RUSTC)].into_iter();
        let rustc = compilers.find(|rustc| is_new_enough(rustc) && has_sources(rustc))?;
        Some(Self::Sources { rustc: rustc.to_owned() })
    }

    /// Cargo, set up to build for Windows into `target`.
    pub(crate) fn cargo(&self, project: &Project, target: &Path, subcommand: &str) -> Command {
        let mut cargo = project.cargo();
        cargo.env("CARGO_TARGET_DIR", target);
        cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", GCC);
        // Nobody debugs these; without, they are a third in size and link in half the time.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "none").env("CARGO_INCREMENTAL", "0");
        if let Self::Sources { rustc } = self {
            // Building the standard library is not stable yet, the library is.
            cargo.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
            cargo.args(["-Z", "build-std=std,panic_abort"]);
        }
        cargo.args([subcommand, "--target", TARGET]);
        cargo
    }
}

fn has_sources(rustc: &Path) -> bool {
    has(rustc, "lib/rustlib/src/rust/library/std/Cargo.toml")
}

/// Whether something is below the compiler's own folder.
fn has(rustc: &Path, path: &str) -> bool {
    sysroot(rustc).is_ok_and(|sysroot| sysroot.join(path).exists())
}

fn sysroot(rustc: &Path) -> Result<PathBuf> {
    process::last_line(Command::new(rustc).args(["--print", "sysroot"])).map(PathBuf::from)
}

fn is_new_enough(rustc: &Path) -> bool {
    let wanted = version(env!("CARGO_PKG_RUST_VERSION"));
    let said = process::last_line(Command::new(rustc).arg("--version"));
    said.is_ok_and(|said| version(said.trim_start_matches("rustc ")) >= wanted)
}

/// Major and minor version; nothing is older than everything.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("1.96.0 (Debian)"), Some((1, 96)));
        assert!(version("1.100.0") > version("1.95"));
        assert!(version("none") < version("1.0"));
    }
}
