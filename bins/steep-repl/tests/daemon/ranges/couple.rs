//! A group of two.

use steep_ipc::{Level, RangeAllocate, Request, Response};
use steep_testkit::Major;
use steep_testkit::wait::{self, Observed};

use super::{Inserting, TABLE, strays};
use crate::couple::{Couple, DATABASE, add, plan, remove};
use crate::support::Outcome;

pub(super) const SMALL: &str = "  identity_ranges: {default_range_size: 1000}\n";

/// Two nodes with a table that both had before it was added, with rows.
fn with_rows() -> Result<Couple, Box<dyn std::error::Error>> {
    with_rows_on(Major::V18)
}

pub(super) fn with_rows_on(major: Major) -> Result<Couple, Box<dyn std::error::Error>> {
    let couple = Couple::start(major, |builder| builder, SMALL)?;
    couple.init()?;
    couple.join()?;
    for node in ["a", "b"] {
        couple.on(node, &format!("create table orders ({TABLE})"))?;
        couple.on(node, "insert into orders (writer) select 'old' from generate_series(1, 100)")?;
        couple.on(node, "create table notes (id uuid primary key, order_id int)")?;
        couple.on(node, "create table lines (order_id int references orders, line int, primary key (order_id, line))")?;
    }
    Ok(couple)
}

#[test]
fn a_table_with_rows_is_added_and_both_nodes_insert_at_speed_without_a_collision() -> Outcome {
    let couple = with_rows()?;
    let added = plan(&couple.a, &add(&["orders", "notes", "lines"]))?;
    assert!(added.done, "{added:?}");
    for node in ["a", "b"] {
        let step = format!("table public.orders, node {node}: its ids are kept apart");
        assert!(added.steps.contains(&step), "{added:?}");
    }
    // The others replicate all the same, and it is said why.
    assert!(
        added.warnings.iter().any(|said| said.contains("its key id is of type uuid")),
        "{added:?}"
    );
    assert!(!added.warnings.iter().any(|said| said.contains("lines")), "{added:?}");
    let ids = |table: &str| {
        let entry = added.tables.iter().find(|entry| entry.table == format!("public.{table}"));
        entry.and_then(|entry| entry.ids.clone())
    };
    let classes = ["orders", "notes", "lines"].map(ids);
    assert_eq!(
        classes.each_ref().map(Option::as_deref),
        [Some("managed"), Some("unmanaged"), Some("inherits")]
    );

    let (a, b) = (couple.cluster("a"), couple.cluster("b"));
    // Both begin beside each other, not a block apart.
    let first = "select max(range_start) < 65536 from (
        select distinct on (node_id) range_start from steep_repl.identity_ranges
        where table_name = 'orders' order by node_id, request) f";
    assert_eq!(b.value(DATABASE, first)?, "t");
    Inserting::start(&[a, b], "orders", 300).end()?;
    wait::tables_equal(&[a, b], DATABASE, "orders", wait::DEADLINE)?;
    assert_eq!(a.value(DATABASE, "select count(*) from orders")?, (100 + 4 * 300 * 10).to_string());
    assert_eq!(a.value(DATABASE, "select count(*) from steep_repl.conflict_log")?, "0");
    for node in [a, b] {
        for writer in ["a", "b"] {
            assert_eq!(strays(node, "orders", writer)?, "0", "ids of {writer}");
        }
    }

    // Said again, there is nothing left to do.
    let again = plan(&couple.b, &add(&["orders"]))?;
    assert!(again.done && again.steps.is_empty(), "{again:?}");

    let removed = plan(&couple.b, &remove("orders"))?;
    assert!(removed.done, "{removed:?}");
    for node in ["a", "b"] {
        couple.on(node, "insert into orders values (1000000, 'anybody')")?;
    }
    couple.finish();
    Ok(())
}

#[test]
fn a_table_that_only_some_nodes_manage_is_completed_when_it_is_said_again() -> Outcome {
    let couple = with_rows()?;
    assert!(plan(&couple.a, &add(&["orders"]))?.done);
    couple.on("b", "select steep_repl.unmanage_ranges('orders')")?;
    // The node that is asked manages it: it is the other one that does not.
    let again = plan(&couple.a, &add(&["orders"]))?;
    assert!(again.done, "{again:?}");
    assert_eq!(again.steps, ["table public.orders, node b: its ids are kept apart"]);
    let (a, b) = (couple.cluster("a"), couple.cluster("b"));
    Inserting::start(&[a, b], "orders", 20).end()?;
    wait::tables_equal(&[a, b], DATABASE, "orders", wait::DEADLINE)?;
    assert_eq!(a.value(DATABASE, "select count(*) from steep_repl.conflict_log")?, "0");
    couple.finish();
    Ok(())
}

