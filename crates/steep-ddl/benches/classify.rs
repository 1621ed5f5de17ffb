//! What the decision costs in the hook, for each statement that passes.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use steep_ddl::{
    Clauses, Column, Fingerprint, Kind, ObjectName, Rules, Statement, TableDescription,
};

/// As the hook would make it: the names borrow from the parse tree.
fn statement<'a>(kinds: &[Kind], clauses: Clauses, name: &'a str) -> Statement<'a> {
    let statement = Statement::new(kinds[0]).clauses(clauses);
    let statement = kinds[1..].iter().copied().fold(statement, Statement::and);
    statement.about(ObjectName::qualified("public", name))
}

fn benches(c: &mut Criterion) {
    let rules = Rules::default();
    let cases: [(&str, &[Kind], Clauses); 4] = [
        ("add_column", &[Kind::AlterTableAddColumn], Clauses::IF_EXISTS),
        (
            "ten_subcommands",
            &[
                Kind::AlterTableAddColumn,
                Kind::AlterTableDropColumn,
                Kind::AlterTableSetDefault,
                Kind::AlterTableSetNotNull,
                Kind::AlterTableAddConstraint,
                Kind::AlterTableOwner,
                Kind::AlterTableOptions,
                Kind::AlterTableColumnStatistics,
                Kind::AlterTableAlterColumnType,
                Kind::AlterTableDropConstraint,
            ],
            Clauses::CASCADE,
        ),
        ("index_concurrently", &[Kind::CreateIndex], Clauses::CONCURRENTLY),
        ("set", &[Kind::Set], Clauses::NONE),
    ];
    let mut group = c.benchmark_group("capture");
    for (name, kinds, clauses) in cases {
        let made = statement(kinds, clauses, "orders");
        group.bench_function(name, |b| b.iter(|| rules.capture(black_box(&made))));
        group.bench_function(format!("{name}_made"), |b| {
            b.iter(|| {
                let (kinds, name) = black_box((kinds, "orders"));
                rules.capture(&statement(kinds, clauses, name))
            });
        });
    }
    group.finish();

    let mut table = TableDescription::empty("public", "orders");
    table.columns = (0..20).map(|nth| Column::new(&format!("column_{nth}"), "bigint")).collect();
    c.bench_function("fingerprint_of_20_columns", |b| {
        b.iter(|| Fingerprint::of(black_box(&table)));
    });
}

criterion_group!(classification, benches);
criterion_main!(classification);
