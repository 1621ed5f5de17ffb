//! From nothing to a running cluster.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use super::builder::PgClusterBuilder;
use super::error::ClusterError;
use super::template::Template;
use super::{PgCluster, Secret, ServerTls, State};
use crate::clock::{Clock, ClockFile};
use crate::platform::{self, OsUser, Reaper};
use crate::ports::{Port, PortError};
use crate::servers::Server;

/// How often another process may take a free port between its choice and the server's start.
const PORT_ATTEMPTS: u32 = 5;

pub(super) fn create(builder: PgClusterBuilder, server: Server) -> Result<PgCluster, ClusterError> {
    let name = builder.name.clone();
    let port = match builder.port {
        Some(port) => Port::exactly(port),
        None => Port::free(),
    };
    let port = port.map_err(|source| ClusterError::Port { cluster: name.clone(), source })?;
    let user = OsUser::for_servers()?;
    let password = Secret(random_hex(&name, 16)?);
    let (folder, reaper) = folder(&name, builder.folder)?;
    let mut settings = builder.settings;
    if builder.tls.is_some() {
        ServerTls::switch_on(&mut settings);
    }

    // From here on the value's drop removes whatever has been created.
    let mut cluster = PgCluster {
        name,
        server,
        major: builder.major,
        folder,
        user,
        password,
        clock: None,
        state: Mutex::new(State::new(settings, port, reaper)),
    };
    platform::give_to(&cluster.folder, &cluster.user)
        .map_err(|source| cluster.folder_error(&cluster.folder, source))?;
    if let Some(clock) = builder.clock {
        cluster.clock = Some(ClockFile::create(&cluster.folder, Clock::Offset(0.0))?);
        cluster.set_clock(clock)?;
    }
    data_folder(&mut cluster, builder.may_be_a_copy)?;
    if let Some(files) = &builder.tls {
        cluster.put_tls_files(files)?;
    }
    if !builder.access.is_empty() {
        cluster.put_access(&builder.access)?;
    }
    start_on_some_port(&cluster, builder.port.is_some())?;
    Ok(cluster)
}

/// A folder of its own and, from before its first moment, a process that will remove it.
fn folder(cluster: &str, wanted: Option<PathBuf>) -> Result<(PathBuf, Reaper), ClusterError> {
    let failed = |path: &Path, source| ClusterError::Folder {
        cluster: cluster.to_owned(),
        path: path.to_owned(),
        source,
    };
    let path = match wanted {
        Some(path) => path,
        None => {
            let label = cluster.chars().filter(char::is_ascii_alphanumeric).take(20);
            let label: String = label.collect();
            env::temp_dir().join(format!("steep-{label}-{}", random_hex(cluster, 8)?))
        }
    };
    let path = canonical_parent(&path).map_err(|source| failed(&path, source))?;
    let reaper = Reaper::watch(&path).map_err(|source| failed(Path::new("/bin/sh"), source))?;
    if let Err(source) = platform::private_folder(&path) {
        // It may be somebody else's: nothing of it is removed. The first error is the one to tell.
        let _ = reaper.dismiss();
        return Err(failed(&path, source));
    }
    Ok((path, reaper))
}

/// The path with every link above its last part resolved, as processes see it.
fn canonical_parent(path: &Path) -> std::io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => Ok(fs::canonicalize(parent)?.join(name)),
        _ => Err(std::io::ErrorKind::InvalidInput.into()),
    }
}

fn random_hex(cluster: &str, bytes: usize) -> Result<String, ClusterError> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random)
        .map_err(|_| ClusterError::Random { cluster: cluster.to_owned() })?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A new data folder: made, or where that will do, copied.
fn data_folder(cluster: &mut PgCluster, may_be_a_copy: bool) -> Result<(), ClusterError> {
    let Some(template) = Template::of(&cluster.server).filter(|_| may_be_a_copy) else {
        return initdb(cluster);
    };
    let data = cluster.data_dir();
    let copied = template.copy_to(&data).map_err(|source| cluster.folder_error(&data, source))?;
    if let Some(password) = copied {
        cluster.password = Secret(password);
        return Ok(());
    }
    initdb(cluster)?;
    let random = random_hex(&cluster.name, 8)?;
    template
        .keep(&data, &cluster.password.0, &random)
        .map_err(|source| cluster.folder_error(&data, source))
}

fn initdb(cluster: &PgCluster) -> Result<(), ClusterError> {
    let password_file = cluster.folder.join("password");
    cluster.write_file(&password_file, &format!("{}\n", cluster.password.0))?;
    let mut initdb = cluster.command("initdb");
    initdb.arg("-D").arg(cluster.data_dir()).arg("--pwfile").arg(&password_file);
    initdb.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]);
    initdb.args(["--no-sync", "--no-instructions"]);
    cluster.run(initdb, "initdb")?;
    fs::remove_file(&password_file)
        .map_err(|source| cluster.folder_error(&password_file, source))?;

    let main = cluster.data_dir().join("postgresql.conf");
    let text = fs::read_to_string(&main).map_err(|source| cluster.folder_error(&main, source))?;
    let include = format!("{text}\ninclude '{}'\n", crate::settings::SETTINGS_FILE);
    cluster.write_file(&main, &include)
}

fn start_on_some_port(cluster: &PgCluster, is_fixed: bool) -> Result<(), ClusterError> {
    let mut attempt = 1;
    loop {
        match cluster.start() {
            Err(ClusterError::Port { source: PortError::Busy { .. }, .. })
                if !is_fixed && attempt < PORT_ATTEMPTS =>
            {
                attempt += 1;
                let port = Port::free()
                    .map_err(|source| ClusterError::Port { cluster: cluster.name.clone(), source });
                cluster.state().port = port?;
            }
            done => return done,
        }
    }
}

impl PgCluster {
    /// One of the server's programs, run by the server's OS user in an environment without
    /// the caller's `PG…` variables and locale.
    pub(super) fn command(&self, program: &str) -> Command {
        self.command_at(&self.server.bin(program))
    }

    /// As [`command`](Self::command), for a program anywhere.
    pub(super) fn command_at(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for kept in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SystemRoot", "TEMP", "TMP"] {
            if let Some(value) = env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir(&self.folder);
        platform::run_as(&mut command, &self.user);
        platform::own_group(&mut command);
        command
    }
}
