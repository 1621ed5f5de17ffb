//! Start, stop, crash, restart.

use std::fs::{self, OpenOptions};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::error::ClusterError;
use super::{PgCluster, State};
use crate::allowance::Allowance;
use crate::log;
use crate::platform::{self, Stop};
use crate::ports::PortError;

/// Generous, for machines that run many things at once; a healthy start takes a tenth of a second.
const DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);
const TAIL_LINES: usize = 30;

/// The eighth line of `postmaster.pid` says it (`PM_STATUS_READY` of `pidfile.h`).
const READY: &str = "ready";

impl PgCluster {
    /// Starts the stopped cluster and waits until it accepts connections.
    ///
    /// # Errors
    /// When it runs already, its port is in use, or the server ends; the error has the end of
    /// the log.
    pub fn start(&self) -> Result<(), ClusterError> {
        let mut state = self.state();
        if let Some(postmaster) = &mut state.postmaster
            && self.has_ended(postmaster)?.is_none()
        {
            return Err(ClusterError::Running { cluster: self.name.clone() });
        }
        self.write_settings(&state)?;
        let log_start = self.log_text().len();
        let mut postmaster = self.spawn_postmaster()?;
        if let Some(reaper) = &mut state.reaper {
            let told = reaper.postmaster(postmaster.id());
            told.map_err(|source| self.process_error("the reaper", source))?;
        }
        let ready = self.wait_until_ready(&mut postmaster, &state, log_start);
        if ready.is_ok() {
            state.postmaster = Some(postmaster);
            state.allowances.push(Allowance::too_early(log_start));
            state.allowances.push(Allowance::starting(log_start, self.log_text().len()));
            return ready;
        }
        if self.has_ended(&mut postmaster)?.is_none() {
            state.postmaster = Some(postmaster);
            drop(state);
            self.kill9()?;
            state = self.state();
        }
        // The error has told it.
        state.allowances.push(Allowance::everything(log_start, self.log_text().len()));
        ready
    }

    /// Stops the cluster and waits until its processes are gone.
    ///
    /// A frozen clock runs on meanwhile.
    ///
    /// # Errors
    /// When it does not run, or does not stop within a minute.
    pub fn stop(&self, how: Stop) -> Result<(), ClusterError> {
        let mut state = self.state();
        let Some(postmaster) = state.postmaster.as_mut() else {
            return Err(ClusterError::NotRunning { cluster: self.name.clone() });
        };
        let log_start = self.log_text().len();
        platform::request_stop(&self.server, &self.data_dir(), postmaster.id(), how)
            .map_err(|source| self.process_error("postgres", source))?;
        if let Some(clock) = &self.clock {
            clock.thaw()?;
        }
        let stopped = self.wait_until_gone(postmaster);
        state.allowances.push(Allowance::stopping(log_start, self.log_text().len()));
        stopped?;
        state.postmaster = None;
        if let Some(clock) = &self.clock {
            clock.refreeze()?;
        }
        Ok(())
    }

    /// Kills the postmaster and all its children with `SIGKILL`, and waits until they are gone.
    ///
    /// # Errors
    /// When it does not run, or does not die within a minute.
    pub fn kill9(&self) -> Result<(), ClusterError> {
        let mut state = self.state();
        let Some(postmaster) = state.postmaster.as_mut() else {
            return Err(ClusterError::NotRunning { cluster: self.name.clone() });
        };
        let log_start = self.log_text().len();
        platform::crash(&self.folder, postmaster.id())
            .map_err(|source| self.process_error("postgres", source))?;
        self.wait_until_gone(postmaster)?;
        state.allowances.push(Allowance::stopping(log_start, self.log_text().len()));
        state.postmaster = None;
        Ok(())
    }

    /// Stops (fast) and starts the cluster, with the settings that were set since.
    ///
    /// # Errors
    /// As [`stop`](Self::stop) and [`start`](Self::start).
    pub fn restart(&self) -> Result<(), ClusterError> {
        self.stop(Stop::Fast)?;
        self.start()
    }

    /// Lets the running server read its settings again.
    ///
    /// The processes read them soon after, not at once: wait for what depends on them.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn reload(&self) -> Result<(), ClusterError> {
        self.execute("postgres", "select pg_catalog.pg_reload_conf()")
    }

    /// The server itself is the child, not `pg_ctl`: its end is then noticed at once.
    fn spawn_postmaster(&self) -> Result<Child, ClusterError> {
        let path = self.log_path();
        let open = || {
            let log = OpenOptions::new().create(true).append(true).open(&path)?;
            Ok((log.try_clone()?, log))
        };
        let (out, err) = open().map_err(|source| self.folder_error(&path, source))?;
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data_dir());
        postgres.stdin(Stdio::null()).stdout(out).stderr(err);
        if let Some(clock) = &self.clock {
            clock.apply(&mut postgres);
        }
        postgres.spawn().map_err(|source| self.process_error("postgres", source))
    }

    fn wait_until_ready(
        &self,
        postmaster: &mut Child,
        state: &State,
        log_start: usize,
    ) -> Result<(), ClusterError> {
        let began = Instant::now();
        while began.elapsed() < DEADLINE {
            if let Some(status) = self.has_ended(postmaster)? {
                return Err(self.start_error(status, state, log_start));
            }
            if self.is_ready(postmaster.id()) {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        Err(self.timed_out("ready"))
    }

    /// A file that a killed server left behind names another process.
    fn is_ready(&self, pid: u32) -> bool {
        let Ok(lock) = fs::read_to_string(self.data_dir().join("postmaster.pid")) else {
            return false;
        };
        let mut lines = lock.lines();
        lines.next() == Some(pid.to_string().as_str())
            && lines.nth(6).is_some_and(|status| status.trim() == READY)
    }

    fn start_error(&self, status: ExitStatus, state: &State, log_start: usize) -> ClusterError {
        let log = self.log_text();
        if log[log_start..].contains("could not create any TCP/IP sockets") {
            let source = PortError::Busy { port: state.port.number() };
            return ClusterError::Port { cluster: self.name.clone(), source };
        }
        let log = log::tail(&log, TAIL_LINES);
        ClusterError::Exited { cluster: self.name.clone(), status, log }
    }

    fn wait_until_gone(&self, postmaster: &mut Child) -> Result<(), ClusterError> {
        let began = Instant::now();
        while began.elapsed() < DEADLINE {
            if self.has_ended(postmaster)?.is_some() {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        Err(self.timed_out("stopped"))
    }

    fn has_ended(&self, postmaster: &mut Child) -> Result<Option<ExitStatus>, ClusterError> {
        postmaster.try_wait().map_err(|source| self.process_error("postgres", source))
    }

    fn timed_out(&self, state: &'static str) -> ClusterError {
        let log = log::tail(&self.log_text(), TAIL_LINES);
        ClusterError::TimedOut { cluster: self.name.clone(), state, deadline: DEADLINE, log }
    }

    pub(super) fn log_tail(&self) -> String {
        log::tail(&self.log_text(), TAIL_LINES)
    }
}
