//! The forms of what a table is made of.

use super::read::Reader;
use super::write::Writer;
use super::{Canonical, CanonicalError};
use crate::{
    Column, Constraint, ConstraintKind, Identity, ObjectName, PartitionOf, ReplicaIdentity,
    Storage, Value,
};
use alloc::string::String;

impl Canonical for String {
    fn write(&self, to: &mut Writer) {
        to.string(self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        from.string().map(Self::from)
    }
}

impl Canonical for bool {
    fn write(&self, to: &mut Writer) {
        to.literal(if *self { "+" } else { "-" });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        from.choice(&[("+", true), ("-", false)])
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn write(&self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        if bool::read(from)? { T::read(from).map(Some) } else { Ok(None) }
    }
}

impl Canonical for ObjectName<'static> {
    fn write(&self, to: &mut Writer) {
        let Self { schema, name } = self;
        schema.is_some().write(to);
        if let Some(schema) = schema {
            to.string(schema);
        }
        to.string(name);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        let schema: Option<String> = Option::read(from)?;
        Ok(Self { schema: schema.map(Into::into), name: String::read(from)?.into() })
    }
}

impl Canonical for Column {
    fn write(&self, to: &mut Writer) {
        let Self { name, type_name, is_nullable, collation, value } = self;
        name.write(to);
        type_name.write(to);
        is_nullable.write(to);
        collation.write(to);
        value.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        Ok(Self {
            name: String::read(from)?,
            type_name: String::read(from)?,
            is_nullable: bool::read(from)?,
            collation: Option::read(from)?,
            value: Value::read(from)?,
        })
    }
}

impl Canonical for Value {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Null => to.literal("null "),
            Self::Default(expression) => {
                to.literal("default ");
                expression.write(to);
            }
            Self::Generated(storage, expression) => {
                to.literal(match storage {
                    Storage::Stored => "stored ",
                    Storage::Virtual => "virtual ",
                });
                expression.write(to);
            }
            Self::Identity(Identity::Always) => to.literal("identity-always "),
            Self::Identity(Identity::ByDefault) => to.literal("identity-by-default "),
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        let form = from.choice(&[
            ("null ", Self::Null),
            ("default ", Self::Default(String::new())),
            ("stored ", Self::Generated(Storage::Stored, String::new())),
            ("virtual ", Self::Generated(Storage::Virtual, String::new())),
            ("identity-always ", Self::Identity(Identity::Always)),
            ("identity-by-default ", Self::Identity(Identity::ByDefault)),
        ])?;
        Ok(match form {
            Self::Default(_) => Self::Default(String::read(from)?),
            Self::Generated(storage, _) => Self::Generated(storage, String::read(from)?),
            Self::Null | Self::Identity(_) => form,
        })
    }
}

impl Canonical for Constraint {
    fn write(&self, to: &mut Writer) {
        let Self { kind, definition } = self;
        to.literal(match kind {
            ConstraintKind::Check => "check ",
            ConstraintKind::PrimaryKey => "primary-key ",
            ConstraintKind::Unique => "unique ",
            ConstraintKind::Exclusion => "exclusion ",
            ConstraintKind::ForeignKey => "foreign-key ",
        });
        definition.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        Ok(Self {
            kind: from.choice(&[
                ("check ", ConstraintKind::Check),
                ("primary-key ", ConstraintKind::PrimaryKey),
                ("unique ", ConstraintKind::Unique),
                ("exclusion ", ConstraintKind::Exclusion),
                ("foreign-key ", ConstraintKind::ForeignKey),
            ])?,
            definition: String::read(from)?,
        })
    }
}

impl Canonical for ReplicaIdentity {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Default => to.literal("default "),
            Self::Nothing => to.literal("nothing "),
            Self::Full => to.literal("full "),
            Self::Index(name) => {
                to.literal("index ");
                name.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        let form = from.choice(&[
            ("default ", Self::Default),
            ("nothing ", Self::Nothing),
            ("full ", Self::Full),
            ("index ", Self::Index(String::new())),
        ])?;
        if let Self::Index(_) = form { String::read(from).map(Self::Index) } else { Ok(form) }
    }
}

impl Canonical for PartitionOf {
    fn write(&self, to: &mut Writer) {
        let Self { parent, bound } = self;
        parent.write(to);
        bound.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CanonicalError> {
        Ok(Self { parent: ObjectName::read(from)?, bound: String::read(from)? })
    }
}
