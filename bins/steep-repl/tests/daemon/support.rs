//! A daemon as a process, with a configuration of its own.

use std::error::Error;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use steep_ipc::{Reply, Request, Response};
use steep_ipc_tokio::{CallError, Client, Endpoint};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{PgCluster, SUPERUSER};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// Time from one look of the daemon to the next.
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// A folder with a configuration; the daemon of it may run.
pub(crate) struct Daemon {
    folder: tempfile::TempDir,
    child: Option<Child>,
    logs: usize,
}

impl Daemon {
    /// Writes a configuration for the database `postgres` of this cluster; starts nothing.
    pub(crate) fn of(cluster: &PgCluster, extra: &str) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let dsn = cluster.dsn("postgres");
        let password = dsn.split(['@']).next().and_then(|login| login.rsplit(':').next());
        private(&folder.path().join("password"), password.ok_or("no password in the URL")?)?;
        let text = format!(
            "replication:\n  postgres: {{host: 127.0.0.1, port: {}, user: {SUPERUSER}, password_file: {}, bin_dir: {}}}\n  \
             http: {{listen: \"127.0.0.1:0\"}}\n  ipc: {{path: {}}}\n  log: {{format: json}}\n  \
             watch: {{interval: {}ms, shutdown_timeout: 20s}}\n  data_dir: {}\n{extra}",
            cluster.port(),
            path("password"),
            cluster.server().prefix.join("bin").display(),
            path("ipc.sock"),
            INTERVAL.as_millis(),
            path("data"),
        );
        fs::write(folder.path().join("config.yaml"), text)?;
        Ok(Self { folder, child: None, logs: 0 })
    }

    /// As [`of`](Self::of), and starts it.
    pub(crate) fn start(cluster: &PgCluster) -> Result<Self, Box<dyn Error>> {
        // A daemon that ends does not wait for the answers it was about to look at.
        cluster.expect_log("connection to client lost");
        let mut daemon = Self::of(cluster, "")?;
        daemon.run()?;
        Ok(daemon)
    }

    /// Starts the daemon and waits until it says that it runs.
    pub(crate) fn run(&mut self) -> Outcome {
        self.logs += 1;
        let log = File::create(self.log_path())?;
        let mut command = self.command(&["run"]);
        self.child = Some(command.stderr(log).stdout(Stdio::null()).spawn()?);
        self.logged("steep-repl runs")?;
        Ok(())
    }

    /// Ends the daemon, changes its configuration, and starts it again.
    pub(crate) fn restart_with(&mut self, change: &dyn Fn(&str) -> String) -> Outcome {
        self.signal(Signal::SIGTERM)?;
        self.ended()?;
        let text = fs::read_to_string(self.config())?;
        let changed = change(&text);
        assert_ne!(text, changed, "nothing to change");
        fs::write(self.config(), changed)?;
        self.run()
    }

    /// This program with this configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steep-repl"));
        command.arg("--config").arg(self.config()).args(arguments);
        // What the machine's user has set must not count here.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("STEEP_REPLICATION") {
                command.env_remove(name);
            }
        }
        command
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    /// Where the daemon keeps its files.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join(format!("log.{}", self.logs))
    }

    /// The log of the last run.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Waits for a line of the log that contains the text.
    pub(crate) fn logged(&self, text: &str) -> Result<String, Box<dyn Error>> {
        Ok(wait::until(wait::DEADLINE, format!("a log line with \"{text}\""), || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(text)).map(str::to_owned);
            line.ok_or_else(|| Observed::new(log))
        })?)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Outcome {
        Ok(kill(Pid::from_raw(i32::try_from(self.pid())?), signal)?)
    }

    /// Waits until the process has ended.
    pub(crate) fn ended(&mut self) -> Result<ExitStatus, Box<dyn Error>> {
        let mut child = self.child.take().ok_or("it does not run")?;
        let ended = wait::until(wait::DEADLINE, "the end of the daemon", || {
            child.try_wait()?.ok_or_else(|| Observed::new("it runs"))
        });
        if ended.is_err() {
            let _ = child.kill();
        }
        Ok(ended?)
    }

    pub(crate) fn http(&self) -> Result<SocketAddr, Box<dyn Error>> {
        let line = self.logged("steep-repl runs")?;
        let line: serde_json::Value = serde_json::from_str(&line)?;
        Ok(line["http"].as_str().ok_or("no address in the log")?.parse()?)
    }

    /// Status code and body.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, String), Box<dyn Error>> {
        let mut stream = TcpStream::connect(self.http()?)?;
        stream.set_read_timeout(Some(wait::DEADLINE))?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
        let code = head.split(' ').nth(1).ok_or("no status code")?;
        Ok((code.parse()?, body.to_owned()))
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::at(self.folder.path().join("ipc.sock"))
    }

    pub(crate) fn ask(&self, request: &Request) -> Result<Response, Box<dyn Error>> {
        runtime()?.block_on(async {
            let mut client = Client::connect(&self.endpoint(), "test").await?;
            Ok(client.call(request).await?)
        })
    }

    pub(crate) fn status(&self) -> Result<steep_ipc::NodeStatus, Box<dyn Error>> {
        match self.ask(&Request::Status)? {
            Response::Status(status) => Ok(status),
            other => Err(format!("{other:?} is no status").into()),
        }
    }

    /// Waits until the status is as wanted; how long that took.
    pub(crate) fn until(
        &self,
        what: &str,
        mut wanted: impl FnMut(&steep_ipc::NodeStatus) -> bool,
    ) -> Result<Duration, Box<dyn Error>> {
        let began = std::time::Instant::now();
        wait::until(wait::DEADLINE, what, || {
            let status = self.status().map_err(Observed::new)?;
            if wanted(&status) { Ok(()) } else { Err(Observed::new(format!("{status:?}"))) }
        })?;
        Ok(began.elapsed())
    }

    /// Waits until HTTP says so.
    pub(crate) fn until_health_is(&self, code: u16) -> Outcome {
        wait::until(wait::DEADLINE, format!("/health {code}"), || {
            let (now, body) = self.get("/health").map_err(Observed::new)?;
            if now == code { Ok(()) } else { Err(Observed::new(body)) }
        })?;
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Told to stop rather than killed: a query that is cut off leaves a complaint in the
        // server's log.
        if self.child.is_some() && (self.signal(Signal::SIGTERM).is_err() || self.ended().is_err())
        {
            let _ = writeln!(std::io::stderr(), "the daemon did not stop");
        }
        if std::thread::panicking() {
            // What it said is what the reader of a failure wants to see.
            let _ = writeln!(std::io::stderr(), "log of the daemon:\n{}", self.log());
        }
    }
}

pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The next event of a subscription that passes.
pub(crate) async fn event(
    client: &mut Client,
    wanted: impl Fn(&steep_ipc::Event) -> bool,
) -> Result<steep_ipc::Event, CallError> {
    loop {
        if let Reply::Event(event) = client.next().await?
            && wanted(&event)
        {
            return Ok(event);
        }
    }
}

fn private(path: &Path, text: &str) -> Outcome {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}
