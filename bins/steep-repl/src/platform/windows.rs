//! Windows: console events, and the service control manager.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use steep_ipc::Exit;
use steep_ipc_tokio::Level;
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlShutdown};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
use tokio::sync::watch;
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult};
use windows_service::{define_windows_service, service_dispatcher};

use crate::error::Error;
use crate::service::NAME;

/// How often the service manager has asked the service to stop.
fn asked_to_stop() -> &'static watch::Sender<u32> {
    static ASKED: OnceLock<watch::Sender<u32>> = OnceLock::new();
    ASKED.get_or_init(|| watch::channel(0).0)
}

/// What ends a daemon: console events, or the service manager.
pub(crate) struct Signals {
    interrupt: CtrlC,
    interrupted: CtrlBreak,
    closed: CtrlClose,
    shutdown: CtrlShutdown,
    service: watch::Receiver<u32>,
}

impl Signals {
    /// From now on they do not end the process by themselves.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            interrupted: ctrl_break()?,
            closed: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
            service: asked_to_stop().subscribe(),
        })
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.interrupted.recv() => "Ctrl-Break",
            _ = self.closed.recv() => "the end of its console",
            _ = self.shutdown.recv() => "the end of the system",
            _ = self.service.changed() => "the service manager",
        }
    }
}

type Run = Box<dyn FnOnce() -> Result<Exit, Error> + Send>;

/// What the service does, and how that ended: the service manager calls back on another thread.
static RUN: Mutex<Option<Run>> = Mutex::new(None);
static ENDED: Mutex<Option<Result<Exit, Error>>> = Mutex::new(None);

define_windows_service!(ffi_main, service_main);

/// Runs under the service manager.
pub(crate) fn as_service(
    run: impl FnOnce() -> Result<Exit, Error> + Send + 'static,
) -> Result<Exit, Error> {
    *RUN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(run));
    let failed = |error: windows_service::Error| Error::Service {
        what: "run",
        // The manager's services are those of the machine.
        level: Level::System,
        source: io::Error::other(error.to_string()),
    };
    service_dispatcher::start(NAME, ffi_main).map_err(failed)?;
    ENDED.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Ok(Exit::Done))
}

fn service_main(_: Vec<OsString>) {
    let handler = |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            asked_to_stop().send_modify(|times| *times += 1);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let Ok(status) = service_control_handler::register(NAME, handler) else { return };
    let tell = |state, exit| {
        let _ = status.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
            exit_code: ServiceExitCode::ServiceSpecific(exit),
            checkpoint: 0,
            wait_hint: Duration::from_secs(30),
            process_id: None,
        });
    };
    tell(ServiceState::Running, 0);
    let run = RUN.lock().unwrap_or_else(PoisonError::into_inner).take();
    let ended = run.map_or(Ok(Exit::Done), |run| run());
    let code = match &ended {
        Ok(exit) => exit.code(),
        Err(error) => error.exit().code(),
    };
    *ENDED.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    tell(ServiceState::Stopped, u32::from(code));
}

/// Folders of a user's profile are private already.
pub(crate) fn make_private(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The service manager looks an account up by itself.
pub(crate) fn is_user(_: &str) -> io::Result<bool> {
    Ok(true)
}
