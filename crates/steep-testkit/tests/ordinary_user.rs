//! Root needs another user for the servers; everybody else does without.
#![cfg(unix)]

use std::env;
use std::error::Error;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::unistd::{User, geteuid};
use steep_testkit::{Major, PgCluster, SERVERS_VARIABLE, Servers, on_each_major};

type Outcome = Result<(), Box<dyn Error>>;

/// Set in the process that root starts as somebody else.
const SECOND: &str = "STEEP_TESTKIT_SECOND";

fn runs_servers_itself(major: Major) -> Outcome {
    let me = geteuid();
    assert!(!me.is_root());
    let cluster = PgCluster::builder(major).start()?;
    let folder = fs::metadata(cluster.data_dir())?;
    assert_eq!((folder.uid(), folder.mode() & 0o777), (me.as_raw(), 0o700));
    assert_eq!(cluster.value("postgres", "select 'here'")?, "here");
    cluster.kill9()?;
    cluster.start()?;
    cluster.finish();
    Ok(())
}

on_each_major! {
    fn an_ordinary_user_runs_servers_itself(major: Major) -> Outcome {
        if env::var_os(SECOND).is_some() || !geteuid().is_root() {
            return runs_servers_itself(major);
        }
        let somebody = User::from_name("nobody")?.ok_or("no user nobody")?;
        // The program and the list of servers may be where only root can read them.
        let folder = tempfile::tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let program = folder.path().join("test");
        fs::copy(env::current_exe()?, &program)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        let list = folder.path().join("servers.json");
        Servers::load()?.write(&list)?;
        let name = std::thread::current().name().ok_or("a test without a name")?.to_owned();
        let mut command = Command::new(&program);
        command.args(["--exact", &name, "--nocapture"]).current_dir(folder.path());
        command.env(SECOND, "1").env(SERVERS_VARIABLE, &list);
        command.uid(somebody.uid.as_raw()).gid(somebody.gid.as_raw());
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}\n{}",
            String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

#[test]
fn root_lets_another_user_run_them() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let owner = fs::metadata(cluster.data_dir())?.uid();
    assert_ne!(owner, 0);
    assert_eq!(owner == geteuid().as_raw(), !geteuid().is_root());
    Ok(())
}
