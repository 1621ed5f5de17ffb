use crate::{Loaded, Setting};

/// Sections that are read and checked, and whose features this version does not have.
const SECTIONS: [&str; 7] = [
    "replication.ddl.",
    "replication.rbac.",
    "replication.notifications.",
    "replication.validation.",
    "replication.failover.",
    "replication.networking.",
    "replication.credentials.",
];

/// The settings that somebody set and that have no effect in this version, so that nobody relies on
/// them. The daemon warns about them when it starts.
#[must_use]
pub fn without_effect(loaded: &Loaded) -> Vec<&Setting> {
    let idle = |setting: &&Setting| {
        let star =
            setting.key == "replication.topology.mode" && setting.value.as_deref() != Some("mesh");
        star || SECTIONS.iter().any(|section| setting.key.starts_with(section))
    };
    loaded.origins.iter().filter(|setting| !setting.origin.is_default()).filter(idle).collect()
}
