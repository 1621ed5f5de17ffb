//! The life of one cluster.

use std::thread;

use steep_testkit::{ClusterError, Major, PgCluster, PortError, Stop, on_each_major};

on_each_major! {
    fn committed_rows_survive_kill_9(major: Major) -> Result<(), ClusterError> {
        let cluster = PgCluster::builder(major).start()?;
        cluster.execute("postgres", "create table t (id int primary key)")?;
        cluster.execute("postgres", "insert into t select generate_series(1, 1000)")?;
        // A session in the middle of its work dies with the rest.
        let mut busy = cluster.client("postgres");
        busy.batch_execute("begin; insert into t values (0)").unwrap();
        cluster.kill9()?;
        assert!(busy.batch_execute("commit").is_err());
        assert!(cluster.pid().is_none());
        cluster.start()?;
        assert_eq!(cluster.value("postgres", "select count(*) from t")?, "1000");
        let recovered = |line: &str| cluster.log().iter().any(|entry| entry.message.contains(line));
        assert!(recovered("automatic recovery in progress"));
        cluster.finish();
        Ok(())
    }
}
