//! Circumstances under which apply workers stop, until they are put right.

use steep_ext_tests::{Failure, Group, PATIENCE};
use steep_testkit::wait::{self, Observed};
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

/// Breaks node `b`, checks that it says so with these words and applies nothing of what provokes
/// it, mends it, and checks that nothing is lost.
fn stops_and_recovers(
    group: &Group,
    breaking: &str,
    provoke: impl FnOnce() -> Result<(), Failure>,
    words: &[&str],
    mending: &str,
) -> Result<(), Failure> {
    let before = group.value("b", ROWS_OF_A)?;
    // A heartbeat may provoke it before `provoke` does.
    if let Some(word) = words.first() {
        group.expect_complaint("b", word);
    }
    group.execute("b", breaking)?;
    provoke()?;
    let said = group.complaint("b", words)?;
    assert_eq!(said.sqlstate, "55000", "{said}");
    // It fails again, and not once has it let something through.
    wait::until(PATIENCE, "another failure", || {
        let again = group.complaint("b", words).map_err(Observed::new)?;
        if again.pid == said.pid { Err(Observed::new("the same")) } else { Ok(()) }
    })
    .map_err(|error| group.failed(error))?;
    assert_eq!(group.value("b", ROWS_OF_A)?, before);
    group.execute("b", mending)?;
    group.converge()?;
    assert_ne!(group.value("b", ROWS_OF_A)?, before);
    Ok(())
}

const ROWS_OF_A: &str = "select count(*) || ' ' || count(*) filter (where v = 'changed') from t \
    where v <> 'of b'";

/// A small change of a row, and a small new one.
fn write_on_a(group: &Group, id: i32) -> Result<(), Failure> {
    group.write("a", "update t set v = 'changed' where id = 1")?;
    group.write("a", &format!("insert into t values ({id}, 'new')")).map(drop)
}

on_each_major! {
    fn a_subscription_that_streams_transactions_in_progress(major: Major) -> Result<(), Failure> {
        let builder = Group::builder(major, 2).setting("logical_decoding_work_mem", "64kB");
        let group = builder.start()?;
        group.create_table("t", COLUMNS, "")?;
        group.execute("a", "insert into t values (1, 'base')")?;
        group.settle()?;
        // What is small arrives whole whatever the subscription says; this does not.
        let large = |round: i32| group.write("a", &format!(
            "insert into t select {round} * 10000 + i, repeat('x', 100) from generate_series(1, 3000) i"
        ));
        for (round, value) in [(1, "on"), (2, "parallel")] {
            stops_and_recovers(
                &group,
                &format!("alter subscription from_a set (streaming = {value})"),
                || large(round).map(drop),
                &["from_a", "streaming = off", "alter subscription"],
                "alter subscription from_a set (streaming = off)",
            )?;
        }
        group.logged("t", &[])?;
        group.finish();
        Ok(())
    }

    fn a_subscription_that_takes_other_origins(major: Major) -> Result<(), Failure> {
        let group = group_with_table(major)?;
        stops_and_recovers(
            &group,
            "alter subscription from_a set (origin = any)",
            || {
                // It comes back to where it was written.
                group.write("b", "insert into t values (2, 'of b')")?;
                group.delivered("b", "a")?;
                write_on_a(&group, 3)
            },
            &["from_a", "origin = none", "alter subscription"],
            "alter subscription from_a set (origin = none)",
        )?;
        group.finish();
        Ok(())
    }

    fn a_subscription_of_prepared_transactions(major: Major) -> Result<(), Failure> {
        let group = Group::builder(major, 2).setting("max_prepared_transactions", 5).start()?;
        group.create_table("t", COLUMNS, "")?;
        group.execute("a", "insert into t values (1, 'base')")?;
        group.settle()?;
        let recreate = |two_phase: bool| {
            let create = group.create_subscription("a", "b");
            create.replace("two_phase = false", &format!("two_phase = {two_phase}"))
        };
        for node in group.nodes() {
            node.expect_peer_loss();
            node.expect_log("terminating logical replication (apply )?worker due to administrator command");
        }
        // Only 18 can alter it. The new subscription misses nothing: nothing is written meanwhile.
        group.execute("b", "drop subscription from_a")?;
        group.execute("b", &recreate(true))?;
        // What is not prepared arrives whole whatever the subscription says.
        group.write("a", "insert into t values (4, 'x')")?;
        group.converge()?;
        group.execute("a", "begin; insert into t values (2, 'x'); prepare transaction 'p'")?;
        group.complaint("b", &["from_a", "two_phase = false"])?;
        group.execute("a", "commit prepared 'p'")?;
        assert_eq!(count(&group, "b")?, "2");
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
            || write_on_a(&group, 2),
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
            node.expect_log("terminating logical replication (apply )?worker due to administrator command");
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
        group.write("a", "insert into t values (2, 'meanwhile')")?;
        group.complaint("b", &["track_commit_timestamp"])?;
        assert_eq!(count(&group, "b")?, "1");
        restart("on")?;
        group.converge()?;
        assert_eq!(count(&group, "b")?, "2");

        // The version of the older row is lost on b. A write that was made before b kept versions
        // again cannot be ordered, and is left to a person; a later one can.
        group.disregard_table("t");
        group.settle()?;
        group.execute("a", "insert into t values (3, 'base'), (4, 'base')")?;
        group.settle()?;
        group.apart()?;
        group.write("a", "update t set v = 'unordered' where id = 3")?;
        group.write("b", "update t set v = 'of b' where id = 3")?;
        restart("off")?;
        restart("on")?;
        // From this heartbeat on b knows since when it keeps versions.
        group.execute("b", "select steep_repl.beat()")?;
        group.write("a", "update t set v = 'later' where id = 4")?;
        group.meet();
        group.quiet_within(PATIENCE)?;
        let v = |id: i32| group.value("b", &format!("select v from t where id = {id}"));
        assert_eq!((v(3)?.as_str(), v(4)?.as_str()), ("of b", "later"));
        let log = group.conflicts("b", "row_key = '{\"id\": 3}'")?;
        assert_eq!(log.len(), 1, "{log:#?}");
        assert_eq!(log[0].resolution, "PENDING", "{log:#?}");
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
        let arrived = wait::until(PATIENCE, "a word or the row", || {
            let refused = group.node("b").log().iter().any(|entry| {
                steep_ext_tests::is_apply_error(entry) && entry.message.contains("truncat")
            });
            let row = group.look("b", "select count(*) from t")? == "2";
            if refused || row { Ok(()) } else { Err(Observed::new("neither")) }
        });
        group.node("b").expect_error("truncat");
        arrived.map_err(|error| group.failed(error))?;
        assert_eq!(group.value("b", "select v from t where id = 1")?, "base");
        group.finish();
        Ok(())
    }
}
