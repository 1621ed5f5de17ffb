use crate::{Loaded, Origin};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// One key, its value and where that comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key with all keys above it.
    pub key: String,
    /// The value as it would be written; none if there is none. Of a secret, or of what leads to
    /// one, only its kind.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Every value of a configuration and where it comes from, in the order of the configuration.
/// No secret is among them.
#[must_use]
pub fn explain(loaded: &Loaded) -> &[Setting] {
    &loaded.origins
}

impl Serialize for Setting {
    /// As `{"key", "value", "layer", "origin"}`; `origin` is the file, variable or flag.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Setting", 4)?;
        fields.serialize_field("key", &self.key)?;
        fields.serialize_field("value", &self.value)?;
        fields.serialize_field("layer", self.origin.layer())?;
        let name = match &self.origin {
            Origin::Default => None,
            Origin::File(path) => Some(path.display().to_string()),
            Origin::Environment(name) | Origin::Flag(name) => Some(name.clone()),
        };
        fields.serialize_field("origin", &name)?;
        fields.end()
    }
}
