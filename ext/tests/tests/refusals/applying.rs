//! Circumstances under which apply workers stop, until they are put right.

use steep_ext_tests::{Failure, Group};
use steep_testkit::{Major, Stop, on_each_major};

const COLUMNS: &str = "id int primary key, v text";

fn group_with_table(major: Major) -> Result<Group, Failure> {
    let group = Group::start(major, 2)?;
    group.create_table("t", COLUMNS, "")?;
    group.execute("a", "insert into t values (1, 'base')")?;
    group.settle()?;
    Ok(group)
}

fn count(group: &Group, node: &str) -> Result<String, Failure> {
    group.value(node, "select count(*) from t")
}

/// Breaks node `b`, checks that it applies nothing and says so with these words, mends it, and
/// checks that nothing is lost.
fn stops_and_recovers(
    group: &Group,
    breaking: &str,
    words: &[&str],
    mending: &str,
) -> Result<(), Failure> {
    let before = count(group, "b")?;
    let next: i32 = before.parse::<i32>().map_err(|error| group.failed(error))? + 1;
    group.execute("b", breaking)?;
    group.write("a", &format!("insert into t values ({next}, 'meanwhile')"))?;
    group.write("a", &format!("update t set v = '{next}' where id = 1"))?;
    let said = group.complaint("b", words)?;
    assert!(said.sqlstate.starts_with("55") || said.sqlstate.starts_with("0A"), "{said}");
    // It fails again, and not once has it let something through.
    let pid = said.pid;
    steep_testkit::wait::until(steep_ext_tests::PATIENCE, "another failure", || {
        let again = group.complaint("b", words).map_err(steep_testkit::wait::Observed::new)?;
        if again.pid == pid { Err(steep_testkit::wait::Observed::new("the same")) } else { Ok(()) }
    })
    .map_err(|error| group.failed(error))?;
    assert_eq!(count(group, "b")?, before);
    group.execute("b", mending)?;
    group.converge()?;
    assert_eq!(count(group, "b")?, next.to_string());
    Ok(())
}

