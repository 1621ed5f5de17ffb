//! Generated code is what its generator writes.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Finding;
use crate::codegen;

/// The generated code that is not what `cargo xtask codegen` would write.
///
/// # Errors
/// When the code cannot be generated or read.
pub fn findings(root: &Path) -> Result<Option<Finding>> {
    let path = root.join(codegen::WRITTEN);
    let committed =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(stale(&committed, &codegen::generate(root)?))
}

fn stale(committed: &str, generated: &str) -> Option<Finding> {
    let same = committed.lines().eq(generated.lines());
    (!same).then(|| {
        format!("{}: not what its .proto file says; run `cargo xtask codegen`", codegen::WRITTEN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_code_is_found() {
        assert!(stale("a\nb\n", "a\nc\n").is_some());
        assert!(stale("a\n", "a\nb\n").is_some());
    }

    #[test]
    fn line_ends_of_another_system_are_no_difference() {
        assert_eq!(stale("a\r\nb\r\n", "a\nb\n"), None);
    }
}
