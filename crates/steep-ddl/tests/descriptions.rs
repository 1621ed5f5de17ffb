//! D7 and D8: canonical forms and differences.

mod arbitrary;

use arbitrary::config;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use steep_ddl::{
    CanonicalError, Column, Constraint, ConstraintKind, Fingerprint, Identity, ObjectName,
    PartitionOf, ReplicaIdentity, RowSecurity, Storage, TableDescription, Value, differences,
};

/// Few and nasty: what a form without lengths would confuse.
fn text() -> impl Strategy<Value = String> {
    select(vec!["", "a", "b", "ab", ",", "1:", "1:a,", "0[]", "+", "-", "a\"b", "ä", "none", "`"])
        .prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        text().prop_map(Value::Default),
        text().prop_map(|text| Value::Generated(Storage::Stored, text)),
        text().prop_map(|text| Value::Generated(Storage::Virtual, text)),
        Just(Value::Identity(Identity::Always)),
        Just(Value::Identity(Identity::ByDefault)),
    ]
}

fn column() -> impl Strategy<Value = Column> {
    (text(), text(), any::<bool>(), prop::option::of(text()), value()).prop_map(
        |(name, type_name, is_nullable, collation, value)| Column {
            name,
            type_name,
            is_nullable,
            collation,
            value,
        },
    )
}

fn constraint() -> impl Strategy<Value = Constraint> {
    let kind = select(vec![
        ConstraintKind::Check,
        ConstraintKind::PrimaryKey,
        ConstraintKind::Unique,
        ConstraintKind::Exclusion,
        ConstraintKind::ForeignKey,
    ]);
    (kind, text()).prop_map(|(kind, definition)| Constraint { kind, definition })
}

fn object_name() -> impl Strategy<Value = ObjectName<'static>> {
    (prop::option::of(text()), text())
        .prop_map(|(schema, name)| ObjectName { schema: schema.map(Into::into), name: name.into() })
}

fn replica_identity() -> impl Strategy<Value = ReplicaIdentity> {
    prop_oneof![
        Just(ReplicaIdentity::Default),
        Just(ReplicaIdentity::Nothing),
        Just(ReplicaIdentity::Full),
        text().prop_map(ReplicaIdentity::Index),
    ]
}

fn partition_of() -> impl Strategy<Value = PartitionOf> {
    (object_name(), text()).prop_map(|(parent, bound)| PartitionOf { parent, bound })
}

fn table() -> impl Strategy<Value = TableDescription> {
    (
        (text(), text(), any::<bool>(), prop::collection::vec(column(), 0..4)),
        prop::collection::btree_map(text(), constraint(), 0..3),
        prop::collection::btree_map(text(), text(), 0..3),
        (replica_identity(), prop::option::of(text()), prop::option::of(partition_of())),
        prop::collection::btree_set(object_name(), 0..3),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |(head, constraints, indexes, (replica_identity, partition_key, of), inherits, rls)| {
                let (schema, name, is_unlogged, columns) = head;
                TableDescription {
                    schema,
                    name,
                    is_unlogged,
                    columns,
                    constraints,
                    indexes,
                    replica_identity,
                    partition_key,
                    partition_of: of,
                    inherits,
                    row_security: RowSecurity { is_enabled: rls.0, is_forced: rls.1 },
                }
            },
        )
}

/// The same table with one field of another one.
fn with_field_of(
    table: &TableDescription,
    nth: usize,
    other: &TableDescription,
) -> TableDescription {
    let mut changed = table.clone();
    let other = other.clone();
    match nth {
        0 => changed.schema = other.schema,
        1 => changed.name = other.name,
        2 => changed.is_unlogged = other.is_unlogged,
        3 => changed.columns = other.columns,
        4 => changed.constraints = other.constraints,
        5 => changed.indexes = other.indexes,
        6 => changed.replica_identity = other.replica_identity,
        7 => changed.partition_key = other.partition_key,
        8 => changed.partition_of = other.partition_of,
        9 => changed.inherits = other.inherits,
        10 => changed.row_security = other.row_security,
        _ => changed = other,
    }
    changed
}

proptest! {
    #![proptest_config(config(3000))]

    /// D7. A form that can be read back belongs to one description.
    #[test]
    fn a_form_is_read_back_to_the_same_description(table in table()) {
        let form = table.canonical();
        prop_assert_eq!(TableDescription::from_canonical(&form), Ok(table));
    }

    /// D7 and D8, for tables that differ in a single thing, or not at all.
    #[test]
    fn forms_fingerprints_and_differences_tell_two_tables_apart(
        one in table(),
        other in table(),
        nth in 0..12_usize,
    ) {
        let other = with_field_of(&one, nth, &other);
        let is_same = one == other;
        prop_assert_eq!(one.canonical() == other.canonical(), is_same);
        prop_assert_eq!(Fingerprint::of(&one) == Fingerprint::of(&other), is_same);
        let found = differences(&one, &other);
        prop_assert_eq!(found.is_empty(), is_same, "{:?}", found);
        prop_assert_eq!(differences(&other, &one).len(), found.len());
    }

    /// There is one form for each description: nothing else is read.
    #[test]
    fn a_changed_form_is_another_table_or_none(table in table(), at in any::<prop::sample::Index>(), letter in "[-+0-9a-z:,\\[\\]]") {
        let mut form = table.canonical();
        let places: Vec<_> = form.char_indices().map(|(place, _)| place).collect();
        let place = places[at.index(places.len())];
        let before = form.remove(place);
        form.insert_str(place, &letter);
        prop_assume!(before.to_string() != letter);
        if let Ok(read) = TableDescription::from_canonical(&form) {
            prop_assert_ne!(&read, &table);
            prop_assert_eq!(read.canonical(), form);
        }
    }

    #[test]
    fn a_form_cut_off_or_drawn_out_is_none(table in table(), at in any::<prop::sample::Index>()) {
        let form = table.canonical();
        let places: Vec<_> = form.char_indices().map(|(place, _)| place).collect();
        let cut = &form[..places[at.index(places.len())]];
        prop_assert!(TableDescription::from_canonical(cut).is_err(), "{}", cut);
        let drawn_out = form.clone() + " ";
        prop_assert!(TableDescription::from_canonical(&drawn_out).is_err());
    }
}

