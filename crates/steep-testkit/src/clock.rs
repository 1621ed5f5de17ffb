//! A clock of its own for one cluster, through libfaketime.

use std::env;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What time a cluster believes it is.
///
/// Only the wall clock is moved. PostgreSQL measures many of its waits with the wall clock, so
/// under a frozen one `pg_sleep` never ends, `statement_timeout` and the like never fire, a failed
/// apply worker is not started again, and what a subscriber applied is not flushed
/// (`XLogBackgroundFlush`) and hence not confirmed to the publisher, whose fast stop waits for it.
/// Queries, commits and running replication go on. A leap ahead makes timeouts come that were
/// waited for with the wall clock, such as `wal_sender_timeout`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clock {
    /// The machine's time plus this many seconds; `0.0` is the machine's time.
    Offset(f64),
    /// Always this moment, to the microsecond.
    Frozen(SystemTime),
}

impl Clock {
    /// Whether this machine has what moves the clock of a cluster.
    #[must_use]
    pub fn can_be_moved() -> bool {
        library().is_some()
    }
}

impl fmt::Display for Clock {
    /// In libfaketime's notation, with `%s` as its format of moments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(seconds) => write!(f, "{seconds:+.6}"),
            Self::Frozen(at) => {
                let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
                // libfaketime cuts a binary fraction off: half a microsecond keeps the digit.
                let since = Duration::new(since.as_secs(), since.subsec_micros() * 1000 + 500);
                write!(f, "{}.{:09}", since.as_secs(), since.subsec_nanos())
            }
        }
    }
}

/// Why a cluster has no clock of its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// libfaketime is not installed.
    #[error(
        "libfaketime is not installed, which moves the clock of a cluster; run `apt-get install \
         libfaketime`, or name the library in STEEP_LIBFAKETIME"
    )]
    NoLibrary,
    /// The cluster was started without libfaketime.
    #[error(
        "the clock of cluster {cluster} cannot be moved; build the cluster with \
         `.clock(Clock::Offset(0.0))`"
    )]
    NotMovable {
        /// The cluster.
        cluster: String,
    },
    /// The file that holds the time cannot be written.
    #[error("cannot write the clock file {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// The file through which running processes learn what time it is.
#[derive(Debug)]
pub(crate) struct ClockFile {
    library: PathBuf,
    path: PathBuf,
    clock: Mutex<Clock>,
}

impl ClockFile {
    pub(crate) fn create(folder: &Path, clock: Clock) -> Result<Self, ClockError> {
        let library = library().ok_or(ClockError::NoLibrary)?;
        let file = Self { library, path: folder.join("clock"), clock: Mutex::new(clock) };
        file.write(clock)?;
        Ok(file)
    }

    pub(crate) fn set(&self, clock: Clock) -> Result<(), ClockError> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = clock;
        self.write(clock)
    }

    /// Lets a frozen clock run on from where it stands: a server cannot stop without time.
    pub(crate) fn thaw(&self) -> Result<(), ClockError> {
        match *self.clock.lock().unwrap_or_else(PoisonError::into_inner) {
            Clock::Offset(_) => Ok(()),
            Clock::Frozen(at) => {
                let ahead = at.duration_since(SystemTime::now());
                let offset = ahead.map_or_else(
                    |behind| -behind.duration().as_secs_f64(),
                    |ahead| ahead.as_secs_f64(),
                );
                self.write(Clock::Offset(offset))
            }
        }
    }

    /// Ends [`thaw`](Self::thaw).
    pub(crate) fn refreeze(&self) -> Result<(), ClockError> {
        self.write(*self.clock.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the file at once: libfaketime ends a process that reads half a number.
    fn write(&self, clock: Clock) -> Result<(), ClockError> {
        let failed = |source| ClockError::File { path: self.path.clone(), source };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        writeln!(file, "{clock}").map_err(failed)?;
        crate::platform::make_readable(file.path()).map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Lets a server take its time from the file.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library);
        command.env("FAKETIME_TIMESTAMP_FILE", &self.path);
        command.env("FAKETIME_FMT", "%s");
        // Without this a moved clock is noticed up to ten seconds later.
        command.env("FAKETIME_NO_CACHE", "1");
        // Waits with a timeout would end late or never.
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command.env("NO_FAKE_STAT", "1");
    }
}

fn library() -> Option<PathBuf> {
    if let Some(path) = env::var_os("STEEP_LIBFAKETIME") {
        return Some(PathBuf::from(path)).filter(|path| path.is_file());
    }
    // Debian and Ubuntu put it below the folder of the architecture, Fedora and others do not.
    let multiarch = format!("{}-linux-gnu", env::consts::ARCH);
    ["/usr/lib".into(), format!("/usr/lib/{multiarch}"), "/usr/lib64".into()]
        .into_iter()
        .map(|folder| Path::new(&folder).join("faketime/libfaketime.so.1"))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_written_in_the_notation_of_libfaketime() {
        assert_eq!(Clock::Offset(-1.5).to_string(), "-1.500000");
        assert_eq!(Clock::Offset(3600.0).to_string(), "+3600.000000");
        let at = UNIX_EPOCH + Duration::new(1_893_456_000, 123_456_789);
        assert_eq!(Clock::Frozen(at).to_string(), "1893456000.123456500");
    }
}
