//! What the decision costs per row.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use steep_conflict::{
    Change, ChangeKind, Contender, Held, Origins, Policy, RowState, Version, contend, decide,
};
use steep_types::{CommitTs, NodeId, Priority};

fn benches(c: &mut Criterion) {
    let names = ["a", "b", "c"].map(|name| NodeId::new(name).expect("a valid node id"));
    let nodes = Origins::new(names.clone().map(|name| (name, Priority::default())));
    let nodes = nodes.expect("three names");
    let origin = |ix: usize| nodes.origin(&names[ix]).expect("listed above");
    let version = |ts, ix| Version::new(CommitTs::from_micros(ts), origin(ix));
    let held = |ts, ix| Held::Known(version(ts, ix));
    let policy = Policy::last_write_wins(CommitTs::MIN);

    let mut group = c.benchmark_group("decide");
    for (name, local, change) in [
        ("same_origin", RowState::Live(held(5, 0)), Change::new(ChangeKind::Update, version(6, 0))),
        ("no_row", RowState::Absent, Change::new(ChangeKind::Insert, version(6, 0))),
        ("conflict", RowState::Live(held(5, 0)), Change::new(ChangeKind::Update, version(6, 1))),
        ("tie", RowState::Live(held(5, 0)), Change::new(ChangeKind::Update, version(5, 1))),
        ("tombstone", RowState::Dead(held(5, 0)), Change::new(ChangeKind::Update, version(4, 1))),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| decide(black_box(&local), black_box(&change), black_box(&policy)));
        });
    }
    group.finish();

    let mut group = c.benchmark_group("contend");
    let incoming = Change::new(ChangeKind::Insert, version(6, 0));
    for rivals in [0_usize, 1, 4] {
        let rivals = vec![Contender::new(held(5, 1)); rivals];
        group.bench_function(format!("{}_rivals", rivals.len()), |b| {
            b.iter(|| contend(black_box(&incoming), rivals.iter().copied(), black_box(&policy)));
        });
    }
    group.finish();
}

criterion_group!(decisions, benches);
criterion_main!(decisions);
