use alloc::string::String;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type with modifiers: `numeric(10,2)`, `shop.color[]`.
    pub type_name: String,
    /// Whether it may be null.
    pub is_nullable: bool,
    /// Its collation with schema, if it is not the type's own.
    pub collation: Option<String>,
    /// What it holds when nobody says.
    pub value: Value,
}

/// Where the value of a column comes from when a statement does not say it. At most one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// It is null.
    #[default]
    Null,
    /// From an expression.
    Default(String),
    /// From an expression, always.
    Generated(Storage, String),
    /// From a sequence of its own.
    Identity(Identity),
}

/// Where a generated column has its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Storage {
    /// In the row.
    Stored,
    /// Nowhere: it is computed when it is read (PostgreSQL 18).
    Virtual,
}

/// Whether an identity column can be written explicitly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// Only with `OVERRIDING SYSTEM VALUE`.
    Always,
    /// Yes.
    ByDefault,
}

impl Column {
    /// A column that may be null, with no default.
    #[must_use]
    pub fn new(name: &str, type_name: &str) -> Self {
        Self {
            name: name.into(),
            type_name: type_name.into(),
            is_nullable: true,
            collation: None,
            value: Value::Null,
        }
    }

    /// The same, not to be null.
    #[must_use]
    pub fn not_null(self) -> Self {
        Self { is_nullable: false, ..self }
    }

    /// The same, with this value.
    #[must_use]
    pub fn with_value(self, value: Value) -> Self {
        Self { value, ..self }
    }
}
