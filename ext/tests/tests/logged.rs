//! What is kept of a conflict, and what PostgreSQL itself says of it.

use steep_ext_tests::{Failure, Group, PATIENCE};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, on_each_major};

/// Lets both nodes update the row of `t` without knowing of each other; `b` is the later one.
fn conflict(group: &Group, [on_a, on_b]: [&str; 2]) -> Result<(), Failure> {
    group.apart()?;
    group.write("a", &format!("update t set {on_a} where id = 1"))?;
    group.write("b", &format!("update t set {on_b} where id = 1"))?;
    Ok(())
}

on_each_major! {
    fn rows_are_logged_as_to_jsonb_has_them(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "gone int, id bigint primary key, s smallint, i int, n numeric, nan numeric, \
            inf numeric, b boolean, \"quoted \"\"name\"\"\" text, c varchar(20), d date, ts timestamp, tz timestamptz, \
            never timestamptz, u uuid, nothing text, big text", "")?;
        group.everywhere("alter table t drop gone")?;
        group.write("a", "insert into t values (1, -32768, -2147483648, 12.500, 'nan', '-1e30', false, \
            E'it''s \"\\\\\\n\\u00fc\\u2713', 'c', '2026-02-28', '2026-02-28 12:00:00.5', '0044-03-15 12:00+00 BC', \
            'infinity', '00112233-4455-6677-8899-aabbccddeeff', null, repeat('compress me ', 5000))")?;
        group.settle()?;
        conflict(&group, ["s = 7, b = true", "i = 7, n = 0.00"])?;
        let row = "select to_jsonb(t) from t";
        let rows = [group.value("a", row)?, group.value("b", row)?];
        group.meet();
        group.converge()?;
        let logged = |column: &str| group.value("a", &format!("select {column} from steep_repl.conflict_log"));
        assert_eq!(logged("local_tuple")?, rows[0]);
        assert_eq!(logged("remote_tuple")?, rows[1]);
        assert_eq!(logged("row_key")?, r#"{"id": 1}"#);
        group.finish();
        Ok(())
    }

    fn postgres_counts_conflicts_and_reports_them_only_if_told_to(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, v text", "")?;
        group.write("a", "insert into t values (1, 'base')")?;
        group.settle()?;
        // Each after the other: PostgreSQL would report that, too.
        group.write("b", "update t set v = 'after a' where id = 1")?;
        group.settle()?;
        group.write("a", "update t set v = 'after b' where id = 1")?;
        group.settle()?;
        for (told, reports) in [(false, 0), (true, 1)] {
            if told {
                group.everywhere("alter system set steep_repl.log_native_conflicts = on")?;
                group.everywhere("select pg_reload_conf()")?;
            }
            conflict(&group, ["v = 'of a'", "v = 'of b'"])?;
            group.meet();
            group.converge()?;
            if !matches!(major, Major::V18) {
                continue;
            }
            let counted = wait::until(PATIENCE, "PostgreSQL's own count", || {
                let seen = group.look("a", "select native ->> 'confl_update_origin_differs' \
                    from steep_repl.conflict_stats limit 1")?;
                if seen == (reports + 1).to_string() { Ok(()) } else { Err(Observed::new(seen)) }
            });
            counted.map_err(|error| group.failed(error))?;
            let log = group.node("a").log();
            let reported = log.iter().filter(|entry| entry.to_string().contains("conflict=update_origin_differs"));
            assert_eq!(reported.count(), reports);
        }
        assert_eq!(group.value("a", "select count(*) from steep_repl.conflict_log")?, "2");
        group.finish();
        Ok(())
    }
}
