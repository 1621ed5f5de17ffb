//! The checkout keeps the rules of `cargo xtask tidy`.

use std::path::Path;

#[test]
fn the_checkout_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let findings = xtask::tidy::findings(root).unwrap();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
