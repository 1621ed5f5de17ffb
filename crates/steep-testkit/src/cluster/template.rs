//! Data folders to start from, so that the nodes of many meshes cost one `initdb`.
//!
//! `initdb` is a third of what a short test of replication costs. Copies of one data folder have the
//! same system identifier and password, which nodes of a mesh do not mind.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::platform;
use crate::servers::Server;

/// The environment variable that names a folder for templates; without it there are none.
pub const TEMPLATES_VARIABLE: &str = "STEEP_TEST_TEMPLATES";

/// The template of one server version; its folder holds `data` and `password`.
#[derive(Debug)]
pub(super) struct Template(PathBuf);

impl Template {
    pub(super) fn of(server: &Server) -> Option<Self> {
        let folder = PathBuf::from(env::var_os(TEMPLATES_VARIABLE)?);
        Some(Self(folder.join(&server.version)))
    }

    /// Copies the template, if it is there, and returns its superuser's password.
    pub(super) fn copy_to(&self, data_folder: &Path) -> io::Result<Option<String>> {
        if !self.0.is_dir() {
            return Ok(None);
        }
        platform::copy_folder(&self.0.join("data"), data_folder)?;
        fs::read_to_string(self.0.join("password")).map(Some)
    }

    /// Makes a data folder that `initdb` has made, and no server has used, the template. Several
    /// processes may do so at once: one of them wins.
    pub(super) fn keep(&self, data_folder: &Path, password: &str, random: &str) -> io::Result<()> {
        let version = self.0.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let making = self.0.with_file_name(format!("{version}.{random}"));
        platform::private_folder(&making)?;
        platform::copy_folder(data_folder, &making.join("data"))?;
        fs::write(making.join("password"), password)?;
        if fs::rename(&making, &self.0).is_err() {
            fs::remove_dir_all(&making)?;
        }
        Ok(())
    }
}
