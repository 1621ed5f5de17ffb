//! Any message there is.

mod answer;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use steep_ipc::{
    ConflictFilter, ConflictResolve, ConflictResolveBulk, Init, NodeAdd, NodeRemove, RangeAllocate,
    RangeBypass, RangeHistory, Request, TableAdd,
};

pub(crate) use self::answer::reply;

pub(crate) fn text() -> impl Strategy<Value = String> {
    // Everything that JSON has to escape, and beyond.
    "[\\x00-\\x7f€𝄞\"\\\\]{0,12}"
}

pub(crate) fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..4)
}

pub(crate) fn maybe() -> impl Strategy<Value = Option<String>> {
    option::of(text())
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        prop::sample::select(vec![
            Request::Status,
            Request::Health,
            Request::NodeList,
            Request::Pause,
            Request::Resume,
            Request::Job,
            Request::JobCancel,
            Request::TableList,
            Request::SubStatus,
            Request::SlotStatus,
            Request::RangeStatus,
            Request::Subscribe,
        ]),
        of_nodes(),
        of_tables(),
        of_ranges(),
        of_conflicts(),
    ]
}

fn of_nodes() -> impl Strategy<Value = Request> {
    prop_oneof![
        (texts(), texts(), any::<bool>()).prop_map(|(include, exclude, dry_run)| Request::Init(
            Init { include, exclude, dry_run }
        )),
        (text(), option::of(any::<u16>()), any::<bool>()).prop_map(|(address, jobs, dry_run)| {
            Request::NodeAdd(NodeAdd { address, jobs, dry_run })
        }),
        (text(), any::<bool>())
            .prop_map(|(node, force)| Request::NodeRemove(NodeRemove { node, force })),
        text().prop_map(|peer| Request::SubEnable { peer }),
        text().prop_map(|peer| Request::SubDisable { peer }),
    ]
}

fn of_tables() -> impl Strategy<Value = Request> {
    let add = (texts(), maybe(), maybe(), option::of(texts()), any::<bool>());
    prop_oneof![
        add.prop_map(|(tables, strategy, detection, node_order, dry_run)| {
            Request::TableAdd(TableAdd { tables, strategy, detection, node_order, dry_run })
        }),
        texts().prop_map(|tables| Request::TableRemove { tables }),
    ]
}

fn of_ranges() -> impl Strategy<Value = Request> {
    let number = option::of(any::<u64>());
    prop_oneof![
        (maybe(), maybe(), any::<u16>()).prop_map(|(table, node, limit)| {
            Request::RangeHistory(RangeHistory { table, node, limit })
        }),
        (text(), number.clone(), any::<bool>()).prop_map(|(table, size, force)| {
            Request::RangeAllocate(RangeAllocate { table, size, force })
        }),
        (text(), any::<u64>()).prop_map(|(table, ids)| Request::RangeExpand { table, ids }),
        (text(), any::<i64>()).prop_map(|(table, start)| Request::RangeRelease { table, start }),
        (any::<bool>(), maybe(), number).prop_map(|(enable, role, seconds)| {
            Request::RangeBypass(RangeBypass { enable, role, seconds })
        }),
    ]
}

fn of_conflicts() -> impl Strategy<Value = Request> {
    prop_oneof![
        filter().prop_map(Request::ConflictList),
        any::<i64>().prop_map(|id| Request::ConflictShow { id }),
        (any::<i64>(), text(), maybe(), maybe(), any::<bool>(), any::<bool>()).prop_map(
            |(id, choice, merged, reason, force, dry_run)| {
                let resolve = ConflictResolve { id, choice, merged, reason, force, dry_run };
                Request::ConflictResolve(resolve)
            }
        ),
        (text(), filter(), maybe(), any::<bool>()).prop_map(|(choice, filter, reason, dry_run)| {
            let bulk = ConflictResolveBulk { choice, filter, reason, dry_run };
            Request::ConflictResolveBulk(bulk)
        }),
        (any::<i64>(), maybe(), any::<bool>())
            .prop_map(|(id, reason, dry_run)| { Request::ConflictRevert { id, reason, dry_run } }),
    ]
}

fn filter() -> impl Strategy<Value = ConflictFilter> {
    let id = option::of(any::<i64>());
    (maybe(), maybe(), maybe(), id.clone(), maybe(), maybe(), id, any::<u16>()).prop_map(
        |(state, table, conflict_type, origin_xid, since, until, before_id, limit)| {
            ConflictFilter {
                state,
                table,
                conflict_type,
                origin_xid,
                since,
                until,
                before_id,
                limit,
            }
        },
    )
}