fn orders() -> TableDescription {
    let mut table = TableDescription::empty("shop", "orders");
    table.columns = vec![
        Column::new("id", "bigint").not_null().with_value(Value::Identity(Identity::ByDefault)),
        Column::new("note", "text"),
    ];
    let key =
        Constraint { kind: ConstraintKind::PrimaryKey, definition: "PRIMARY KEY (id)".into() };
    table.constraints.insert("orders_pkey".into(), key);
    table
}

#[test]
fn a_form_can_be_read_by_people() {
    assert_eq!(
        orders().canonical(),
        "steep-ddl-table-1 4:shop,6:orders,-2[2:id,6:bigint,--identity-by-default 4:note,4:text,+-\
         null ]1[11:orders_pkey,primary-key 16:PRIMARY KEY (id),]0[]default --0[]--"
    );
}

/// Stored fingerprints would all be wrong at once. If this fails, the version of the form goes up.
#[test]
fn the_fingerprint_of_a_table_never_changes() {
    assert_eq!(
        Fingerprint::of(&orders()).to_string(),
        "ca9704c485cfccd11838c01f4053889c629c13078ca63d58a1deb3ea234ad4e9"
    );
}

#[test]
fn differences_are_told_in_a_line_each() {
    let here = orders();
    let mut there = orders();
    there.columns.push(Column::new("loyalty_tier", "text"));
    there.columns[1].type_name = "character varying(80)".into();
    there.columns[1].value = Value::Default("''::character varying".into());
    there.indexes.insert("orders_note".into(), "CREATE INDEX orders_note ON shop.orders".into());
    there.constraints.clear();
    there.row_security.is_enabled = true;
    let found = differences(&there, &here);
    let told: Vec<_> = found
        .iter()
        .map(|one| format!("{}: {}", one.code(), one.told("node a", "node b")))
        .collect();
    assert_eq!(
        told,
        [
            "table_row_security: table: row security: enabled at node a, disabled at node b",
            "column_missing: column \"loyalty_tier\": only at node a (text)",
            "column_type: column \"note\": type: character varying(80) at node a, text at node b",
            "column_value: column \"note\": default: `''::character varying` at node a, none at node b",
            "constraint_missing: constraint \"orders_pkey\": only at node b (primary key: PRIMARY KEY (id))",
            "index_missing: index \"orders_note\": only at node a (CREATE INDEX orders_note ON shop.orders)",
        ]
    );
}

#[test]
fn the_order_of_columns_is_a_difference_of_its_own() {
    let mut turned = orders();
    turned.columns.reverse();
    let found = differences(&orders(), &turned);
    let told: Vec<_> = found.iter().map(|one| one.told("here", "there").to_string()).collect();
    assert_eq!(told, ["table: order of columns: id, note at here, note, id at there"]);
    assert_eq!(found[0].code(), "table_column_order");
}

/// Not only some difference: the one that it is.
#[test]
fn whatever_differs_in_a_column_is_named() {
    let column = || Column::new("note", "text");
    for (changed, code) in [
        (Column { type_name: "citext".into(), ..column() }, "column_type"),
        (Column { is_nullable: false, ..column() }, "column_nullability"),
        (Column { collation: Some("pg_catalog.\"C\"".into()), ..column() }, "column_collation"),
        (column().with_value(Value::Default("1".into())), "column_value"),
        (column().with_value(Value::Identity(Identity::Always)), "column_value"),
    ] {
        let mut other = orders();
        other.columns[1] = changed;
        let codes: Vec<_> = differences(&orders(), &other).iter().map(|one| one.code()).collect();
        assert_eq!(codes, [code]);
    }
}

#[test]
fn codes_are_words() {
    let mut other = orders();
    other.schema = "other".into();
    other.is_unlogged = true;
    other.replica_identity = ReplicaIdentity::Full;
    other.partition_key = Some("LIST (id)".into());
    other.partition_of =
        Some(PartitionOf { parent: ObjectName::qualified("a", "b"), bound: "DEFAULT".into() });
    other.inherits = BTreeSet::from([ObjectName::qualified("a", "c")]);
    let codes: Vec<_> = differences(&orders(), &other).iter().map(|one| one.code()).collect();
    assert_eq!(
        codes,
        [
            "table_name",
            "table_unlogged",
            "table_replica_identity",
            "table_partition_key",
            "table_partition_of",
            "parent_missing",
        ]
    );
}

#[test]
fn what_is_no_form_says_where() {
    let error = |text| TableDescription::from_canonical(text).expect_err("no form");
    assert_eq!(error("").to_string(), "not a description of a table in version 1");
    assert_eq!(error("steep-ddl-table-2 "), CanonicalError::Version);
    let leading_zero = "steep-ddl-table-1 01:a,";
    assert_eq!(error(leading_zero).to_string(), "malformed description of a table at byte 18");
    let too_many = "steep-ddl-table-1 1:a,1:b,-99999999[";
    assert!(matches!(error(too_many), CanonicalError::Malformed { .. }));
    let huge = "steep-ddl-table-1 99999999999999999999999:a,";
    assert!(matches!(error(huge), CanonicalError::Malformed { .. }));
}
