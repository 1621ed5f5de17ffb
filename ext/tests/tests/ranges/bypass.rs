//! Imports of ids that were drawn elsewhere.

use steep_ext_tests::{DATABASE, Failure, login, refusal, refusal_of};
use steep_testkit::{Major, on_each_major};

use super::{row, small, strays, table};

on_each_major! {
    fn imported_ids_are_met_by_no_sequence(major: Major) -> Result<(), Failure> {
        let group = small(major, 2)?;
        table(&group, "t", "id serial primary key, writer text", 1000)?;
        group.converge()?;
        // Into the range that a draws from, into that of b, and where nobody has been granted anything.
        group.execute("a", "begin; set local steep_repl.bypass_range_check = on; \
            insert into t select i, 'import' from generate_series(100, 300) i; \
            insert into t select i, 'import' from generate_series(400, 600, 2) i; \
            insert into t select i, 'import' from generate_series(65700, 66100) i; \
            insert into t select i, 'import' from generate_series(1500, 2500) i; commit")?;
        group.converge()?;
        for node in ["a", "b"] {
            group.execute(node, &format!("insert into t (writer) select '{node}' from generate_series(1, 3000)"))?;
        }
        group.converge()?;
        assert_eq!(row(&group, "a", "select count(*), count(distinct id) from t")?, "7704 7704");
        for node in ["a", "b"] {
            assert_eq!(strays(&group, node, "t")?, "0");
            // What is imported later is kept off as well, wherever the sequences stand now.
            group.execute(node, "begin; set local steep_repl.bypass_range_check = on; \
                insert into t select last_value + 150, 'import' from t_id_seq; commit")?;
        }
        group.converge()?;
        for node in ["a", "b"] {
            group.execute(node, &format!("insert into t (writer) select '{node}' from generate_series(1, 1000)"))?;
        }
        group.converge()?;
        group.finish();
        Ok(())
    }

    fn ids_imported_where_a_sequence_stands_do_not_send_it_back(major: Major) -> Result<(), Failure> {
        let group = small(major, 2)?;
        table(&group, "t", "id serial primary key, writer text", 1000)?;
        group.execute("a", "insert into t (writer) select 'a' from generate_series(1, 500)")?;
        group.execute("a", "begin; insert into t (writer) select 'a' from generate_series(1, 10); rollback")?;
        group.converge()?;
        // The sequence of a stands at 510, in the middle of what b imports.
        group.execute("b", "begin; set local steep_repl.bypass_range_check = on; \
            insert into t select i, 'import' from generate_series(505, 700) i; commit")?;
        group.converge()?;
        let taken = refusal(group.node("a"), DATABASE, "insert into t (writer) values ('a')");
        assert_eq!(taken.code, "23505");
        group.execute("a", "insert into t (writer) select 'a' from generate_series(1, 500)")?;
        assert_eq!(group.value("a", "select min(id) from t where writer = 'a' and id > 500")?, "701");
        assert_eq!(strays(&group, "a", "t")?, "0");
        group.converge()?;
        assert_eq!(row(&group, "b", "select count(*), count(distinct id) from t")?, "1196 1196");
        group.finish();
        Ok(())
    }

    fn a_bypass_is_on_record_and_for_those_who_may(major: Major) -> Result<(), Failure> {
        let group = small(major, 2)?;
        table(&group, "t", "id serial primary key, writer text", 1000)?;
        let mut clerk = login(group.node("a"), "clerk", &[]);
        group.execute("a", "grant insert on t to clerk")?;
        let refused = refusal_of(group.node("a"), &mut clerk, "set steep_repl.bypass_range_check = on");
        assert_eq!(refused.code, "42501");
        let audit = "select count(*), max(new_value::text) from steep_repl.audit_log where action = 'range.bypass'";
        let import = "set local steep_repl.bypass_range_check = on; insert into t select i, 'x' from generate_series(5000, 5009) i";
        group.execute("a", &format!("begin; {import}; rollback"))?;
        assert_eq!(group.value("a", "select count(*) from steep_repl.audit_log where action = 'range.bypass'")?, "0");
        group.execute("a", &format!("begin; {import}; commit"))?;
        let rows = group.rows("a", audit)?;
        assert_eq!(rows[0][0].as_deref(), Some("1"));
        let said = rows[0][1].clone().unwrap_or_default();
        assert!(said.contains("5000") && said.contains("5009"), "{said}");
        // What a sequence draws meanwhile is no import.
        group.execute("a", "begin; set local steep_repl.bypass_range_check = on; \
            insert into t (writer) select 'a' from generate_series(1, 50); commit")?;
        assert_eq!(group.value("a", "select count(*) from steep_repl.occupied_ids")?, "1");
        assert_eq!(strays(&group, "a", "t")?, "0");
        group.converge()?;
        assert_eq!(group.value("b", "select range_start || '-' || range_end from steep_repl.occupied_ids")?, "5000-5009");
        group.finish();
        Ok(())
    }

    fn too_many_scattered_ids_are_refused_with_the_way_out(major: Major) -> Result<(), Failure> {
        let cluster = small(major, 1)?;
        table(&cluster, "t", "id bigserial primary key, writer text", 1000)?;
        let mut client = cluster.node("a").client(DATABASE);
        client.batch_execute("set steep_repl.bypass_range_check = on").map_err(Failure::new)?;
        let refused = refusal_of(cluster.node("a"), &mut client,
            "insert into t select 100000 + 3 * i, 'x' from generate_series(1, 60000) i");
        assert_eq!(refused.code, "54000");
        assert!(refused.detail.contains("order of the ids"), "{refused:?}");
        client.batch_execute("insert into t select 100000 + 3 * i, 'x' from generate_series(1, 1000) i").map_err(Failure::new)?;
        cluster.finish();
        Ok(())
    }
}