#[test]
fn a_constraint_that_was_dropped_is_back_soon_and_on_record() -> Outcome {
    let couple = with_rows()?;
    assert!(plan(&couple.a, &add(&["orders"]))?.done);
    couple.a.until("the check of ranges", |status| {
        status.health.checks.iter().any(|check| check.name == "ranges" && check.level == Level::Ok)
    })?;
    couple.on("a", "alter table orders drop constraint steep_range_orders")?;
    let there = "select count(*) from pg_constraint where conname = 'steep_range_orders'";
    wait::query_returns(couple.cluster("a"), DATABASE, there, "1", wait::DEADLINE)?;
    couple.on("a", "alter table orders drop constraint steep_range_orders, add constraint steep_range_orders check (id > 0)")?;
    let right = "select count(*) from pg_constraint where conname = 'steep_range_orders'
                   and pg_get_constraintdef(oid) like '%check_id_range%'";
    wait::query_returns(couple.cluster("a"), DATABASE, right, "1", wait::DEADLINE)?;
    // Also when the column has another name by now.
    couple.on("a", "alter table orders rename id to number; alter table orders drop constraint steep_range_orders")?;
    wait::query_returns(couple.cluster("a"), DATABASE, right, "1", wait::DEADLINE)?;
    let recorded = "select count(*) from steep_repl.audit_log where action = 'range.constraint'";
    wait::query_returns(couple.cluster("a"), DATABASE, recorded, "3", wait::DEADLINE)?;
    couple.finish();
    Ok(())
}

#[test]
fn the_daemon_grants_in_time_also_while_the_other_is_away() -> Outcome {
    let mut couple = with_rows()?;
    assert!(plan(&couple.a, &add(&["orders"]))?.done);
    couple.b.signal(nix::sys::signal::Signal::SIGKILL)?;
    couple.b.ended()?;
    let (a, b) = (couple.cluster("a"), couple.cluster("b"));
    // Without its daemon a node draws from its own blocks.
    Inserting::start(&[a, b], "orders", 200).end()?;
    wait::tables_equal(&[a, b], DATABASE, "orders", wait::DEADLINE)?;
    assert_eq!(a.value(DATABASE, "select count(*) from steep_repl.conflict_log")?, "0");
    wait::until(wait::DEADLINE, "a reserve on a", || {
        match couple.a.ask(&Request::RangeStatus).map_err(Observed::new)? {
            Response::Ranges(status) if status.tables.iter().all(|table| table.reserve > 0) => {
                Ok(())
            }
            other => Err(Observed::new(format!("{other:?}"))),
        }
    })?;
    couple.b.run()?;
    couple.finish();
    Ok(())
}

