//! The log of a server can fail a test.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use steep_testkit::{Major, PgCluster, Severity, on_each_major, wait};

type Outcome = Result<(), Box<dyn Error>>;

/// What the log check says at the end of the cluster, if it fails.
fn complaint(cluster: PgCluster) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| cluster.finish())).err()?;
    Some(panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

on_each_major! {
    fn an_unexpected_error_fails_the_test(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).name("noisy").start()?;
        assert!(cluster.execute("postgres", "select 1/0").is_err());
        cluster.execute("postgres", "do $$ begin raise warning 'beware' ; end $$")?;
        let said = complaint(cluster).ok_or("it did not fail")?;
        assert!(said.contains("cluster noisy"), "{said}");
        assert!(said.contains("[client backend] ERROR: division by zero"), "{said}");
        assert!(said.contains("STATEMENT:  select 1/0"), "{said}");
        assert!(said.contains("WARNING: beware"), "{said}");
        Ok(())
    }

    fn what_is_expected_does_not(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).start()?;
        assert!(cluster.execute("postgres", "select 1/0").is_err());
        assert!(cluster.execute("postgres", "select * from nowhere").is_err());
        cluster.execute("postgres", "do $$ begin raise warning 'beware' ; end $$")?;
        cluster.expect_error("division by zero");
        cluster.expect_log("relation .nowhere. does not exist");
        let left = cluster.unexpected_log();
        assert_eq!(left.iter().map(|entry| entry.severity).collect::<Vec<_>>(), [Severity::Warning]);
        cluster.expect_log("beware");

        // Nor do the sessions that the kit itself ends.
        let mut session = cluster.client("postgres");
        session.batch_execute("begin; select pg_current_xact_id()")?;
        cluster.restart()?;
        assert!(session.batch_execute("commit").is_err());
        wait::log_line(&cluster, "terminating connection due to administrator", wait::DEADLINE)?;
        let _open_at_the_end = cluster.client("postgres");
        assert_eq!(complaint(cluster), None);
        Ok(())
    }
}

#[test]
fn a_session_ended_by_the_test_is_not_the_kits_doing() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let mut session = cluster.client("postgres");
    let pid: i32 = session.query_one("select pg_backend_pid()", &[])?.get(0);
    cluster.execute("postgres", &format!("select pg_terminate_backend({pid})"))?;
    wait::log_line(&cluster, "terminating connection", wait::DEADLINE)?;
    let said = complaint(cluster).ok_or("it did not fail")?;
    assert!(said.contains("FATAL: terminating connection due to administrator command"), "{said}");
    Ok(())
}
