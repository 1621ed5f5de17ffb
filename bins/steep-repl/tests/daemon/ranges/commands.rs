//! The commands about ranges, on a node that is alone.

use std::error::Error;

use steep_ipc::{RangeAllocate, RangeBypass, RangeGrant, RangeHistory, Request, Response};
use steep_testkit::Major;
use steep_testkit::wait;

use super::TABLE;
use crate::couple::{Couple, DATABASE};
use crate::support::{Daemon, Outcome};

fn grants(daemon: &Daemon, request: &Request) -> Result<Vec<RangeGrant>, Box<dyn Error>> {
    match daemon.ask(request)? {
        Response::RangeGrants(grants) => Ok(grants),
        other => Err(format!("{other:?} is no list of ranges").into()),
    }
}

#[test]
fn ranges_are_shown_got_and_given_up() -> Outcome {
    let couple = Couple::start(Major::V18, |builder| builder, "")?;
    couple.on("a", &format!("create table orders ({TABLE})"))?;
    couple.on("a", "create table notes (id uuid primary key)")?;
    // The first node of a group begins to draw from ranges at once.
    couple.init()?;
    couple.on("a", "insert into orders (writer) select 'a' from generate_series(1, 100)")?;

    let Response::Ranges(status) = couple.a.ask(&Request::RangeStatus)? else {
        return Err("no status".into());
    };
    let [orders] = &status.tables[..] else { return Err(format!("{status:?}").into()) };
    assert_eq!((orders.table.as_str(), orders.column.as_str()), ("public.orders", "id"));
    assert_eq!((orders.range, orders.current_id), (Some((1, 10_000)), Some(100)));
    assert_eq!(status.bypasses, [""; 0]);

    let allocate = |size, force| {
        Request::RangeAllocate(RangeAllocate { table: "orders".to_owned(), size, force })
    };
    let got = grants(&couple.a, &allocate(Some(500), false))?;
    let [got] = &got[..] else { return Err(format!("{got:?}").into()) };
    assert_eq!((got.last - got.first + 1, got.status.as_str()), (500, "active"));
    let expand = Request::RangeExpand { table: "public.orders".to_owned(), ids: 100_000 };
    let expanded = grants(&couple.a, &expand)?;
    assert!(!expanded.is_empty());
    assert_eq!(grants(&couple.a, &expand)?, []);
    assert_eq!(grants(&couple.a, &allocate(None, true))?.len(), 1);

    let release = Request::RangeRelease { table: "orders".to_owned(), start: got.first };
    assert_eq!(grants(&couple.a, &release)?[0].status, "released");
    let again = couple.a.ask(&release).expect_err("it is released already").to_string();
    assert!(again.contains("released before"), "{again}");
    let history = |table: Option<&str>, limit| {
        let table = table.map(str::to_owned);
        Request::RangeHistory(RangeHistory { table, node: None, limit })
    };
    let all = grants(&couple.a, &history(None, 100))?;
    assert!(all.iter().any(|grant| grant.first == 1 && grant.granter == "a"), "{all:?}");
    assert_eq!(grants(&couple.a, &history(Some("orders"), 1))?.len(), 1);
    for (request, what) in [
        (history(Some("notes"), 1), "has no identity ranges"),
        (allocate(Some(0), false), "a range of 0 ids"),
    ] {
        let said = couple.a.ask(&request).expect_err("it is refused").to_string();
        assert!(said.contains(what), "{said}");
    }
    let given = "select count(*) from steep_repl.audit_log where action = 'command.give'
                   and target_id like 'range %'";
    assert_ne!(couple.cluster("a").value(DATABASE, given)?, "0");
    couple.finish();
    Ok(())
}

#[test]
fn a_bypass_is_for_sessions_that_begin_and_ends_when_its_time_is_over() -> Outcome {
    let couple = Couple::start(Major::V18, |builder| builder, "")?;
    couple.on("a", &format!("create table orders ({TABLE})"))?;
    couple.init()?;
    couple.on("a", "create role loader login superuser; create role clerk login superuser")?;
    let mut early = couple.cluster("a").client(DATABASE);
    let bypass = |enable, role: Option<&str>, seconds| {
        let role = role.map(str::to_owned);
        Request::RangeBypass(RangeBypass { enable, role, seconds })
    };
    let foreign = |id: i64| format!("insert into orders values ({id}, 'import')");
    couple.a.ask(&bypass(true, None, None))?;
    assert!(early.batch_execute(&foreign(2_000_000)).is_err(), "a session that ran is checked");
    couple.on("a", &foreign(2_000_000))?;
    let Response::Ranges(status) = couple.a.ask(&Request::RangeStatus)? else {
        return Err("no status".into());
    };
    assert_eq!(status.bypasses, ["all sessions that begin from now on"]);
    couple.a.ask(&bypass(false, None, None))?;
    assert!(couple.on("a", &foreign(2_000_001)).is_err());

    couple.a.ask(&bypass(true, Some("loader"), Some(2)))?;
    let set = "select count(*) from pg_db_role_setting g join pg_roles r on r.oid = g.setrole
               where r.rolname = 'loader' and array_to_string(g.setconfig, ' ') like '%bypass%'";
    assert_eq!(couple.cluster("a").value(DATABASE, set)?, "1");
    wait::query_returns(couple.cluster("a"), DATABASE, set, "0", wait::DEADLINE)?;
    let said = couple.a.ask(&bypass(true, Some("nobody"), None)).expect_err("no role").to_string();
    assert!(said.contains("nobody"), "{said}");
    couple.finish();
    Ok(())
}
