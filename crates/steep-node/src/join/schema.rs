//! The source's schema, by pg_dump and pg_restore.

use std::path::Path;

use steep_pg::Settings;

use super::programs::Programs;
use super::snapshot::Exported;
use crate::error::NodeError;

/// A dump of the schema, taken under the copy's snapshot.
#[derive(Debug)]
pub(super) struct Schema<'a> {
    programs: &'a Programs,
    folder: &'a Path,
    own: &'a Settings,
}

impl<'a> Schema<'a> {
    /// Dumps the schema into `folder`.
    pub(super) async fn dump(
        programs: &'a Programs,
        folder: &'a Path,
        source: &Settings,
        own: &'a Settings,
        snapshot: &Exported,
    ) -> Result<Self, NodeError> {
        let mut command = programs.command("pg_dump", source);
        command
            .args(["--format=custom", "--schema-only", "--no-publications", "--no-subscriptions"])
            .args(["--no-security-labels", "--exclude-schema=steep_repl", "--snapshot"])
            .arg(&snapshot.name)
            .arg("--file")
            .arg(folder.join("schema.dump"))
            .arg("--dbname")
            .arg(Programs::conninfo(source, &[]));
        programs.run("pg_dump", command).await?;
        Ok(Self { programs, folder, own })
    }

    /// Restores a section: `pre-data` before the rows, `post-data` after them.
    pub(super) async fn restore(&self, section: &str, jobs: usize) -> Result<(), NodeError> {
        let dump = self.folder.join("schema.dump");
        let mut list = self.programs.command("pg_restore", self.own);
        list.args(["--list", "--section", section]).arg(&dump);
        let listed = self.programs.run("pg_restore", list).await?;
        let wanted: String =
            listed.lines().filter(|line| is_wanted(line)).map(|line| format!("{line}\n")).collect();
        let file = self.folder.join(format!("{section}.list"));
        std::fs::write(&file, wanted).map_err(|source| NodeError::File {
            what: format!("writing {}", file.display()),
            source,
        })?;
        let mut restore = self.programs.command("pg_restore", self.own);
        restore.args(["--exit-on-error", "--section", section, "--use-list"]).arg(&file);
        if section == "pre-data" {
            restore.arg("--single-transaction");
        } else {
            restore.args(["--jobs", &jobs.to_string()]);
        }
        restore.arg("--dbname").arg(Programs::conninfo(self.own, &[])).arg(&dump);
        self.programs.run("pg_restore", restore).await?;
        Ok(())
    }
}

/// What the extension makes on replicated tables, and joining on those of a node that joins.
const OWN_TRIGGERS: [&str; 5] = [
    "steep_repl_guard",
    "steep_repl_deletes",
    "steep_repl_keys",
    "steep_repl_truncate",
    "steep_repl_joining",
];

/// Whether an entry of the list is to be restored: all but what the extension makes itself.
fn is_wanted(line: &str) -> bool {
    if line.starts_with(';') {
        return true;
    }
    // `215; 1259 16385 TRIGGER public orders steep_repl_guard app`
    let Some((_, rest)) = line.split_once("; ") else { return true };
    let what = rest.splitn(3, ' ').nth(2).unwrap_or_default();
    let is_own_trigger = what.starts_with("TRIGGER ")
        && OWN_TRIGGERS.iter().any(|name| what.split(' ').any(|word| word == *name));
    let is_extension =
        ["EXTENSION - steep_repl", "COMMENT - EXTENSION steep_repl", "SCHEMA - steep_repl"]
            .iter()
            .any(|entry| what.starts_with(entry));
    // `public` is there already, and belongs to whoever it belongs to here.
    let is_public = what.starts_with("SCHEMA - public ");
    !is_own_trigger && !is_extension && !is_public
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_extension_makes_is_left_out() {
        for wanted in [
            ";",
            "; Archive created at 2026-01-01",
            "215; 1259 16385 TABLE public orders app",
            "2620; 2620 16999 TRIGGER public orders audit app",
            "3; 3079 16400 EXTENSION - hstore ",
        ] {
            assert!(is_wanted(wanted), "{wanted}");
        }
        for unwanted in [
            "2620; 2620 16999 TRIGGER public orders steep_repl_guard app",
            "2; 3079 16384 EXTENSION - steep_repl ",
            "3600; 0 0 COMMENT - EXTENSION steep_repl ",
            "6; 2615 2200 SCHEMA - public pg_database_owner",
        ] {
            assert!(!is_wanted(unwanted), "{unwanted}");
        }
    }
}
