//! The password of the daemon's role is changed while the daemon runs.

use std::fs;

use steep_ipc::{ConflictFilter, Request, Response};
use steep_testkit::{Major, PgCluster, SUPERUSER, on_each_major, wait};

use super::couple::DATABASE;
use super::support::{Daemon, Outcome};

/// Sessions of the daemon, by what they are for.
fn sessions(cluster: &PgCluster, expected: &str) -> Outcome {
    let sql = "select string_agg(distinct application_name, ', ' order by application_name)
               from pg_stat_activity where usename = 'rotated'";
    Ok(wait::query_returns(cluster, DATABASE, sql, expected, wait::DEADLINE)?)
}

on_each_major! {
    fn a_changed_password_is_taken_up_by_every_connection(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        for refusal in ["connection to client lost", "terminating connection", "password authentication failed"] {
            cluster.expect_log(refusal);
        }
        cluster.execute(
            DATABASE,
            "create extension steep_repl; create role rotated superuser login password 'swordfish'",
        )?;
        let mut daemon = Daemon::of(&cluster, "")?;
        let password = daemon.config().with_file_name("password");
        let text = fs::read_to_string(daemon.config())?;
        let own = text.replace(&format!("user: {SUPERUSER}"), "user: rotated");
        fs::write(daemon.config(), own)?;
        fs::write(&password, "swordfish\n")?;
        daemon.run()?;
        let ask = || daemon.ask(&Request::ConflictList(ConflictFilter { limit: 1, ..ConflictFilter::default() }));
        assert!(matches!(ask()?, Response::Conflicts(_)));
        let all = "steep-repl, steep-repl listener, steep-repl watch";
        sessions(&cluster, all)?;

        cluster.execute(DATABASE, "alter role rotated password 'marlinspike'")?;
        fs::write(&password, "marlinspike\n")?;
        cluster.execute(DATABASE, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rotated'")?;
        sessions(&cluster, "steep-repl listener, steep-repl watch")?;
        assert!(matches!(ask()?, Response::Conflicts(_)));
        sessions(&cluster, all)?;
        let log = daemon.log();
        assert!(!log.contains("swordfish") && !log.contains("marlinspike"), "{log}");
        Ok(())
    }
}
