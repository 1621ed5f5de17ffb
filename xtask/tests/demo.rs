//! `cargo xtask demo` ends by itself and says what happened.

use std::error::Error;
use std::process::Command;

#[test]
fn it_ends_with_the_same_rows_on_all_nodes() -> Result<(), Box<dyn Error>> {
    let place = tempfile::tempdir()?;
    open(place.path())?;
    let mut demo = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = demo.args(["demo", "--json", "--dir"]).arg(place.path()).output()?;
    let errors = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{}: {errors}", output.status);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let nodes = report["nodes"].as_array().ok_or("no nodes")?;
    assert_eq!(nodes.len(), 3);
    assert!(nodes.iter().all(|node| node["checksum"] == nodes[0]["checksum"]));
    assert!(report["transactions"].as_u64().is_some_and(|count| count > 100), "{report}");
    // Both wrote to the same rows at once.
    let conflicts = |node: &serde_json::Value| node["conflicts"].as_array().map_or(0, Vec::len);
    assert!(nodes.iter().map(conflicts).sum::<usize>() > 0, "{report}");
    assert!(std::fs::read_dir(place.path())?.next().is_none(), "something was left");
    Ok(())
}

#[cfg(unix)]
fn open(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))
}

#[cfg(not(unix))]
fn open(_: &std::path::Path) -> std::io::Result<()> {
    Ok(())
}