#[test]
fn alone_a_node_draws_from_what_it_was_granted_and_then_from_its_own_blocks() -> Outcome {
    let mut couple = with_rows()?;
    assert!(plan(&couple.a, &add(&["orders"]))?.done);
    let allocate = Request::RangeAllocate(RangeAllocate {
        table: "orders".to_owned(),
        size: Some(2_000),
        force: false,
    });
    let by_a = "select coalesce(min(range_start)::text || ' and ' || min(range_end)::text, '') from steep_repl.identity_ranges
        where node_id = 'b' and granter = 'a' and range_end - range_start = 1999";
    // Whoever owns the lowest free ids grants: sooner or later that is a.
    let granted = wait::until(wait::DEADLINE, "a range that a has granted", || {
        couple.b.ask(&allocate).map_err(Observed::new)?;
        let granted = couple.cluster("b").value(DATABASE, by_a)?;
        if granted.is_empty() { Err(Observed::new("none yet")) } else { Ok(granted) }
    })?;
    couple.a.signal(nix::sys::signal::Signal::SIGKILL)?;
    couple.a.ended()?;
    couple.cluster("a").kill9()?;
    let b = couple.cluster("b");
    Inserting::start(&[b], "orders", 2_000).end()?;
    let drawn = format!(
        "select (select count(*) from orders where writer = 'b' and id between {granted}) > 1500
            and (select max(id) from orders) > (select min(range_start) from steep_repl.identity_ranges
                where node_id = 'b' and granter = 'b' and allocated_at > (select allocated_at
                    from steep_repl.identity_ranges where granter = 'a' and node_id = 'b' order by allocated_at desc limit 1))"
    );
    assert_eq!(b.value(DATABASE, &drawn)?, "t");
    assert_eq!(strays(b, "orders", "b")?, "0");
    let late =
        "select count(*) > 1 from steep_repl.identity_ranges where node_id = 'b' and granter = 'b'";
    assert_eq!(b.value(DATABASE, late)?, "t", "it went on from its own blocks");
    couple.cluster("a").start()?;
    couple.a.run()?;
    let (a, b) = (couple.cluster("a"), couple.cluster("b"));
    Inserting::start(&[a, b], "orders", 20).end()?;
    wait::tables_equal(&[a, b], DATABASE, "orders", wait::DEADLINE)?;
    assert_eq!(a.value(DATABASE, "select count(*) from steep_repl.conflict_log")?, "0");
    couple.finish();
    Ok(())
}

#[test]
fn a_table_is_kept_out_and_another_has_a_size_of_its_own() -> Outcome {
    let more = "  identity_ranges: {default_range_size: 1000, tables: {lines: {enabled: false}, orders: {range_size: 3000}}}\n";
    let mut couple = Couple::start(Major::V18, |builder| builder, more)?;
    for table in ["orders", "lines", "notes"] {
        couple.on("a", &format!("create table {table} ({TABLE})"))?;
    }
    couple.init()?;
    let sizes = "select string_agg(table_name || ' ' || range_size, ', ' order by table_name) from steep_repl.range_tables";
    assert_eq!(couple.cluster("a").value(DATABASE, sizes)?, "notes 1000, orders 3000");
    couple.on("a", "insert into lines values (1000000000, 'anybody')")?;
    // Another size is taken up with the daemon's start, and is on record.
    couple.a.restart_with(&|text| text.replace("range_size: 3000", "range_size: 4000"))?;
    wait::query_returns(
        couple.cluster("a"),
        DATABASE,
        sizes,
        "notes 1000, orders 4000",
        wait::DEADLINE,
    )?;
    let recorded = "select count(*) from steep_repl.audit_log where action = 'range.configure'
        and new_value ->> 'range_size' = '4000'";
    assert_eq!(couple.cluster("a").value(DATABASE, recorded)?, "1");
    couple.finish();
    Ok(())
}

#[test]
fn a_restored_node_hears_all_that_its_peer_knows_and_nothing_older_arrives_there() -> Outcome {
    let couple = with_rows()?;
    assert!(plan(&couple.a, &add(&["orders"]))?.done);
    // More than one message holds.
    couple.on("b", "insert into steep_repl.occupied_ids
        select 'public', 'orders', 1000000000 + 10 * i, 1000000001 + 10 * i from generate_series(1, 9001) i")?;
    let worker = "select pid from pg_stat_subscription where subname = 'steep_repl_a'";
    let before = couple.cluster("b").value(DATABASE, worker)?;
    // As after a restore.
    couple.on("a", "update steep_repl.range_tables set unheard = '{b}'")?;
    let heard = "select unheard = '{}' from steep_repl.range_tables where table_name = 'orders'";
    wait::query_returns(couple.cluster("a"), DATABASE, heard, "t", wait::DEADLINE)?;
    let known = "select count(*) from steep_repl.occupied_ids where range_start > 1000000000";
    assert_eq!(couple.cluster("a").value(DATABASE, known)?, "9001");
    let another = format!("select coalesce(({worker}), 0) <> {before}");
    assert_eq!(couple.cluster("b").value(DATABASE, &another)?, "t", "the old worker applies still");
    let (a, b) = (couple.cluster("a"), couple.cluster("b"));
    Inserting::start(&[a, b], "orders", 20).end()?;
    wait::tables_equal(&[a, b], DATABASE, "orders", wait::DEADLINE)?;
    couple.finish();
    Ok(())
}
