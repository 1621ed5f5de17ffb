//! What goes on around a managed table: settings, readers, copies, decisions about conflicts.

use steep_ext_tests::{DATABASE, Failure, login, refusal, refusal_of};
use steep_testkit::{Major, on_each_major};

use super::{row, small, strays, table};

on_each_major! {
    fn a_grant_outlives_a_crash_whatever_synchronous_commit_is(major: Major) -> Result<(), Failure> {
        let group = small(major, 1)?;
        table(&group, "t", "id serial primary key, writer text", 1000)?;
        for sql in ["alter system set wal_writer_delay = '10s'", "select pg_reload_conf()"] {
            group.execute("a", sql)?;
        }
        let mut client = group.node("a").client(DATABASE);
        client.batch_execute("set synchronous_commit = off").map_err(Failure::new)?;
        let granted = client
            .query_one("select range_start from steep_repl.allocate_range('public', 't', 500)", &[])
            .map_err(Failure::new)?
            .get::<_, i64>(0);
        group.crash("a")?;
        let there = format!("select count(*) from steep_repl.identity_ranges where range_start = {granted}");
        assert_eq!(group.value("a", &there)?, "1", "a grant was told and is lost");
        group.finish();
        Ok(())
    }

    fn whoever_reads_the_status_holds_up_no_insert(major: Major) -> Result<(), Failure> {
        let group = small(major, 1)?;
        table(&group, "t", "id serial primary key, writer text", 300)?;
        let mut vera = login(group.node("a"), "vera", &["steep_repl_viewer"]);
        let read = "begin read only; select * from steep_repl.range_status;
            select * from steep_repl.check_range_threshold('public', 't')";
        vera.batch_execute(read).map_err(Failure::new)?;
        group.execute("a", "insert into t (writer) select 'a' from generate_series(1, 3000)")?;
        vera.batch_execute("commit").map_err(Failure::new)?;
        assert_eq!(strays(&group, "a", "t")?, "0");
        group.finish();
        Ok(())
    }

    fn a_database_that_is_read_only_by_default_gets_its_ranges(major: Major) -> Result<(), Failure> {
        let group = small(major, 1)?;
        table(&group, "t", "id serial primary key, writer text", 300)?;
        let mut client = group.node("a").client(DATABASE);
        for setting in ["default_transaction_read_only = on", "default_transaction_isolation = serializable"] {
            client.batch_execute(&format!("alter database {DATABASE} set {setting}")).map_err(Failure::new)?;
        }
        client.batch_execute("insert into t (writer) select 'a' from generate_series(1, 2000)").map_err(Failure::new)?;
        client.batch_execute(&format!("alter database {DATABASE} reset all")).map_err(Failure::new)?;
        assert_eq!(strays(&group, "a", "t")?, "0");
        group.finish();
        Ok(())
    }

    fn a_larger_cache_of_the_sequence_is_noticed_by_sessions_that_run(major: Major) -> Result<(), Failure> {
        let group = small(major, 1)?;
        table(&group, "t", "id bigserial primary key, writer text", 8000)?;
        let mut early = group.node("a").client(DATABASE);
        early.batch_execute("insert into t (writer) values ('a')").map_err(Failure::new)?;
        group.execute("a", "alter sequence t_id_seq cache 50")?;
        let mut others: Vec<_> = (0..6).map(|_| group.node("a").client(DATABASE)).collect();
        // Each draws fifty at a time, and writes one of them; only the early one comes near the end.
        for _ in 0..6 {
            early.batch_execute("insert into t (writer) select 'a' from generate_series(1, 1300)").map_err(Failure::new)?;
            for other in &mut others {
                other.batch_execute("insert into t (writer) values ('a')").map_err(Failure::new)?;
            }
        }
        assert_eq!(strays(&group, "a", "t")?, "0");
        group.finish();
        Ok(())
    }

    fn an_import_into_a_range_that_waits_is_met_by_no_sequence(major: Major) -> Result<(), Failure> {
        let group = small(major, 1)?;
        table(&group, "t", "id serial primary key, writer text", 300)?;
        let granted = group.value("a", "select steep_repl.grant_range('public', 't', 'a',
            steep_repl.next_range_request('public', 't'), 300, false)")?;
        group.execute("a", &format!("begin; set local steep_repl.bypass_range_check = on;
            insert into t select i, 'import' from generate_series({granted} + 100, {granted} + 120) i; commit"))?;
        group.execute("a", "insert into t (writer) select 'a' from generate_series(1, 1500)")?;
        assert_eq!(row(&group, "a", "select count(*), count(distinct id) from t")?, "1521 1521");
        assert_eq!(strays(&group, "a", "t")?, "0");
        group.finish();
        Ok(())
    }

    fn a_copy_that_does_not_know_what_it_is_draws_no_id(major: Major) -> Result<(), Failure> {
        let group = small(major, 1)?;
        table(&group, "t", "id serial primary key, writer text", 300)?;
        group.execute("a", "insert into t (writer) select 'a' from generate_series(1, 10)")?;
        group.execute("a", "update steep_repl.local_node set data_directory = 'elsewhere'")?;
        let refused = refusal(group.node("a"), DATABASE, "insert into t (writer) values ('a')");
        assert_eq!(refused.message, "this database is a restored or cloned copy of node \"a\"");
        assert!(refused.hint.contains("reidentify_node"), "{refused:?}");
        group.execute("a", "select steep_repl.reidentify_node('a', 'moved')")?;
        let _ = refusal(group.node("a"), DATABASE, "insert into t (writer) values ('a')");
        group.execute("a", "insert into t (writer) values ('a')")?;
        group.finish();
        Ok(())
    }

    fn a_decision_may_write_the_id_of_a_peer(major: Major) -> Result<(), Failure> {
        let group = small(major, 2)?;
        table(&group, "t", "id serial primary key, writer text", 1000)?;
        group.execute("b", "insert into t (writer) select 'b' from generate_series(1, 5)")?;
        group.converge()?;
        let id = group.value("a", "select max(id) from t")?;
        group.execute("a", &format!("delete from t where id = {id}"))?;
        group.converge()?;
        let mut otto = login(group.node("a"), "otto", &["steep_repl_operator"]);
        group.execute("a", "grant select, insert, update, delete on t to otto")?;
        let again = format!("insert into t values ({id}, 'otto')");
        assert_eq!(refusal_of(group.node("a"), &mut otto, &again).code, "23514");
        let tuple = |id: &str, writer: &str| {
            format!("select steep_repl.apply_tuple('public', 't', '{{\"id\": {id}, \"writer\": \"{writer}\"}}')")
        };
        otto.batch_execute(&tuple(&id, "b")).map_err(Failure::new)?;
        // An id ahead of b's sequence is kept off it.
        let ahead = group.value("b", "select last_value + 3 from t_id_seq")?;
        otto.batch_execute(&tuple(&ahead, "otto")).map_err(Failure::new)?;
        group.converge()?;
        group.execute("b", "insert into t (writer) select 'b' from generate_series(1, 20)")?;
        // What was vouched for was that row: it is no licence for others.
        let once = format!("begin; {}; insert into t values ({id} + 100000, 'otto')", tuple(&id, "otto"));
        assert_eq!(refusal_of(group.node("a"), &mut otto, &once).code, "23514");
        otto.batch_execute("rollback").map_err(Failure::new)?;
        group.converge()?;
        assert_eq!(row(&group, "b", "select count(*), count(distinct id) from t")?, "26 26");
        group.finish();
        Ok(())
    }

    fn an_administrator_expands_and_releases_in_sql(major: Major) -> Result<(), Failure> {
        let group = small(major, 1)?;
        table(&group, "t", "id serial primary key, writer text", 300)?;
        let mut ada = login(group.node("a"), "ada", &["steep_repl_admin"]);
        ada.batch_execute("select * from steep_repl.expand_range('public', 't', 200000)").map_err(Failure::new)?;
        let left = "select ids_left + reserve >= 200000 from steep_repl.range_status";
        assert_eq!(group.value("a", left)?, "t");
        let last = group.value("a", "select max(range_start) from steep_repl.identity_ranges")?;
        let release = format!("select steep_repl.release_range('public', 't', {last})");
        ada.batch_execute(&release).map_err(Failure::new)?;
        assert!(refusal_of(group.node("a"), &mut ada, &release).message.contains("released before"));
        let recorded = "select count(*) from steep_repl.audit_log where action = 'range.release' and actor = 'ada'";
        assert_eq!(group.value("a", recorded)?, "1");
        let none = refusal_of(group.node("a"), &mut ada, "select steep_repl.expand_range('public', 't', 0)");
        assert_eq!(none.code, "22023");
        group.finish();
        Ok(())
    }
}
