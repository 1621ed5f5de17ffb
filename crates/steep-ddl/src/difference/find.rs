use super::{Aspect, Change, Difference, Part};
use crate::{
    Column, Constraint, ConstraintKind, Identity, PartitionOf, ReplicaIdentity, RowSecurity,
    Storage, TableDescription, Value,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What of a thing to compare, and as which text. Different values have different texts.
type Text<T> = (Aspect, fn(&T) -> String);

/// Every difference of two descriptions: of the table, then of columns, constraints, indexes and
/// parents by name. Empty if and only if the descriptions are equal.
#[must_use]
pub fn differences(first: &TableDescription, second: &TableDescription) -> Vec<Difference> {
    let mut found = Vec::new();
    of_tables(&mut found, first, second);
    of_columns(&mut found, &first.columns, &second.columns);
    let constraints = |table: &TableDescription| texts(&table.constraints, constraint);
    of_texts(&mut found, Part::Constraint, &constraints(first), &constraints(second));
    of_texts(&mut found, Part::Index, &first.indexes, &second.indexes);
    let parents = |table: &TableDescription| -> BTreeMap<_, _> {
        table.inherits.iter().map(|parent| (parent.to_string(), String::new())).collect()
    };
    of_texts(&mut found, Part::Parent, &parents(first), &parents(second));
    found
}

fn of_tables(found: &mut Vec<Difference>, first: &TableDescription, second: &TableDescription) {
    let aspects: [Text<TableDescription>; 6] = [
        (Aspect::Name, |table| format!("{:?}.{:?}", table.schema, table.name)),
        (Aspect::Unlogged, |table| unlogged(table.is_unlogged).into()),
        (Aspect::ReplicaIdentity, |table| replica_identity(&table.replica_identity)),
        (Aspect::PartitionKey, |table| or_none(table.partition_key.clone())),
        (Aspect::PartitionOf, |table| or_none(table.partition_of.as_ref().map(partition))),
        (Aspect::RowSecurity, |table| row_security(table.row_security).into()),
    ];
    for (aspect, text) in aspects {
        differing(found, Part::Table, aspect, text(first), text(second));
    }
}

fn of_columns(found: &mut Vec<Difference>, first: &[Column], second: &[Column]) {
    let before = found.len();
    let in_first = by_name(first);
    let in_second = by_name(second);
    let names: BTreeSet<_> = in_first.keys().chain(in_second.keys()).copied().collect();
    for name in names {
        let part = Part::Column(name.into());
        match (in_first.get(name), in_second.get(name)) {
            (Some(one), None) => {
                found.push(Difference { part, change: Change::OnlyFirst(one.type_name.clone()) });
            }
            (None, Some(other)) => {
                found
                    .push(Difference { part, change: Change::OnlySecond(other.type_name.clone()) });
            }
            (Some(one), Some(other)) => of_column(found, &part, one, other),
            (None, None) => {}
        }
    }
    let order = |columns: &[Column], others: &BTreeMap<&str, &Column>| -> String {
        let common = columns.iter().filter(|column| others.contains_key(column.name.as_str()));
        common.map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (one, other) = (order(first, &in_second), order(second, &in_first));
    // The last resort is for columns that no table can have: two of one name.
    if one != other || (found.len() == before && first != second) {
        let change = Change::Differs { aspect: Aspect::ColumnOrder, first: one, second: other };
        found.push(Difference { part: Part::Table, change });
    }
}

fn by_name(columns: &[Column]) -> BTreeMap<&str, &Column> {
    columns.iter().map(|column| (column.name.as_str(), column)).collect()
}

fn of_column(found: &mut Vec<Difference>, part: &Part, one: &Column, other: &Column) {
    let aspects: [Text<Column>; 4] = [
        (Aspect::Type, |column| column.type_name.clone()),
        (Aspect::Nullability, |column| if column.is_nullable { "null" } else { "not null" }.into()),
        (Aspect::Collation, |column| or_none(column.collation.clone())),
        (Aspect::Value, |column| value(&column.value)),
    ];
    for (aspect, text) in aspects {
        differing(found, part.clone(), aspect, text(one), text(other));
    }
}

fn of_texts(
    found: &mut Vec<Difference>,
    part: fn(String) -> Part,
    first: &BTreeMap<String, String>,
    second: &BTreeMap<String, String>,
) {
    let names: BTreeSet<_> = first.keys().chain(second.keys()).collect();
    for name in names {
        let part = part(name.clone());
        match (first.get(name), second.get(name)) {
            (Some(text), None) => {
                found.push(Difference { part, change: Change::OnlyFirst(text.clone()) });
            }
            (None, Some(text)) => {
                found.push(Difference { part, change: Change::OnlySecond(text.clone()) });
            }
            (Some(one), Some(other)) => {
                differing(found, part, Aspect::Definition, one.clone(), other.clone());
            }
            (None, None) => {}
        }
    }
}

fn differing(
    found: &mut Vec<Difference>,
    part: Part,
    aspect: Aspect,
    first: String,
    second: String,
) {
    if first != second {
        found.push(Difference { part, change: Change::Differs { aspect, first, second } });
    }
}

fn texts<T>(parts: &BTreeMap<String, T>, text: fn(&T) -> String) -> BTreeMap<String, String> {
    parts.iter().map(|(name, part)| (name.clone(), text(part))).collect()
}

/// Distinct from every text that stands for something: those have words.
fn or_none(text: Option<String>) -> String {
    text.map_or_else(|| "none".into(), |text| format!("`{text}`"))
}

fn constraint(constraint: &Constraint) -> String {
    let kind = match constraint.kind {
        ConstraintKind::Check => "check",
        ConstraintKind::PrimaryKey => "primary key",
        ConstraintKind::Unique => "unique",
        ConstraintKind::Exclusion => "exclusion",
        ConstraintKind::ForeignKey => "foreign key",
    };
    format!("{kind}: {}", constraint.definition)
}

const fn unlogged(is_unlogged: bool) -> &'static str {
    if is_unlogged { "unlogged" } else { "logged" }
}

fn replica_identity(identity: &ReplicaIdentity) -> String {
    match identity {
        ReplicaIdentity::Default => "default".into(),
        ReplicaIdentity::Nothing => "nothing".into(),
        ReplicaIdentity::Full => "full".into(),
        ReplicaIdentity::Index(name) => format!("index {name:?}"),
    }
}

fn partition(of: &PartitionOf) -> String {
    format!("{} {}", of.parent, of.bound)
}

const fn row_security(security: RowSecurity) -> &'static str {
    match (security.is_enabled, security.is_forced) {
        (false, false) => "disabled",
        (true, false) => "enabled",
        (false, true) => "disabled, but forced once it is enabled",
        (true, true) => "enabled and forced",
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::Default(expression) => format!("`{expression}`"),
        Value::Generated(Storage::Stored, expression) => {
            format!("generated, stored: `{expression}`")
        }
        Value::Generated(Storage::Virtual, expression) => {
            format!("generated, virtual: `{expression}`")
        }
        Value::Identity(Identity::Always) => "identity, always".into(),
        Value::Identity(Identity::ByDefault) => "identity, by default".into(),
    }
}