on_each_major! {
    fn a_subscription_that_streams_transactions_in_progress(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        for value in ["on", "parallel"] {
            stops_and_recovers(
                &group,
                &format!("alter subscription from_a set (streaming = {value})"),
                &["from_a", "streaming = off", "alter subscription"],
                "alter subscription from_a set (streaming = off)",
            )?;
        }
        group.finish();
        Ok(())
    }

    fn a_subscription_that_takes_other_origins(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        stops_and_recovers(
            &group,
            "alter subscription from_a set (origin = any)",
            &["from_a", "origin = none", "alter subscription"],
            "alter subscription from_a set (origin = none)",
        )?;
        group.finish();
        Ok(())
    }

    fn a_subscription_of_prepared_transactions(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        let recreate = |two_phase: bool| {
            let create = group.create_subscription("a", "b");
            create.replace("two_phase = false", &format!("two_phase = {two_phase}"))
        };
        for node in group.nodes() {
            node.expect_peer_loss();
        }
        // Only 18 can alter it. The new subscription misses nothing: nothing is written meanwhile.
        group.execute("b", "drop subscription from_a")?;
        group.execute("b", &recreate(true))?;
        group.execute("b", "insert into pg_subscription_rel (srsubid, srrelid, srsubstate) \
            select s.oid, r, 'r' from pg_subscription s, (select 't'::regclass \
            union all select 'steep_repl.heartbeats'::regclass) r (r) \
            where s.subname = 'from_a' on conflict do nothing; select 1")?;
        group.write("a", "insert into t values (2, 'x')")?;
        group.complaint("b", &["from_a", "two_phase = false"])?;
        assert_eq!(count(&group, "b")?, "1");
        group.execute("b", "drop subscription from_a")?;
        group.execute("b", &recreate(false))?;
        group.execute("b", &group.add_peer("a"))?;
        group.execute("b", "insert into t values (3, 'x')")?;
        group.execute("a", "delete from t where id = 2")?;
        group.converge()?;
        group.finish();
        Ok(())
    }

    fn a_table_that_only_the_publisher_replicates(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        group.everywhere("create table late (id int primary key, v text)")?;
        group.execute("a", "select steep_repl.add_table('late')")?;
        group.write("a", "insert into late values (1, 'early')")?;
        group.write("a", "insert into t values (2, 'behind it')")?;
        let said = group.complaint("b", &["late", "steep_repl.add_table"])?;
        assert!(said.to_string().contains("public.late"), "{said}");
        assert_eq!(count(&group, "b")?, "1");
        assert_eq!(group.value("b", "select count(*) from late")?, "0");
        group.execute("b", "select steep_repl.add_table('late')")?;
        group.converge()?;
        assert_eq!(group.value("b", "select v from late")?, "early");
        assert_eq!(count(&group, "b")?, "2");

        // Taken out on b on purpose, what still arrives is dropped, and the rest goes on.
        group.execute("b", "select steep_repl.remove_table('late')")?;
        group.write("a", "insert into late values (2, 'for a only')")?;
        group.write("a", "insert into t values (3, 'behind it')")?;
        group.converge()?;
        assert_eq!(group.value("b", "select count(*) from late")?, "1");
        assert_eq!(count(&group, "b")?, "3");
        group.finish();
        Ok(())
    }

    fn a_table_that_the_subscriber_does_not_have(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        group.execute("a", "create table only_a (id int primary key)")?;
        group.execute("a", "select steep_repl.add_table('only_a')")?;
        group.write("a", "insert into only_a values (1)")?;
        group.complaint("b", &["only_a"])?;
        group.execute("b", "create table only_a (id int primary key)")?;
        group.execute("b", "select steep_repl.add_table('only_a')")?;
        group.converge()?;
        assert_eq!(group.value("b", "select count(*) from only_a")?, "1");
        group.finish();
        Ok(())
    }

    fn a_subscription_of_no_registered_peer(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        stops_and_recovers(
            &group,
            "select steep_repl.remove_peer('a')",
            &["from_a", "steep_repl.add_peer"],
            &group.add_peer("a"),
        )?;
        group.finish();
        Ok(())
    }

    fn a_subscription_of_an_ordinary_publication_to_a_guarded_table(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        group.execute("a", "create publication other for table t")?;
        let other = group.create_subscription("a", "b").replace("steep_repl with", "other with")
            .replace("from_a", "stranger").replace("to_b", "to_stranger");
        group.execute("b", &other)?;
        group.write("a", "update t set v = 'once' where id = 1")?;
        group.complaint("b", &["stranger", "steep_repl.add_peer"])?;
        for node in group.nodes() {
            node.expect_peer_loss();
        }
        group.execute("b", "drop subscription stranger")?;
        group.converge()?;
        group.finish();
        Ok(())
    }

    fn commit_timestamps_switched_off(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        let (a, b) = (group.node("a"), group.node("b"));
        a.expect_peer_loss();
        let restart = |value: &str| {
            group.forget_session("b");
            b.set_settings(&[("track_commit_timestamp", value)])
                .and_then(|()| b.stop(Stop::Fast))
                .and_then(|()| b.start())
                .map_err(Failure::new)
        };
        restart("off")?;
        group.write("a", "update t set v = 'meanwhile' where id = 1")?;
        group.complaint("b", &["track_commit_timestamp"])?;
        assert_eq!(group.value("b", "select v from t where id = 1")?, "base");
        restart("on")?;
        group.converge()?;
        assert_eq!(group.value("b", "select v from t where id = 1")?, "meanwhile");
        group.finish();
        Ok(())
    }

    fn a_truncation_that_arrives_all_the_same(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        // Somebody published truncations and switched the refusing trigger off.
        group.execute("a", "alter publication steep_repl set \
            (publish = 'insert, update, delete, truncate'); \
            alter table t disable trigger steep_repl_truncate; truncate t; \
            alter table t enable trigger steep_repl_truncate; \
            alter publication steep_repl set (publish = 'insert, update, delete')")?;
        group.execute("a", "insert into t values (7, 'after it')")?;
        // Either it is refused or it is left out; never does it empty the table of b.
        let arrived = steep_testkit::wait::until(steep_ext_tests::PATIENCE, "a word or the row", || {
            let refused = group.node("b").log().iter().any(|entry| {
                steep_ext_tests::is_apply_error(entry) && entry.message.contains("truncat")
            });
            let row = group.look("b", "select count(*) from t")? == "2";
            if refused || row { Ok(()) } else { Err(steep_testkit::wait::Observed::new("neither")) }
        });
        group.node("b").expect_error("truncat");
        arrived.map_err(|error| group.failed(error))?;
        assert_eq!(group.value("b", "select v from t where id = 1")?, "base");
        group.finish();
        Ok(())
    }
}
