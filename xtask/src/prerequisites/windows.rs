//! What building for Windows, and running it, needs.

use std::process::Command;

use super::missing::Missing;
use crate::process;
use crate::windows::{GCC, TARGET, Toolchain, WINE};

pub(super) fn missing() -> Vec<Missing> {
    let mut missing = Vec::new();
    if Toolchain::find().is_none() {
        missing.push(Missing {
            name: format!("a Rust toolchain for {TARGET}"),
            debian: Some("rustc-web rust-web-src"),
            elsewhere: "rustup target add x86_64-pc-windows-gnu",
        });
    }
    if !runs(GCC) {
        missing.push(Missing {
            name: format!("{GCC}, which links for Windows"),
            debian: Some("gcc-mingw-w64-x86-64"),
            elsewhere: "dnf install mingw64-gcc; brew install mingw-w64",
        });
    }
    if !runs(WINE) {
        missing.push(Missing {
            name: "Wine, which runs what was built".to_owned(),
            debian: Some("wine wine64"),
            elsewhere: "dnf install wine; brew install wine-stable",
        });
    }
    missing
}

fn runs(program: &str) -> bool {
    process::output(Command::new(program).arg("--version")).is_ok_and(|said| said.status.success())
}
