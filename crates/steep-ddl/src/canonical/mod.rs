//! The canonical form of a table description.
//!
//! A text that a person can read and no two descriptions share: every string has its length in
//! bytes before it, every list its number of elements, every choice its word. Sets are in the order
//! of their elements.
//!
//! ```text
//! form        = "steep-ddl-table-1 " string(schema) string(name) flag(unlogged)
//!               list(column) list(constraint) list(index) identity
//!               option(string) option(partition) list(parent) flag(rls) flag(forced rls)
//! string      = length ":" bytes ","          list = count "[" elements "]"
//! flag        = "+" | "-"                     option = "-" | "+" value
//! ```
//!
//! The `1` is the version. Whatever changes the form, changes it, and with it every fingerprint.

mod forms;
mod read;
mod write;

pub use self::read::CanonicalError;

use crate::{ReplicaIdentity, RowSecurity, TableDescription};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use read::Reader;
use write::Writer;

/// Begins every form.
const HEADER: &str = "steep-ddl-table-1 ";

/// What has a canonical form: `read(write(x)) == x`, and the reader takes nothing that no writer
/// would write.
trait Canonical: Sized {
    fn write(&self, to: &mut Writer);
    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError>;
}

impl TableDescription {
    /// The text whose hash is the [`Fingerprint`](crate::Fingerprint).
    ///
    /// It can be sent to a node that has to tell in which way its own table differs.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut writer = Writer::new(HEADER);
        self.write(&mut writer);
        writer.finish()
    }

    /// Reads what [`canonical`](Self::canonical) has written.
    ///
    /// # Errors
    /// The text is of another version, or no canonical form: cut off, with something after its end,
    /// or written in any other way than the one.
    pub fn from_canonical(text: &str) -> Result<Self, CanonicalError> {
        let mut reader = Reader::new(text, HEADER)?;
        let table = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(table)
    }
}

impl Canonical for TableDescription {
    fn write(&self, to: &mut Writer) {
        // Named one by one: a field that is forgotten here does not compile.
        let Self {
            schema,
            name,
            is_unlogged,
            columns,
            constraints,
            indexes,
            replica_identity,
            partition_key,
            partition_of,
            inherits,
            row_security: RowSecurity { is_enabled, is_forced },
        } = self;
        schema.write(to);
        name.write(to);
        is_unlogged.write(to);
        to.list(columns.iter());
        to.map(constraints);
        to.map(indexes);
        replica_identity.write(to);
        partition_key.write(to);
        partition_of.write(to);
        to.list(inherits.iter());
        is_enabled.write(to);
        is_forced.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        Ok(Self {
            schema: String::read(from)?,
            name: String::read(from)?,
            is_unlogged: bool::read(from)?,
            columns: from.list()?,
            constraints: map(from)?,
            indexes: map(from)?,
            replica_identity: ReplicaIdentity::read(from)?,
            partition_key: Option::read(from)?,
            partition_of: Option::read(from)?,
            inherits: set(from)?,
            row_security: RowSecurity {
                is_enabled: bool::read(from)?,
                is_forced: bool::read(from)?,
            },
        })
    }
}

/// A list whose elements ascend.
fn set<T: Canonical + Ord>(from: &mut Reader<'_>) -> Result<BTreeSet<T>, CanonicalError> {
    let elements = from.ascending(|from| Ok((T::read(from)?, ())))?;
    Ok(elements.into_keys().collect())
}

/// A list of names, which ascend, with a value each.
fn map<T: Canonical>(from: &mut Reader<'_>) -> Result<BTreeMap<String, T>, CanonicalError> {
    from.ascending(|from| Ok((String::read(from)?, T::read(from)?)))
}
