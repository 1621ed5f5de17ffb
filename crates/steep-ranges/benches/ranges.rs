//! What the check of a written id, the next id and a grant cost.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use steep_ranges::{Allocator, Holdings, IdRange, KeyType, Position, State, Urgency};
use steep_types::NodeId;

const SIZE: u64 = 10_000;

/// A node of three that has granted itself `ranges`.
fn allocator(ranges: usize) -> Allocator {
    let nodes = ["a", "b", "c"].map(|name| NodeId::new(name).expect("a valid node id"));
    let state = State::found(KeyType::Bigint.space(), &nodes).expect("three nodes, many blocks");
    let [node, ..] = nodes;
    let mut allocator = Allocator::open(node, state);
    for _ in 0..ranges {
        let request = allocator.request(SIZE);
        allocator.grant(&request, Urgency::Routine).expect("room for that many");
    }
    allocator.take_up();
    allocator
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("check");
    for ranges in [1_i64, 10, 1_000, 100_000] {
        let starts = (0..ranges).map(|nth| nth * 20_000);
        let ranges_of = starts.map(|start| IdRange::new(start, start + 9_999).expect("in order"));
        let ours: Holdings = ranges_of.collect();
        let last = ranges * 20_000 - 15_000;
        group.bench_function(format!("{ranges}_ranges"), |b| {
            b.iter(|| ours.contains(black_box(last)));
        });
    }
    group.finish();

    let mut group = c.benchmark_group("grant");
    for ranges in [0, 1_000, 10_000] {
        let allocator = allocator(ranges);
        group.bench_function(format!("after_{ranges}"), |b| {
            b.iter_batched_ref(
                || allocator.clone(),
                |allocator| {
                    let request = allocator.request(black_box(SIZE));
                    allocator.grant(&request, Urgency::Routine)
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();

    let mut group = c.benchmark_group("with_1000_ranges");
    let allocator = allocator(1_000);
    let supply = allocator.supply();
    let last = Position::At(500 * 10_000);
    group.bench_function("supply", |b| b.iter(|| allocator.supply()));
    group.bench_function("next", |b| b.iter(|| supply.next(black_box(last))));
    group.bench_function("merge_of_nothing_new", |b| {
        b.iter_batched_ref(
            || allocator.clone(),
            |ours| ours.merge(black_box(allocator.state())),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(ranges, benches);
criterion_main!(ranges);
