use crate::reader::{Section, Size};
use std::time::Duration;

/// What the daemon watches.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watch {
    /// Time from one look to the next.
    pub interval: Duration,
    /// WAL kept for a slot that deserves a warning, in bytes.
    pub slot_warning: u64,
    /// WAL kept for a slot that endangers the disk, in bytes.
    pub slot_critical: u64,
    /// How long the daemon finishes what it began when it is told to stop.
    pub shutdown_timeout: Duration,
}

impl Watch {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let seconds = Duration::from_secs;
        let read = Self {
            interval: section.within(
                "interval",
                seconds(2),
                Duration::from_millis(100)..=seconds(3600),
            ),
            slot_warning: section.value("slot_warning", Size(1 << 30)).0,
            slot_critical: section.value("slot_critical", Size(10 << 30)).0,
            shutdown_timeout: section.within(
                "shutdown_timeout",
                seconds(30),
                seconds(1)..=seconds(600),
            ),
        };
        if read.slot_warning > read.slot_critical {
            let key = if section.is_set("slot_warning") { "slot_warning" } else { "slot_critical" };
            section.reject(key, "slot_warning is above slot_critical", None);
        }
        read
    }
}
