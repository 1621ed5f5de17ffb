//! One daemon of a node.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{PgCluster, postgres};

use super::Programs;
use super::config::{Config, Route};
use crate::{platform, process};

/// How long a daemon may take to answer.
const START: Duration = Duration::from_secs(30);
/// How long it may take to end.
const STOP: Duration = Duration::from_secs(30);

/// A daemon that runs. It ends with this, unless it is kept.
#[derive(Debug)]
pub(crate) struct Daemon {
    node: String,
    programs: Programs,
    child: Child,
    is_kept: bool,
    pub(crate) folder: PathBuf,
    pub(crate) grpc: String,
    pub(crate) http: String,
}

/// What others learn of it.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) pid: u32,
    pub(crate) grpc: String,
    pub(crate) http: String,
    pub(crate) ipc: PathBuf,
    pub(crate) config: PathBuf,
}

/// The folder of a node's daemon beside that of its cluster.
pub(crate) fn folder_of(clusters: &Path, node: &str) -> PathBuf {
    clusters.join(format!("{node}.daemon"))
}

pub(super) fn ipc(folder: &Path) -> PathBuf {
    if cfg!(windows) {
        let name = folder.to_string_lossy().replace(['\\', '/', ':'], "-");
        return PathBuf::from(format!(r"\\.\pipe\steep-repl-{name}"));
    }
    folder.join("steep-repl.sock")
}

/// Where a daemon listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) grpc: u16,
    pub(crate) http: u16,
}

impl Ports {
    /// Any that are free now.
    pub(crate) fn free() -> Result<Self> {
        Ok(Self { grpc: free_port()?, http: free_port()? })
    }
}

impl Daemon {
    /// Writes the configuration, starts the daemon and waits until it answers.
    pub(crate) fn start(
        programs: &Programs,
        clusters: &Path,
        certificates: &Path,
        cluster: &PgCluster,
        database: &str,
    ) -> Result<Self> {
        Self::start_on(programs, clusters, certificates, (cluster, database), Ports::free()?, &[])
    }

    /// As [`start`](Self::start), on these ports; it reaches other nodes by these routes.
    pub(crate) fn start_on(
        programs: &Programs,
        clusters: &Path,
        certificates: &Path,
        (cluster, database): (&PgCluster, &str),
        Ports { grpc: grpc_port, http: http_port }: Ports,
        routes: &[Route],
    ) -> Result<Self> {
        let node = cluster.name();
        let folder = folder_of(clusters, node);
        let bin_dir = cluster.server().prefix.join("bin");
        let password_file = folder.join("password");
        let config = Config {
            node,
            postgres_port: cluster.port(),
            database,
            password_file: &password_file,
            bin_dir: &bin_dir,
            grpc_port,
            http_port,
            folder: &folder,
            certificates,
            routes,
        };
        let prepare = || -> std::io::Result<()> {
            fs::create_dir_all(&folder)?;
            fs::write(&password_file, format!("{}\n", password(cluster)))?;
            platform::make_private(&password_file)?;
            fs::write(config_of(&folder), config.text())
        };
        prepare().with_context(|| format!("cannot write to {}", folder.display()))?;
        let child = spawn(programs, &folder)?;
        let mut daemon = Self {
            node: node.to_owned(),
            programs: programs.clone(),
            child,
            is_kept: false,
            folder,
            grpc: format!("127.0.0.1:{grpc_port}"),
            http: format!("127.0.0.1:{http_port}"),
        };
        daemon.wait_until_it_answers()?;
        Ok(daemon)
    }

