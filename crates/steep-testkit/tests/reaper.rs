//! Nothing is left behind, however the test process ends.
#![cfg(unix)]

use std::env;
use std::error::Error;
use std::fs;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use steep_testkit::{Major, PgCluster, on_each_major, wait};

type Outcome = Result<(), Box<dyn Error>>;

/// Where the second process of a test writes what it started; without it, it is the first.
const REPORT: &str = "STEEP_TESTKIT_REPORT";

/// What the second process of a test started.
struct Started {
    data_dir: PathBuf,
    dsn: String,
    pids: Vec<i32>,
}

impl Started {
    fn write(&self, path: &Path) -> Outcome {
        let pids: Vec<_> = self.pids.iter().map(ToString::to_string).collect();
        let text = format!("{}\n{}\n{}\n", self.data_dir.display(), self.dsn, pids.join(" "));
        let unfinished = path.with_extension("part");
        fs::write(&unfinished, text)?;
        Ok(fs::rename(unfinished, path)?)
    }

    fn read(path: &Path) -> Result<Self, wait::Observed> {
        let text = fs::read_to_string(path)?;
        let mut lines = text.lines().map(str::to_owned);
        let mut next = || lines.next().ok_or(wait::Observed::new("half a report"));
        let (data_dir, dsn, pids) = (next()?.into(), next()?, next()?);
        let pids = pids.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { data_dir, dsn, pids })
    }

    /// Waits until no process and no folder is left.
    fn is_gone(&self) -> Outcome {
        let folder = self.data_dir.parent().ok_or("no folder")?;
        Ok(wait::until(wait::DEADLINE, "nothing left", || {
            let left: Vec<_> = self.pids.iter().filter(|pid| is_alive(**pid)).collect();
            if left.is_empty() && !folder.exists() {
                return Ok(());
            }
            let exists = folder.exists();
            Err(wait::Observed::new(format!("processes {left:?}, folder {exists}")))
        })?)
    }
}

/// A process that has ended, but has not been waited for, is not alive.
fn is_alive(pid: i32) -> bool {
    let is_zombie = fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")));
    kill(Pid::from_raw(pid), None).is_ok() && !is_zombie
}

/// The first process: runs the same test in a second one and waits for its report.
fn second_process(folder: &Path) -> Result<(Child, Started), Box<dyn Error>> {
    let report = folder.join("report");
    let name = std::thread::current().name().ok_or("a test without a name")?.to_owned();
    let mut command = Command::new(env::current_exe()?);
    command.args(["--exact", &name, "--nocapture"]).env(REPORT, &report);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let child = command.spawn()?;
    let started = wait::until(wait::DEADLINE, "the second process", || Started::read(&report))?;
    assert!(started.data_dir.exists());
    assert!(started.pids.len() > 3 && started.pids.iter().all(|pid| is_alive(*pid)));
    Ok((child, started))
}

/// The second process: starts a cluster and has a session that never ends by itself.
fn start(major: Major, report: &Path) -> Result<PgCluster, Box<dyn Error>> {
    let cluster = PgCluster::builder(major).start()?;
    let mut busy = cluster.client("postgres");
    std::thread::spawn(move || {
        busy.batch_execute("set application_name = 'busy'; do $$ begin loop end loop; end $$")
    });
    let sql = "select state from pg_stat_activity where application_name = 'busy'";
    wait::query_returns(&cluster, "postgres", sql, "active", wait::DEADLINE)?;
    let rows = cluster
        .query("postgres", "select pid from pg_stat_activity where pid <> pg_backend_pid()")?;
    let mut pids = rows
        .into_iter()
        .flatten()
        .flatten()
        .map(|pid| pid.parse())
        .collect::<Result<Vec<_>, _>>()?;
    pids.push(i32::try_from(cluster.pid().ok_or("no postmaster")?)?);
    let started = Started { data_dir: cluster.data_dir(), dsn: cluster.dsn("postgres"), pids };
    started.write(report)?;
    Ok(cluster)
}

