//! The daemon as a service: systemd, launchd, the service manager of Windows.

mod description;

use std::ffi::OsString;
use std::path::PathBuf;

use service_manager::{
    RestartPolicy, ServiceInstallCtx, ServiceLabel, ServiceLevel, ServiceManager, ServiceStartCtx,
    ServiceStatus, ServiceStatusCtx, ServiceStopCtx, ServiceUninstallCtx,
};
use steep_ipc::Exit;
use steep_ipc_tokio::Level;

pub use self::description::{launchd, systemd};
use crate::error::{Error, flag};
use crate::say;

/// The name of the service, where a name is all it has.
pub const NAME: &str = "steep-repl";
/// Seconds from a failure to the next start: a configuration that was mended is soon in effect.
const RESTART_AFTER: u32 = 5;

/// A service to be installed.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// This program.
    pub program: PathBuf,
    /// For whom it runs.
    pub level: Level,
    /// Configuration, if not the one at the usual place.
    pub config: Option<PathBuf>,
    /// OS user of a service of the machine.
    pub run_as: Option<String>,
}

impl Wanted {
    /// The command line of the service, after the program.
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        let level = match self.level {
            Level::System => "--system",
            Level::User => "--user",
        };
        let mut arguments: Vec<OsString> = vec!["run".into(), level.into()];
        if cfg!(windows) {
            arguments.push("--as-service".into());
        }
        if let Some(config) = &self.config {
            arguments.push("--config".into());
            arguments.push(config.into());
        }
        arguments
    }
}

/// What the service manager knows of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed {
    /// There is no such service.
    No,
    /// It is installed and does not run.
    Stopped,
    /// It runs.
    Running,
    /// There is no service manager that could be asked.
    Unknown,
}

impl Installed {
    /// For people and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "not installed",
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Unknown => "unknown",
        }
    }
}

/// What would be installed, for people.
#[must_use]
pub fn description(wanted: &Wanted) -> String {
    own_description(wanted).unwrap_or_else(|| {
        let words = wanted.arguments();
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        format!("{} {}", wanted.program.display(), words.join(" "))
    })
}

/// The file that systemd or launchd gets; elsewhere the service manager's own.
fn own_description(wanted: &Wanted) -> Option<String> {
    match service_manager::ServiceManagerKind::native() {
        Ok(service_manager::ServiceManagerKind::Systemd) => Some(systemd(wanted)),
        Ok(service_manager::ServiceManagerKind::Launchd) => Some(launchd(wanted)),
        _ if cfg!(target_os = "linux") => Some(systemd(wanted)),
        _ => None,
    }
}

pub(crate) fn install(wanted: &Wanted) -> Result<Exit, Error> {
    let level = wanted.level;
    let failed = |source| Error::Service { what: "install", level, source };
    manager(wanted.level, "install")?
        .install(ServiceInstallCtx {
            label: label(),
            program: wanted.program.clone(),
            args: wanted.arguments(),
            contents: own_description(wanted),
            username: wanted.run_as.clone(),
            working_directory: None,
            environment: None,
            autostart: true,
            restart_policy: RestartPolicy::OnFailure {
                delay_secs: Some(RESTART_AFTER),
                max_retries: None,
                reset_after_secs: None,
            },
        })
        .map_err(failed)?;
    say(&format!("the service is installed; `steep-repl start{}` starts it", flag(level)));
    if cfg!(target_os = "linux") && level == Level::User {
        say(
            "it ends when you log out, and begins when you log in: `loginctl enable-linger` lets it \
             run always",
        );
    }
    say("manual pages: `steep-repl man` and `steep-replctl man` write them where you say");
    Ok(Exit::Done)
}

pub(crate) fn uninstall(level: Level) -> Result<Exit, Error> {
    let manager = installed_manager(level, "uninstall")?;
    let failed = |source| Error::Service { what: "uninstall", level, source };
    // What is removed while it runs goes on running, and nobody could stop it any more.
    if matches!(manager.status(ServiceStatusCtx { label: label() }), Ok(ServiceStatus::Running)) {
        manager.stop(ServiceStopCtx { label: label() }).map_err(failed)?;
    }
    manager.uninstall(ServiceUninstallCtx { label: label() }).map_err(failed)?;
    say("the service is removed; configuration and data are still there");
    Ok(Exit::Done)
}

pub(crate) fn start(level: Level) -> Result<Exit, Error> {
    let manager = installed_manager(level, "start")?;
    let failed = |source| Error::Service { what: "start", level, source };
    manager.start(ServiceStartCtx { label: label() }).map_err(failed)?;
    say("the service is started");
    Ok(Exit::Done)
}

pub(crate) fn stop(level: Level) -> Result<Exit, Error> {
    let manager = installed_manager(level, "stop")?;
    let failed = |source| Error::Service { what: "stop", level, source };
    manager.stop(ServiceStopCtx { label: label() }).map_err(failed)?;
    say("the service is stopped");
    Ok(Exit::Done)
}

/// What the service manager knows of the service; a daemon may well run without one.
pub(crate) fn installed(level: Level) -> Installed {
    let Ok(manager) = manager(level, "ask") else { return Installed::Unknown };
    match manager.status(ServiceStatusCtx { label: label() }) {
        Ok(ServiceStatus::NotInstalled) => Installed::No,
        Ok(ServiceStatus::Running) => Installed::Running,
        Ok(ServiceStatus::Stopped(_)) => Installed::Stopped,
        Err(_) => Installed::Unknown,
    }
}

/// The manager of a service that is there, as far as the manager says so.
fn installed_manager(level: Level, what: &'static str) -> Result<Box<dyn ServiceManager>, Error> {
    let manager = manager(level, what)?;
    if installed(level) == Installed::No {
        let other = match level {
            Level::System => Level::User,
            Level::User => Level::System,
        };
        let is_other = matches!(installed(other), Installed::Stopped | Installed::Running);
        return Err(Error::NotInstalled { what, level, is_other });
    }
    Ok(manager)
}

fn manager(level: Level, what: &'static str) -> Result<Box<dyn ServiceManager>, Error> {
    let failed = |source| Error::Service { what, level, source };
    let mut manager = <dyn ServiceManager>::native().map_err(failed)?;
    let level = match level {
        Level::User => ServiceLevel::User,
        Level::System => ServiceLevel::System,
    };
    manager.set_level(level).map_err(failed)?;
    Ok(manager)
}

fn label() -> ServiceLabel {
    ServiceLabel { qualifier: None, organization: None, application: NAME.to_owned() }
}
