//! The socket's file: its mode, what is left behind, and what others put in the way.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]
#![cfg(unix)]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use steep_ipc::{Exit, FailureClass};
use steep_ipc_tokio::{BindError, Client, ConnectError, Endpoint, Limits, Listener};
use support::{Served, new_endpoint, soon};

/// Some user who is not us: `nobody` on most systems.
const OTHER: u32 = 65534;

fn bind(endpoint: &Endpoint) -> Result<Listener, BindError> {
    Listener::bind(endpoint, Limits::default())
}

fn refused(endpoint: &Endpoint) -> BindError {
    match bind(endpoint) {
        Ok(_) => panic!("{endpoint} was taken"),
        Err(error) => error,
    }
}

fn lock(endpoint: &Endpoint) -> PathBuf {
    let mut path = endpoint.path().as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// As a daemon that was killed leaves it.
fn leave_socket(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
    assert!(fs::symlink_metadata(path).unwrap().file_type().is_socket());
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[tokio::test]
async fn only_the_owner_can_connect() {
    let served = Served::new();
    let path = served.endpoint.path();
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o600);
    let lock = fs::metadata(lock(&served.endpoint)).unwrap();
    assert_eq!(lock.permissions().mode() & 0o7777, 0o600);
}

#[tokio::test]
async fn a_daemon_leaves_nothing_behind() {
    let (folder, endpoint) = new_endpoint();
    drop(bind(&endpoint).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_a_dead_daemon_left_is_taken_over() {
    let (_folder, endpoint) = new_endpoint();
    leave_socket(endpoint.path());
    fs::write(lock(&endpoint), "").unwrap();
    let error = soon(Client::connect(&endpoint, "test")).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotRunning { .. }), "{error}");
    drop(bind(&endpoint).unwrap());
}

#[tokio::test]
async fn a_live_program_that_takes_no_lock_keeps_its_socket() {
    let (_folder, endpoint) = new_endpoint();
    let _live = UnixListener::bind(endpoint.path()).unwrap();
    assert!(matches!(refused(&endpoint), BindError::AlreadyServed { .. }));
    assert!(endpoint.path().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_daemons_that_take_over_at_once_one_gets_it() {
    const DAEMONS: usize = 16;
    for _ in 0..20 {
        let (_folder, endpoint) = new_endpoint();
        leave_socket(endpoint.path());
        let start = Arc::new(Barrier::new(DAEMONS));
        let runtime = tokio::runtime::Handle::current();
        let daemons = (0..DAEMONS).map(|_| {
            let (endpoint, start, runtime) = (endpoint.clone(), start.clone(), runtime.clone());
            std::thread::spawn(move || {
                let _inside = runtime.enter();
                start.wait();
                let bound = bind(&endpoint);
                start.wait();
                bound.is_ok()
            })
        });
        let daemons: Vec<_> = daemons.collect();
        let won = daemons.into_iter().filter_map(|daemon| daemon.join().unwrap().then_some(()));
        assert_eq!(won.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_changes_hands_has_one_owner_at_a_time() {
    let (_folder, endpoint) = new_endpoint();
    let owners = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Handle::current();
    let daemons = (0..8).map(|_| {
        let (endpoint, owners, runtime) = (endpoint.clone(), owners.clone(), runtime.clone());
        std::thread::spawn(move || {
            let _inside = runtime.enter();
            for _ in 0..2000 {
                match bind(&endpoint) {
                    Ok(listener) => {
                        assert_eq!(owners.fetch_add(1, Ordering::SeqCst), 0, "it has two owners");
                        owners.fetch_sub(1, Ordering::SeqCst);
                        drop(listener);
                    }
                    Err(error) => {
                        assert!(matches!(error, BindError::AlreadyServed { .. }), "{error}");
                    }
                }
            }
        })
    });
    for daemon in daemons.collect::<Vec<_>>() {
        daemon.join().unwrap();
    }
}

#[tokio::test]
async fn a_file_in_the_way_is_never_removed() {
    let (folder, endpoint) = new_endpoint();
    let precious = folder.path().join("precious");
    fs::write(&precious, "data").unwrap();
    fs::write(endpoint.path(), "data").unwrap();
    assert!(matches!(refused(&endpoint), BindError::InTheWay { .. }));
    assert_eq!(fs::read(endpoint.path()).unwrap(), b"data");

    fs::remove_file(endpoint.path()).unwrap();
    symlink(&precious, endpoint.path()).unwrap();
    assert!(matches!(refused(&endpoint), BindError::InTheWay { .. }));
    assert!(fs::symlink_metadata(endpoint.path()).unwrap().is_symlink());
    assert_eq!(fs::read(&precious).unwrap(), b"data");

    fs::remove_file(endpoint.path()).unwrap();
    symlink(&precious, lock(&endpoint)).unwrap();
    let error = refused(&endpoint);
    assert!(matches!(error, BindError::InTheWay { .. }), "{error}");
    assert!(fs::symlink_metadata(lock(&endpoint)).unwrap().is_symlink());
    assert_eq!(error.class(), FailureClass::Operator);
}

#[tokio::test]
async fn a_socket_that_somebody_put_in_place_of_ours_is_not_removed() {
    let (_folder, endpoint) = new_endpoint();
    let listener = bind(&endpoint).unwrap();
    fs::remove_file(endpoint.path()).unwrap();
    fs::write(endpoint.path(), "other").unwrap();
    drop(listener);
    assert_eq!(fs::read(endpoint.path()).unwrap(), b"other");
}

#[tokio::test]
async fn a_folder_in_which_all_can_remove_is_refused() {
    let (folder, endpoint) = new_endpoint();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(refused(&endpoint), BindError::Folder { .. }));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
    drop(bind(&endpoint).unwrap());
}

#[tokio::test]
async fn the_last_folder_is_made_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    drop(bind(&Endpoint::at(folder.path().join("steep/steep-repl.sock"))).unwrap());
    let error = refused(&Endpoint::at(folder.path().join("a/b/steep-repl.sock")));
    assert!(matches!(error, BindError::Io { .. }), "{error}");
    assert_eq!(Exit::from(error.class()), Exit::Refused);
}

#[tokio::test]
async fn a_name_that_is_no_socket_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("x".repeat(200)), PathBuf::from("relative.sock")] {
        let error = refused(&Endpoint::at(path));
        assert!(matches!(error, BindError::Name { .. }), "{error}");
    }
}

/// Files of other users can only be made by root; others have none to meet in these tests.
#[tokio::test]
async fn what_another_user_put_in_the_way_is_refused_and_left_alone() {
    if !is_root() {
        return;
    }
    let (folder, endpoint) = new_endpoint();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
    leave_socket(endpoint.path());
    chown(endpoint.path(), Some(OTHER), None).unwrap();
    assert!(matches!(refused(&endpoint), BindError::Foreign { owner: OTHER, .. }));
    assert!(endpoint.path().exists());

    fs::remove_file(endpoint.path()).unwrap();
    fs::write(lock(&endpoint), "").unwrap();
    chown(lock(&endpoint), Some(OTHER), None).unwrap();
    assert!(matches!(refused(&endpoint), BindError::Foreign { owner: OTHER, .. }));
    assert!(lock(&endpoint).exists());

    fs::remove_file(lock(&endpoint)).unwrap();
    chown(folder.path(), Some(OTHER), None).unwrap();
    assert!(matches!(refused(&endpoint), BindError::Folder { .. }));
}

/// As above: only root can run another user's server.
#[tokio::test]
async fn another_users_server_is_not_trusted_where_anybody_could_listen() {
    if !is_root() {
        return;
    }
    let (folder, endpoint) = new_endpoint();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
    let script = "import os, socket, sys\n\
                  os.setuid(65534)\n\
                  s = socket.socket(socket.AF_UNIX)\n\
                  s.bind(sys.argv[1])\n\
                  s.listen()\n\
                  print('ready', flush=True)\n\
                  sys.stdin.read()\n";
    let mut server = std::process::Command::new("python3");
    server.args(["-c", script]).arg(endpoint.path());
    server.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let Ok(mut server) = server.spawn() else { return };
    let mut ready = [0; 5];
    std::io::Read::read_exact(server.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let error = soon(Client::connect(&endpoint, "test")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Untrusted { owner: OTHER, .. }), "{error}");
    drop(server.stdin.take());
    server.wait().unwrap();
}
