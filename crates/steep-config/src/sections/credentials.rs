use crate::reader::Section;
use crate::secret::PasswordSource;
use std::collections::BTreeMap;
use steep_types::NodeId;

/// Users and passwords by the node they are for.
pub type Credentials = BTreeMap<String, Credential>;

/// Where a user and its password are to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential {
    /// The variable with the user's name.
    pub user_env: Option<String>,
    /// Where its password is.
    pub password: Option<PasswordSource>,
}

impl Credential {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let user_env = section.optional("user_env");
        Self { user_env, password: PasswordSource::read(section) }
    }
}

/// Reads the section `credentials` of `all`.
pub(crate) fn read(all: &Section<'_>) -> Credentials {
    let mut read = Credentials::new();
    for (node, section) in all.named("credentials") {
        if NodeId::new(&node).is_err() {
            section.reject("user_env", format_args!("{node:?} is not the name of a node"), None);
        }
        read.insert(node, Credential::read(&section));
    }
    read
}
