//! Programs that come with the server, run against the cluster: `pg_dump`, `pg_regress`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;
use super::session::SUPERUSER;
use super::{PgCluster, platform};

impl PgCluster {
    /// Runs a program of the server, given by its path below the server's folder (for example
    /// `bin/pg_dump`), and returns what it wrote to its standard output.
    ///
    /// The program runs as the servers' OS user, connects as superuser to `database` unless its
    /// arguments say otherwise, and works in a folder that is removed with the cluster: the one
    /// that [`put_file`](Self::put_file) writes to.
    ///
    /// # Errors
    /// When it cannot be run or fails; the error has what it said.
    pub fn run_program<A: AsRef<OsStr>>(
        &self,
        program: &str,
        database: &str,
        arguments: &[A],
    ) -> Result<String, ClusterError> {
        let work = self.work_dir()?;
        let mut command = self.command_at(&self.server.prefix.join(program));
        command.args(arguments).current_dir(work);
        self.connect_by_environment(&mut command, database);
        self.run(command, program)
    }

    /// Writes a file for [`run_program`](Self::run_program); its folders are created.
    ///
    /// # Errors
    /// When it cannot be written.
    ///
    /// # Panics
    /// When `name` leads out of the folder.
    pub fn put_file(&self, name: &str, text: &str) -> Result<PathBuf, ClusterError> {
        let name = Path::new(name);
        let is_inside = name.components().all(|part| matches!(part, Component::Normal(_)));
        assert!(is_inside, "{} leads out of the folder", name.display());
        let mut folder = self.work_dir()?;
        for part in name.parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            self.own_folder(&folder)?;
        }
        let path = self.work_dir()?.join(name);
        self.write_file(&path, text)?;
        Ok(path)
    }

    fn work_dir(&self) -> Result<PathBuf, ClusterError> {
        let path = self.folder.join("work");
        self.own_folder(&path)?;
        Ok(path)
    }

    /// Creates a folder that belongs to the servers' OS user, unless it is there.
    fn own_folder(&self, path: &Path) -> Result<(), ClusterError> {
        fs::create_dir_all(path)
            .and_then(|()| platform::give_to(path, &self.user))
            .map_err(|source| self.folder_error(path, source))
    }

    fn connect_by_environment(&self, command: &mut Command, database: &str) {
        command.env("PGHOST", "127.0.0.1").env("PGPORT", self.port().to_string());
        command.env("PGUSER", SUPERUSER).env("PGPASSWORD", &self.password.0);
        command.env("PGDATABASE", database);
    }
}
