//! `cargo xtask codegen`: the Rust code of `crates/steep-proto`, from its `.proto` file.
//!
//! The code is committed, so that nobody needs a code generator to build the project, and tidy
//! finds it when it is not what this would write. protox compiles the file without `protoc`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::say;

/// What is compiled.
const SOURCE: &str = "crates/steep-proto/proto/replication.proto";

/// What is written.
pub(crate) const WRITTEN: &str = "crates/steep-proto/src/generated/steep.replication.v1.rs";

const HEADER: &str =
    "// Written by `cargo xtask codegen` from proto/replication.proto. Do not edit.\n\n";

/// Writes the code, if it is not there yet.
pub(crate) fn run(root: &Path) -> Result<()> {
    let code = generate(root)?;
    let path = root.join(WRITTEN);
    if fs::read_to_string(&path).is_ok_and(|present| present == code) {
        say::progress(format!("codegen: {WRITTEN} is up to date"));
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    fs::write(&path, code).with_context(|| format!("cannot write {}", path.display()))?;
    say::progress(format!("codegen: wrote {WRITTEN}"));
    Ok(())
}

/// The code that belongs to the `.proto` file of the checkout in `root`.
pub(crate) fn generate(root: &Path) -> Result<String> {
    let source = root.join(SOURCE);
    let folder = source.parent().context("the .proto file is in no folder")?;
    let descriptors = protox::compile([&source], [folder])
        .with_context(|| format!("{SOURCE} does not compile"))?;
    let written = tempfile::tempdir().context("cannot make a folder for generated code")?;
    tonic_prost_build::configure()
        .build_transport(false)
        .emit_rerun_if_changed(false)
        // It holds a password: what may be shown of it is written by hand.
        .skip_debug(["steep.replication.v1.Credentials"])
        .out_dir(written.path())
        .compile_fds(descriptors)
        .with_context(|| format!("cannot generate code from {SOURCE}"))?;
    let path = written.path().join("steep.replication.v1.rs");
    let code = fs::read_to_string(&path)
        .with_context(|| format!("{SOURCE}: no code for the package steep.replication.v1"))?;
    Ok(format!("{HEADER}{code}"))
}
