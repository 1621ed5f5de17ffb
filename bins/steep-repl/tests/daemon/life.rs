//! Starting, stopping, and what happens to PostgreSQL meanwhile.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::sys::signal::Signal;
use steep_ipc::{Level, NodeState, Request, Response};
use steep_ipc_tokio::Client;
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, PgCluster, Stop, on_each_major};

use super::seen::two_intervals;
use super::support::{Daemon, Outcome, event, runtime};

on_each_major! {
    fn it_starts_tells_its_status_and_stops(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        let mut daemon = Daemon::start(&cluster)?;
        daemon.until("a first look", |status| status.state == NodeState::Uninitialized)?;
        let status = daemon.status()?;
        let version = status.postgres_version.unwrap_or_default();
        assert!(version.starts_with(&major.number().to_string()), "{version}");
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

    fn postgresql_killed_and_back_is_seen_within_two_intervals(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        let daemon = Daemon::start(&cluster)?;
        daemon.until("a first look", |status| status.state == NodeState::Uninitialized)?;
        cluster.kill9()?;
        let began = Instant::now();
        daemon.until("the loss", |status| status.state == NodeState::PostgresAway)?;
        daemon.until_health_is(503)?;
        let metrics = daemon.get("/metrics")?.1;
        let away = began.elapsed();
        assert!(metrics.contains("\nsteep_repl_postgres_up 0\n"), "{metrics}");
        let status = daemon.status()?;
        assert!(status.postgres_version.is_some(), "what was known is still shown");
        assert_eq!(status.health.status, Level::Critical);
        cluster.start()?;
        let began = Instant::now();
        daemon.until("the return", |status| status.state == NodeState::Uninitialized)?;
        daemon.until_health_is(200)?;
        let back = began.elapsed();
        let most = two_intervals();
        assert!(away < most && back < most, "away after {away:?}, back after {back:?}");
        Ok(())
    }
}

#[test]
fn a_daemon_without_postgresql_waits_for_it() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).with_extension().start()?;
    cluster.stop(Stop::Fast)?;
    let daemon = Daemon::start(&cluster)?;
    daemon.until("a failed look", |status| {
        status.health.checks[0].message.contains("no connection")
    })?;
    let refused = daemon.ask(&Request::ConflictShow { id: 1 }).unwrap_err();
    assert!(refused.to_string().contains("no connection"), "{refused}");
    let (_, said) = daemon.told("status")?;
    for line in
        ["extension:  unknown (PostgreSQL is away)", "node:       unknown (PostgreSQL is away)"]
    {
        assert!(said.lines().any(|said| said == line), "no \"{line}\" in:\n{said}");
    }
    let json = daemon.command(&["status", "--json"]).output()?.stdout;
    let json: serde_json::Value = serde_json::from_slice(&json)?;
    assert_eq!(
        (&json["daemon"]["state"], &json["daemon"]["known_at"]),
        (&"postgres_away".into(), &serde_json::Value::Null)
    );
    cluster.start()?;
    daemon.until("PostgreSQL", |status| status.state == NodeState::Uninitialized)?;
    assert!(daemon.status()?.known_at.is_some());
    let (_, said) = daemon.told("status")?;
    assert!(said.contains("node:       in no group"), "{said}");
    Ok(())
}

#[test]
fn a_second_daemon_is_refused_and_names_the_first() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let mut daemon = Daemon::start(&cluster)?;
    let second = daemon.command(&["run"]).output()?;
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(4), "{said}");
    assert!(said.contains(&format!("process {} ", daemon.pid())), "{said}");
    // Killed without a word, it leaves nothing in the way.
    daemon.signal(Signal::SIGKILL)?;
    daemon.ended()?;
    daemon.run()?;
    daemon.status()?;
    Ok(())
}

#[test]
fn a_request_in_flight_is_finished_after_sigterm() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).with_extension().start()?;
    cluster.execute("postgres", "create extension steep_repl")?;
    let mut daemon = Daemon::start(&cluster)?;
    daemon.until("the extension", |status| status.extension_version.is_some())?;
    // Somebody holds the log: whoever asks for a conflict waits.
    let mut holder = cluster.client("postgres");
    holder.batch_execute("begin; lock table steep_repl.conflict_log in access exclusive mode")?;
    std::thread::scope(|scope| -> Outcome {
        let asked = scope.spawn(|| {
            daemon.ask(&Request::ConflictShow { id: 1 }).map_err(|error| error.to_string())
        });
        let waiting = "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock' \
                       and query like '%to_jsonb(c)%' and application_name = 'steep-repl'";
        wait::query_returns(&cluster, "postgres", waiting, "t", wait::DEADLINE)?;
        daemon.signal(Signal::SIGTERM)?;
        daemon.logged("steep-repl stops when")?;
        wait::until(wait::DEADLINE, "nobody new let in", || {
            if TcpStream::connect(daemon.http().map_err(Observed::new)?).is_err() {
                Ok(())
            } else {
                Err(Observed::new("let in"))
            }
        })?;
        holder.batch_execute("commit")?;
        let answer = asked.join().map_err(|_| "a panic")?;
        let refused = answer.err().unwrap_or_default();
        assert!(refused.contains("no conflict 1"), "{refused}");
        Ok(())
    })?;
    assert!(daemon.ended()?.success());
    Ok(())
}