    /// Runs a command of `steep-replctl` for this daemon.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.programs.ctl(&config_of(&self.folder));
        process::output(command.args(arguments))
    }

    /// `steep-replctl` for this daemon, without a command yet.
    pub(crate) fn ctl_command(&self) -> Command {
        self.programs.ctl(&config_of(&self.folder))
    }

    /// As [`ctl`](Self::ctl); the command has to succeed. Returns what it answered.
    pub(crate) fn must(&self, arguments: &[&str]) -> Result<String> {
        let output = self.ctl(arguments)?;
        if !output.status.success() {
            bail!(
                "node {}: `steep-replctl {}` failed ({}):\n{}",
                self.node,
                arguments.join(" "),
                output.status,
                process::said(&output)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        config_of(&self.folder)
    }

    /// Where it answers commands.
    pub(crate) fn ipc(&self) -> PathBuf {
        ipc(&self.folder)
    }

    /// It outlives this.
    pub(crate) fn keep(mut self) -> Described {
        self.is_kept = true;
        Described {
            pid: self.child.id(),
            grpc: self.grpc.clone(),
            http: self.http.clone(),
            ipc: ipc(&self.folder),
            config: self.config(),
        }
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let config = config_of(&self.folder);
        let waited =
            wait::until(START, format!("an answer of the daemon of {}", self.node), || {
                if let Ok(Some(status)) = self.child.try_wait() {
                    return Ok(Err(status));
                }
                let mut command = self.programs.ctl(&config);
                match process::output(command.args(["status", "--json"])) {
                    Ok(output) if output.status.success() => Ok(Ok(())),
                    Ok(output) => Err(Observed::new(process::said(&output))),
                    Err(error) => Err(Observed::new(error)),
                }
            });
        let ended = waited.map_err(|error| anyhow!("{error}"))?;
        ended.map_err(|status| {
            let log = fs::read_to_string(log_of(&self.folder)).unwrap_or_default();
            anyhow!("the daemon of {} ended ({status}):\n{log}", self.node)
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !self.is_kept {
            platform::terminate(self.child.id());
            let ended = wait::until(STOP, "the daemon's end", || match self.child.try_wait() {
                Ok(None) => Err(Observed::new("it runs")),
                _ => Ok(()),
            });
            if ended.is_err() {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
    }
}

fn config_of(folder: &Path) -> PathBuf {
    folder.join("config.yaml")
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("steep-repl.log")
}

fn spawn(programs: &Programs, folder: &Path) -> Result<Child> {
    let mut command = programs.daemon();
    command.args(["run", "--config"]).arg(config_of(folder));
    let start = |command: &mut Command| {
        let log = File::options().create(true).append(true).open(log_of(folder))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // A Ctrl-C in the terminal is for the command, which ends its daemons itself.
        platform::own_group(command);
        command.spawn()
    };
    start(&mut command).with_context(|| format!("`{}` cannot be started", process::line(&command)))
}

/// Stops a daemon that was kept, if it still runs; its folder goes as well.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    let data = folder.join("data");
    let held = |what: &str| format!("the daemon in {} {what}", folder.display());
    // The lock tells a daemon from a process that has got its number since.
    if runs(folder) {
        let pid = fs::read_to_string(data.join("steep-repl.pid")).with_context(|| held("hides"))?;
        let pid = pid.trim().parse().with_context(|| held("has no number"))?;
        platform::terminate(pid);
        let gone = wait::until(STOP, "the daemon's end", || {
            if runs(folder) { Err(Observed::new("it runs")) } else { Ok(()) }
        });
        gone.map_err(|error| anyhow!("{}: {error}", held("does not end")))?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// Whether the daemon of a folder runs.
pub(crate) fn runs(folder: &Path) -> bool {
    let lock = folder.join("data").join("steep-repl.lock");
    File::options().write(true).open(lock).is_ok_and(|file| file.try_lock().is_err())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let port = listener.and_then(|listener| Ok(listener.local_addr()?.port()));
    port.context("no free port on 127.0.0.1")
}

fn password(cluster: &PgCluster) -> String {
    let config: Option<postgres::Config> = cluster.dsn("postgres").parse().ok();
    let password = config.as_ref().and_then(|config| config.get_password());
    String::from_utf8_lossy(password.unwrap_or_default()).into_owned()
}
