//! What `install` refuses: a service that could not start.
#![cfg(unix)]

use std::error::Error;
use std::process::Command;

type Outcome = Result<(), Box<dyn Error>>;

/// What `install` with this configuration says on standard error, and ends with. Whatever it does not
/// refuse it would install: nothing here must pass.
fn install(more: &str, arguments: &[&str]) -> Result<(String, Option<i32>), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("config.yaml");
    std::fs::write(&config, format!("replication:\n  postgres: {{database: app}}\n{more}"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_steep-repl"));
    command.arg("--config").arg(&config).arg("install").args(arguments);
    // No service manager is to be found.
    command.env("PATH", folder.path());
    let output = command.output()?;
    Ok((String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code()))
}

#[test]
fn a_user_that_does_not_exist_is_refused() -> Outcome {
    let (said, code) = install("", &["--run-as", "no-such-user-here"])?;
    assert!(said.contains("there is no OS user \"no-such-user-here\""), "{said}");
    assert_eq!(code, Some(4), "{said}");
    Ok(())
}

#[test]
fn what_run_would_refuse_is_refused() -> Outcome {
    let (said, code) = install("  tables: {include: [\"a.b.c\"]}\n", &[])?;
    assert!(said.contains("\"a.b.c\" is no pattern"), "{said}");
    assert_eq!(code, Some(2), "{said}");
    let (said, _) = install("  grpc: {listen: \"127.0.0.1:5433\", tls: {mode: \"off\"}}\n", &[])?;
    assert!(said.contains("replication.topology.this_node.name"), "{said}");
    let files = "ca_file: /no/ca.crt, cert_file: /no/hq.crt, key_file: /no/hq.key";
    let (said, code) = install(&format!("  grpc: {{tls: {{{files}}}}}\n"), &[])?;
    assert!(said.contains("/no/") && code == Some(4), "{said}");
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_service_manager_the_way_out_is_told() -> Outcome {
    let (said, code) = install("", &["--user"])?;
    assert!(said.contains("hint: without a service manager"), "{said}");
    assert_eq!(code, Some(4), "{said}");
    Ok(())
}
