use crate::reader::{Section, choices};
use std::collections::BTreeMap;

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rbac {
    /// Whether anybody asks.
    pub enabled: bool,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Role by role of the database.
    pub role_mapping: BTreeMap<String, String>,
}

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// The role whose permissions it has as well.
    pub inherits: Option<String>,
    /// Its own permissions.
    pub permissions: Vec<Permission>,
}

choices! {
    /// Something that a role may do.
    Permission {
        /// See the status of nodes.
        ViewStatus = "view_status",
        /// See conflicts.
        ViewConflicts = "view_conflicts",
        /// See ranges.
        ViewRanges = "view_ranges",
        /// See the queue of schema changes.
        ViewDdlQueue = "view_ddl_queue",
        /// Decide conflicts.
        ResolveConflicts = "resolve_conflicts",
        /// Approve schema changes.
        ApproveDdl = "approve_ddl",
        /// Reject schema changes.
        RejectDdl = "reject_ddl",
        /// Write outside the ranges.
        EnableBypass = "enable_bypass",
        /// Change ranges.
        ManageRanges = "manage_ranges",
        /// Let another node take over.
        Failover = "failover",
        /// Take back.
        Failback = "failback",
    }
}

impl Rbac {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let enabled = section.value("enabled", false);
        let named = section.named("roles");
        let roles: BTreeMap<_, _> =
            named.iter().map(|(name, role)| (name.clone(), Role::read(role))).collect();
        for (name, role) in &named {
            check_inheritance(name, role, &roles);
        }
        let role_mapping: BTreeMap<String, String> =
            section.pairs("role_mapping").into_iter().collect();
        for (database_role, role) in &role_mapping {
            if !roles.contains_key(role) {
                let message = format_args!("\"{database_role}\" is mapped to \"{role}\"");
                section.reject("role_mapping", message, Some("map to a role of `roles`"));
            }
        }
        Self { enabled, roles, role_mapping }
    }
}

impl Role {
    fn read(section: &Section<'_>) -> Self {
        let inherits = section.optional("inherits");
        Self { inherits, permissions: section.list("permissions", &[]) }
    }
}

/// Everything that a role inherits exists, and is not the role itself.
fn check_inheritance(name: &str, section: &Section<'_>, roles: &BTreeMap<String, Role>) {
    let mut current = name;
    for _ in 0..=roles.len() {
        let Some(parent) = roles.get(current).and_then(|role| role.inherits.as_deref()) else {
            return;
        };
        if !roles.contains_key(parent) {
            if current == name {
                let message = format_args!("there is no role \"{parent}\"");
                section.reject("inherits", message, Some("name a role of `roles`"));
            }
            return;
        }
        current = parent;
    }
    section.reject("inherits", "roles inherit from each other in a circle", None);
}