fn wait_for_the_end(_cluster: &PgCluster) -> ! {
    loop {
        std::thread::park();
    }
}

on_each_major! {
    fn a_killed_test_leaves_nothing(major: Major) -> Outcome {
        if let Some(report) = env::var_os(REPORT) {
            wait_for_the_end(&start(major, Path::new(&report))?);
        }
        let folder = tempfile::tempdir()?;
        let (mut child, started) = second_process(folder.path())?;
        kill(Pid::from_raw(child.id().try_into()?), Signal::SIGKILL)?;
        assert_eq!(child.wait()?.signal(), Some(9));
        started.is_gone()
    }
}

/// The signal goes to the whole group, as a terminal's does.
#[test]
fn an_interrupted_test_leaves_nothing() -> Outcome {
    if let Some(report) = env::var_os(REPORT) {
        wait_for_the_end(&start(Major::V18, Path::new(&report))?);
    }
    let folder = tempfile::tempdir()?;
    let (mut child, started) = second_process(folder.path())?;
    killpg(Pid::from_raw(child.id().try_into()?), Signal::SIGINT)?;
    assert_eq!(child.wait()?.signal(), Some(2));
    started.is_gone()
}

#[test]
fn a_panicking_test_leaves_nothing() -> Outcome {
    if let Some(report) = env::var_os(REPORT) {
        let report = Path::new(&report);
        let _cluster = start(Major::V18, report)?;
        // Not before the first process has seen the servers alive.
        wait::until(wait::DEADLINE, "the first process", || match report.exists() {
            true => Err(wait::Observed::new("has not looked yet")),
            false => Ok(()),
        })?;
        panic!("as planned");
    }
    let folder = tempfile::tempdir()?;
    let (mut child, started) = second_process(folder.path())?;
    fs::remove_file(folder.path().join("report"))?;
    assert!(!child.wait()?.success());
    started.is_gone()
}

#[test]
fn a_crashed_cluster_of_a_killed_test_leaves_nothing() -> Outcome {
    if let Some(report) = env::var_os(REPORT) {
        let cluster = start(Major::V18, Path::new(&report))?;
        cluster.kill9()?;
        wait_for_the_end(&cluster);
    }
    let folder = tempfile::tempdir()?;
    let (mut child, started) = second_process_of_a_crash(folder.path())?;
    kill(Pid::from_raw(child.id().try_into()?), Signal::SIGKILL)?;
    child.wait()?;
    started.is_gone()
}

/// Here the servers may be gone before the first process looks.
fn second_process_of_a_crash(folder: &Path) -> Result<(Child, Started), Box<dyn Error>> {
    let report = folder.join("report");
    let name = std::thread::current().name().ok_or("a test without a name")?.to_owned();
    let mut command = Command::new(env::current_exe()?);
    command.args(["--exact", &name, "--nocapture"]).env(REPORT, &report);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn()?;
    let started = wait::until(wait::DEADLINE, "the second process", || Started::read(&report))?;
    Ok((child, started))
}

#[test]
fn a_detached_cluster_runs_on() -> Outcome {
    if let Some(report) = env::var_os(REPORT) {
        let detached = start(Major::V18, Path::new(&report))?.detach()?;
        assert!(!format!("{detached:?}").contains("postgresql://"));
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let (mut child, started) = second_process(folder.path())?;
    let ended = child.wait()?;
    let answer = postgres::Client::connect(&started.dsn, postgres::NoTls)
        .and_then(|mut client| client.simple_query("select 1"));
    // Ended before anything is asserted: nobody else will.
    let postmaster = *started.pids.last().ok_or("no postmaster")?;
    kill(Pid::from_raw(postmaster), Signal::SIGQUIT)?;
    wait::until(wait::DEADLINE, "the servers' end", || {
        match started.pids.iter().filter(|pid| is_alive(**pid)).count() {
            0 => Ok(()),
            count => Err(wait::Observed::new(count)),
        }
    })?;
    fs::remove_dir_all(started.data_dir.parent().ok_or("no folder")?)?;
    assert!(ended.success());
    answer?;
    Ok(())
}
