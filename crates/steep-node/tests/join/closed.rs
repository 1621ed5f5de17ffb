//! What the own clients of a joining node may do.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use steep_testkit::postgres::error::SqlState;
use steep_testkit::{Major, on_each_major};

use crate::all_equal;
use crate::group::{DATABASE, Group, Outcome};
use crate::load::SCHEMA;

/// One of each kind; a leaf of a partitioned table can be written to by its own name.
const WRITES: [&str; 6] = [
    "insert into account values (-1, 1, 'early')",
    "insert into leaves_1 values (-1, '2026-02-01', 'early')",
    "update leaves set v = 'early'",
    "delete from history",
    "truncate \"Odd Näme\"",
    "copy account from program 'echo'",
];

/// Each is refused, for what it is.
fn nothing_can_be_written(group: &Group, node: &str) -> Outcome {
    let mut client = group.cluster(node).try_client(DATABASE)?;
    for write in WRITES {
        let refused = client.batch_execute(write).err().ok_or(write)?;
        assert_eq!(
            refused.code(),
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION),
            "{write}: {refused:?}"
        );
    }
    Ok(())
}

on_each_major! {
    fn they_write_once_it_has_joined(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        group.cluster("b").expect_log("");
        let done = Cell::new(None);
        let copying = |cancel: &tokio_util::sync::CancellationToken| {
            done.set(Some(nothing_can_be_written(&group, "b")));
            cancel.cancel();
        };
        assert!(group.join_with("b", "a", 6, Some(&copying)).is_err());
        done.take().ok_or("it did not copy")??;

        // Somebody who reads does not keep it from ending, once they are done.
        let reading = |_: &_| {
            let reads = nothing_can_be_written(&group, "b").and_then(|()| read_for_a_while(&group));
            done.set(Some(reads));
        };
        let plan = group.join_with("b", "a", 9, Some(&reading))?;
        done.take().ok_or("it did not catch up")??;
        assert!(plan.is_some_and(|plan| plan.done));
        let left = "select count(*) from pg_trigger where tgname = 'steep_repl_joining'";
        assert_eq!(group.value("b", left)?, "0");
        group.execute("b", WRITES[0])?;
        group.execute("b", WRITES[1])?;
        all_equal(&group, &["a", "b"])?;
        group.finish();
        Ok(())
    }

    fn what_they_wrote_before_ends_the_attempt(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        let said = "somebody wrote to table public.account";
        group.cluster("a").expect_error(said);
        let mut client = group.cluster("a").try_client(DATABASE)?;
        let close = "select steep_repl.close_tables(array['history', 'account']::regclass[])";
        let refused = client.batch_execute(close).expect_err("it has rows");
        let refused = refused.as_db_error().ok_or("no answer")?.message();
        assert!(refused.contains(said), "{refused}");
        group.execute("a", WRITES[0])?;
        group.finish();
        Ok(())
    }
}

/// Reads a table of node b for a while, in a session of its own.
fn read_for_a_while(group: &Group) -> Outcome {
    let mut client = group.cluster("b").try_client(DATABASE)?;
    client.batch_execute("begin; select count(*) from account")?;
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(3));
        client.batch_execute("commit")
    });
    Ok(())
}
