//! Starting, stopping, and what happens to PostgreSQL meanwhile.

use nix::sys::signal::Signal;
use steep_ipc::{Level, NodeState};
use steep_testkit::{Major, PgCluster, on_each_major};

use super::support::{Daemon, Outcome};

on_each_major! {
    fn it_starts_tells_its_status_and_stops(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        let mut daemon = Daemon::start(&cluster)?;
        daemon.until("a first look", |status| status.state == NodeState::Uninitialized)?;
        let status = daemon.status()?;
        assert!(status.postgres_version.is_some_and(|version| version.starts_with(&major.number().to_string())));
        assert_eq!(status.health.status, Level::Warning);
        daemon.until_health_is(200)?;
        assert_eq!(daemon.get("/ready")?.0, 503);
        let metrics = daemon.get("/metrics")?.1;
        assert!(metrics.contains("\nsteep_repl_postgres_up 1\n"), "{metrics}");
        daemon.signal(Signal::SIGTERM)?;
        assert!(daemon.ended()?.success());
        assert!(daemon.log().contains("steep-repl has stopped"));
        Ok(())
    }
}
