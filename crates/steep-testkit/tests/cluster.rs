//! The life of one cluster.

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use steep_testkit::{ClusterError, Major, PgCluster, PortError, Stop, on_each_major, wait};

type Outcome = Result<(), Box<dyn Error>>;

fn folders_of(name: &str) -> usize {
    let entries = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten();
    let prefix = format!("steep-{name}-");
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .count()
}

on_each_major! {
    fn committed_rows_survive_kill_9(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).start()?;
        cluster.execute("postgres", "create table t (id int primary key)")?;
        cluster.execute("postgres", "insert into t select generate_series(1, 1000)")?;
        // A session in the middle of its work dies with the rest.
        let mut busy = cluster.client("postgres");
        busy.batch_execute("begin; insert into t values (0)")?;
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

    fn two_clusters_start_at_once(major: Major) -> Outcome {
        let start = |name: &str| PgCluster::builder(major).name(name).start();
        let (first, second) = thread::scope(|scope| {
            let first = scope.spawn(|| start("first"));
            (first.join(), start("second"))
        });
        let (first, second) = (first.map_err(|_| "a panic")??, second?);
        assert_ne!(first.port(), second.port());
        assert_ne!(first.data_dir(), second.data_dir());
        let version = format!("{major}%");
        for cluster in [&first, &second] {
            let sql = format!("select current_setting('server_version') like '{version}'");
            assert_eq!(cluster.value("postgres", &sql)?, "t");
        }
        PgCluster::finish_all(vec![first, second]);
        Ok(())
    }
}

#[test]
fn settings_hold_from_the_start_after_a_reload_and_after_a_restart() -> Outcome {
    let builder = PgCluster::builder(Major::V18).setting("work_mem", "3MB");
    let cluster = builder.setting("cluster_name", r"it's \ here").start()?;
    let port = cluster.port();
    assert_eq!(cluster.value("postgres", "show work_mem")?, "3MB");
    assert_eq!(cluster.value("postgres", "show cluster_name")?, r"it's \ here");
    cluster.set_settings(&[("work_mem", "5MB"), ("max_connections", "33")])?;
    cluster.reload()?;
    wait::query_returns(&cluster, "postgres", "show work_mem", "5MB", wait::DEADLINE)?;
    assert_eq!(cluster.value("postgres", "show max_connections")?, "60");
    cluster.restart()?;
    assert_eq!(cluster.value("postgres", "show max_connections")?, "33");
    assert_eq!(cluster.port(), port);
    Ok(())
}

#[test]
fn every_way_in_leads_to_the_same_database() -> Outcome {
    let cluster = PgCluster::builder(Major::V17).start()?;
    let database = r#"an "odd" it's \ name"#;
    cluster.create_database(database)?;
    let sql = "select current_database()";
    assert_eq!(cluster.value(database, sql)?, database);
    assert_eq!(cluster.psql(database, sql)?.trim_end(), database);
    for way in [cluster.dsn(database), cluster.conninfo(database)] {
        let mut client = postgres::Client::connect(&way, postgres::NoTls)?;
        let found: String = client.query_one(sql, &[])?.get(0);
        assert_eq!(found, database);
    }
    Ok(())
}

#[test]
fn psql_tells_what_went_wrong() -> Outcome {
    let cluster = PgCluster::builder(Major::V16).start()?;
    cluster.expect_error("division by zero");
    let failed = cluster.psql("postgres", "select 1/0;\nselect 'never';").err();
    let said = failed.ok_or("psql did not fail")?.to_string();
    assert!(said.contains("division by zero") && !said.contains("never"), "{said}");
    Ok(())
}

#[test]
fn the_password_is_not_shown() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let conninfo = cluster.conninfo("postgres");
    let password = conninfo.split("password=").nth(1).and_then(|rest| rest.split(' ').next());
    let password = password.ok_or("no password")?;
    assert_eq!(password.len(), 32);
    assert!(!format!("{cluster:?}").contains(password));
    let wrong = conninfo.replace(password, "guess");
    cluster.expect_log("password authentication failed");
    assert!(postgres::Client::connect(&wrong, postgres::NoTls).is_err());
    Ok(())
}

#[test]
fn a_busy_port_is_named() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    let port = cluster.port();
    let taken = PgCluster::builder(Major::V18).port(port).start();
    let said = taken.err().ok_or("two servers on one port")?.to_string();
    assert!(said.contains(&port.to_string()) && said.contains("choose another"), "{said}");

    // Between a stop and a start another program may take it.
    cluster.stop(Stop::Fast)?;
    let thief = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let failed = cluster.start().err().ok_or("the port was not free")?;
    let is_named = |error: &ClusterError| {
        matches!(error, ClusterError::Port { source: PortError::Busy { port: named }, .. }
            if *named == port)
    };
    assert!(is_named(&failed), "{failed}");
    drop(thief);
    cluster.start()?;
    Ok(())
}

#[test]
fn a_failed_start_shows_the_log_and_leaves_no_folder() -> Outcome {
    let builder = PgCluster::builder(Major::V18).name("doomed");
    let failed = builder.setting("shared_preload_libraries", "no_such_library").start();
    let said = failed.err().ok_or("it started")?.to_string();
    assert!(said.contains("cluster doomed") && said.contains("no_such_library"), "{said}");
    assert_eq!(folders_of("doomed"), 0);
    Ok(())
}

#[test]
fn a_missing_extension_names_the_command_that_helps() -> Outcome {
    // Only a server list without the extension can show it.
    let list = steep_testkit::Servers::load()?;
    if list.get(Major::V18)?.extension {
        return Ok(());
    }
    let failed = PgCluster::builder(Major::V18).with_extension().start();
    let said = failed.err().ok_or("it started")?.to_string();
    assert!(said.contains("cargo xtask ext"), "{said}");
    Ok(())
}

#[test]
fn what_is_finished_leaves_no_folder() -> Outcome {
    let cluster = PgCluster::builder(Major::V16).name("brief").start()?;
    assert_eq!(folders_of("brief"), 1);
    cluster.finish();
    assert_eq!(folders_of("brief"), 0);
    let crashed = PgCluster::builder(Major::V16).name("brief").start()?;
    crashed.kill9()?;
    crashed.finish();
    assert_eq!(folders_of("brief"), 0);
    Ok(())
}

#[test]
fn the_servers_programs_run_against_the_cluster() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    cluster.create_database("other")?;
    let script = cluster.put_file("deep/er/script.sql", "select current_database(), :'word';\n")?;
    let script = script.display().to_string();
    let arguments = ["-X", "-A", "-t", "-v", "word=it's", "-f", &script];
    assert_eq!(cluster.run_program("bin/psql", "other", &arguments)?, "other|it's\n");

    // What a program writes is in the folder, and goes with it.
    cluster.run_program("bin/pg_dump", "other", &["--file", "other.sql"])?;
    let folder = script.trim_end_matches("deep/er/script.sql").to_owned();
    assert!(std::fs::read_to_string(format!("{folder}other.sql"))?.contains("database dump"));

    let failed = cluster.run_program("bin/pg_dump", "absent", &["--file", "absent.sql"]);
    let failed = failed.expect_err("no such database").to_string();
    assert!(failed.contains("bin/pg_dump") && failed.contains("\"absent\""), "{failed}");
    cluster.expect_log("database \"absent\" does not exist");
    cluster.finish();
    assert!(!std::path::Path::new(&folder).exists());
    Ok(())
}
