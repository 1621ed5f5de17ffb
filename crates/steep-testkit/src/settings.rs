//! The settings a cluster runs with.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::log::LINE_PREFIX;

/// The file, included by `postgresql.conf`, that holds the kit's settings and the test's.
pub(crate) const SETTINGS_FILE: &str = "steep.conf";

/// Settings by name; the last value given to a name counts.
#[derive(Debug, Clone)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// What suits short tests of replication between clusters of one machine.
    pub(crate) fn for_tests() -> Self {
        let defaults = [
            ("listen_addresses", "127.0.0.1"),
            // A socket file would be one more thing to leave behind.
            ("unix_socket_directories", ""),
            // Files in the data folder, which go with it; /dev/shm outlives a kill.
            ("dynamic_shared_memory_type", "mmap"),
            // A kill leaves the operating system's cache alone, so nothing is lost by it.
            ("fsync", "off"),
            ("wal_level", "logical"),
            ("track_commit_timestamp", "on"),
            ("max_connections", "60"),
            ("max_replication_slots", "40"),
            ("max_wal_senders", "40"),
            ("max_worker_processes", "40"),
            ("max_logical_replication_workers", "24"),
            ("max_sync_workers_per_subscription", "4"),
            // The delay before a failed apply worker is started again, five seconds by default.
            ("wal_retrieve_retry_interval", "200ms"),
            ("shared_buffers", "16MB"),
            ("min_wal_size", "32MB"),
            ("logging_collector", "off"),
            ("log_destination", "stderr"),
            ("log_line_prefix", LINE_PREFIX),
            ("log_min_messages", "warning"),
            ("log_timezone", "UTC"),
            ("timezone", "UTC"),
        ];
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(defaults.into_iter().map(own).collect())
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_lowercase(), value.to_owned());
    }

    /// Adds libraries to the ones that the server loads at its start.
    pub(crate) fn preload(&mut self, library: &str) {
        let list = self.0.entry("shared_preload_libraries".to_owned()).or_default();
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(library);
    }

    /// The text of the file, quoted as `guc-file.l` reads it.
    pub(crate) fn to_file(&self) -> String {
        self.0.iter().fold(String::new(), |mut file, (name, value)| {
            let quoted = value.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n");
            // Writing to a string cannot fail.
            let _ = writeln!(file, "{name} = '{quoted}'");
            file
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_and_is_quoted() {
        let mut settings = Settings(BTreeMap::new());
        settings.set("WORK_MEM", "1MB");
        settings.set("work_mem", r"it's \ big");
        settings.preload("one");
        settings.preload("two");
        let file = "shared_preload_libraries = 'one,two'\nwork_mem = 'it''s \\\\ big'\n";
        assert_eq!(settings.to_file(), file);
    }
}
