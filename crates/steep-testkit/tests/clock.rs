//! A cluster may have a clock of its own.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use steep_testkit::{Clock, ClusterError, Major, Mesh, PgCluster, on_each_major, wait};

type Outcome = Result<(), Box<dyn Error>>;

const NOW: &str = "select extract(epoch from clock_timestamp())";

fn machine_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Whether what `sql` gives, in seconds, is the machine's time moved by `offset`.
fn is_moved(cluster: &PgCluster, sql: &str, offset: f64) -> Result<(), Box<dyn Error>> {
    // PostgreSQL rounds to microseconds.
    let before = machine_seconds() + offset - 2e-6;
    let seconds: f64 = cluster.value("postgres", sql)?.parse()?;
    let after = machine_seconds() + offset + 2e-6;
    assert!((before..=after).contains(&seconds), "{seconds} is not in {before}..={after}");
    Ok(())
}

fn insert(cluster: &PgCluster, id: i32) -> Result<String, ClusterError> {
    cluster.execute("postgres", &format!("insert into t values ({id})"))?;
    let sql = format!("select pg_xact_commit_timestamp(xmin) from t where id = {id}");
    cluster.value("postgres", &sql)
}

on_each_major! {
    fn the_clock_of_a_running_cluster_moves(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).clock(Clock::Offset(3600.5)).start()?;
        is_moved(&cluster, NOW, 3600.5)?;
        cluster.execute("postgres", "create table t (id int)")?;
        let mut session = cluster.client("postgres");
        cluster.set_clock(Clock::Offset(-86_400.0))?;
        is_moved(&cluster, NOW, -86_400.0)?;
        let before = machine_seconds() - 86_400.0;
        session.batch_execute("insert into t values (1)")?;
        let sql = "select extract(epoch from pg_xact_commit_timestamp(xmin)) from t";
        let committed: f64 = cluster.value("postgres", sql)?.parse()?;
        assert!((before - 2e-6..before + 3600.0).contains(&committed), "{committed} {before}");

        // Timeouts go on.
        cluster.expect_error("statement timeout");
        let slow = session.batch_execute("set statement_timeout = '50ms'; select pg_sleep(600)");
        assert!(slow.is_err());
        cluster.set_clock(Clock::Offset(0.0))?;
        is_moved(&cluster, NOW, 0.0)
    }

    fn a_frozen_clock_gives_equal_commit_timestamps(major: Major) -> Outcome {
        let at = UNIX_EPOCH + Duration::from_micros(1_900_000_000_123_456);
        let cluster = PgCluster::builder(major).clock(Clock::Frozen(at)).start()?;
        cluster.execute("postgres", "create table t (id int)")?;
        let first = insert(&cluster, 1)?;
        assert_eq!(first, "2030-03-17 17:46:40.123456+00");
        assert_eq!(insert(&cluster, 2)?, first);
        cluster.checkpoint()?;
        cluster.set_clock(Clock::Offset(0.0))?;
        assert_ne!(insert(&cluster, 3)?, first);
        assert_ne!(insert(&cluster, 4)?, insert(&cluster, 5)?);
        is_moved(&cluster, NOW, 0.0)?;
        // A server whose clock stands still can be stopped, and started again.
        cluster.set_clock(Clock::Frozen(at))?;
        cluster.restart()?;
        assert_eq!(insert(&cluster, 6)?, first);
        Ok(())
    }
}

#[test]
fn replication_goes_on_under_a_frozen_clock() -> Outcome {
    let mesh = Mesh::builder(Major::V18).nodes(2).clock(Clock::Offset(0.0)).start()?;
    let (a, b) = (mesh.node("a"), mesh.node("b"));
    for node in [a, b] {
        node.execute("postgres", "create table t (id int primary key)")?;
    }
    a.execute("postgres", "create publication p for table t")?;
    let conninfo = mesh.conninfo("a", "b", "postgres").replace('\'', "''");
    let sql = format!("create subscription s connection '{conninfo}' publication p");
    b.execute("postgres", &sql)?;
    wait::subscription_ready(b, "postgres", "s", wait::DEADLINE)?;
    // A leap ahead would make the walsender's timeout come.
    let at = SystemTime::now();
    a.set_clock(Clock::Frozen(at))?;
    b.set_clock(Clock::Frozen(at))?;
    a.execute("postgres", "insert into t values (1)")?;
    wait::row_visible(b, "postgres", "t", "id = 1", wait::DEADLINE)?;
    Ok(())
}

#[test]
fn a_cluster_without_a_clock_of_its_own_says_what_it_needs() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let said = cluster.set_clock(Clock::Offset(1.0)).err().ok_or("it moved")?.to_string();
    assert!(said.contains(".clock(Clock::Offset(0.0))"), "{said}");
    Ok(())
}