#[test]
fn a_second_signal_ends_it_at_once() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).with_extension().start()?;
    cluster.execute("postgres", "create extension steep_repl")?;
    let mut daemon = Daemon::start(&cluster)?;
    daemon.until("the extension", |status| status.extension_version.is_some())?;
    let mut holder = cluster.client("postgres");
    holder.batch_execute("begin; lock table steep_repl.conflict_log in access exclusive mode")?;
    std::thread::scope(|scope| -> Outcome {
        scope.spawn(|| daemon.ask(&Request::ConflictShow { id: 1 }).is_err());
        let waiting = "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock' \
                       and query like '%to_jsonb(c)%' and application_name = 'steep-repl'";
        wait::query_returns(&cluster, "postgres", waiting, "t", wait::DEADLINE)?;
        daemon.signal(Signal::SIGTERM)?;
        daemon.logged("steep-repl stops when")?;
        daemon.signal(Signal::SIGTERM)?;
        daemon.logged("steep-repl stops at once")?;
        Ok(())
    })?;
    assert_eq!(daemon.ended()?.code(), Some(3));
    Ok(())
}

#[test]
fn a_subscriber_is_told_of_the_loss_and_the_return_of_postgresql() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).with_extension().start()?;
    let mut daemon = Daemon::start(&cluster)?;
    daemon.until("a first look", |status| status.state == NodeState::Uninitialized)?;
    let runtime = runtime()?;
    let mut client = runtime.block_on(async {
        let mut client = Client::connect(&daemon.endpoint(), "test").await?;
        client.send(&Request::Subscribe).await?;
        Ok::<_, Box<dyn std::error::Error>>(client)
    })?;
    let mut next = |wanted: &str| {
        let state = event(&mut client, |event| {
            event.kind == "state_changed" && event.message.contains(wanted)
        });
        let limited = async { tokio::time::timeout(wait::DEADLINE, state).await };
        runtime.block_on(limited)
    };
    cluster.kill9()?;
    next("without its PostgreSQL")??;
    cluster.start()?;
    next("in no group")??;
    // Who only listens does not keep the daemon from stopping.
    daemon.signal(Signal::SIGTERM)?;
    assert!(daemon.ended()?.success());
    Ok(())
}

#[test]
fn garbage_changes_nothing() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let daemon = Daemon::start(&cluster)?;
    let endpoint = daemon.endpoint();
    for garbage in [&b"\0\xff\xfe garbage"[..], b"GET / HTTP/1.1\r\n\r\n", &[b'S'; 70_000]] {
        let mut ipc = UnixStream::connect(endpoint.path())?;
        // The daemon may hang up before all of it is written.
        let _ = ipc.write_all(garbage);
        let mut http = TcpStream::connect(daemon.http()?)?;
        let _ = http.write_all(garbage);
        http.set_read_timeout(Some(wait::DEADLINE))?;
        let mut answer = Vec::new();
        let _ = http.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    for path in ["/", "/health/x", "/../etc/passwd"] {
        assert_eq!(daemon.get(path)?.0, 404, "{path}");
    }
    daemon.status()?;
    assert_eq!(daemon.get("/metrics")?.0, 200);
    Ok(())
}

#[test]
fn clients_that_say_nothing_do_not_keep_others_out_for_long() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let daemon = Daemon::start(&cluster)?;
    let address = daemon.http()?;
    // More than are served at a time.
    let silent: Vec<_> = (0..40).map(|_| TcpStream::connect(address)).collect::<Result<_, _>>()?;
    assert_eq!(daemon.get("/metrics")?.0, 200);
    drop(silent);
    Ok(())
}

#[test]
fn commands_ask_the_running_daemon() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).with_extension().start()?;
    let mut daemon = Daemon::start(&cluster)?;
    daemon.until("a first look", |status| status.state == NodeState::Uninitialized)?;
    let health = daemon.command(&["health"]).output()?;
    assert!(health.status.success());
    let health: steep_ipc::Health = serde_json::from_slice(&health.stdout)?;
    assert_eq!(health.status, Level::Warning);
    let status = daemon.command(&["status"]).output()?;
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.status.success() && said.contains("PostgreSQL: 18."), "{said}");
    assert!(matches!(daemon.ask(&Request::NodeList)?, Response::Nodes(nodes) if nodes.is_empty()));
    daemon.signal(Signal::SIGINT)?;
    assert!(daemon.ended()?.success());
    for command in ["health", "status"] {
        let gone = daemon.command(&[command]).output()?;
        assert_eq!(gone.status.code(), Some(3), "{command}: {gone:?}");
    }
    Ok(())
}

#[test]
fn a_wrong_configuration_is_usage_and_names_the_key() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let daemon = Daemon::of(&cluster, "  watch_out: 1\n")?;
    let refused = daemon.command(&["run"]).output()?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("watch_out") && said.contains("config.yaml"), "{said}");
    Ok(())
}

#[test]
fn no_secret_is_in_the_log_or_in_what_is_explained() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let dsn = cluster.dsn("postgres");
    let password = dsn.split('@').next().and_then(|login| login.rsplit(':').next());
    let password = password.ok_or("no password in the URL")?;
    let daemon = Daemon::start(&cluster)?;
    daemon.until("a first look", |status| status.postgres_version.is_some())?;
    cluster.kill9()?;
    daemon.until("the loss", |status| status.state == NodeState::PostgresAway)?;
    let explained = daemon.command(&["config", "explain"]).output()?;
    let said = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.status.success() && said.contains("replication.postgres.port"), "{said}");
    assert!(!said.contains(password) && !daemon.log().contains(password));
    Ok(())
}
