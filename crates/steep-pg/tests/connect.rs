//! Connections, the pool and the listener, against real servers.

use std::error::Error;
use std::time::{Duration, Instant};

use steep_pg::{Class, Listener, Notice, Pool, Secret, Server, Settings, Tls, TlsMode};
use steep_testkit::{Major, PgCluster, SUPERUSER, on_each_major, wait};

type Outcome = Result<(), Box<dyn Error>>;

fn run<F: Future<Output = Outcome>>(test: F) -> Outcome {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(test)
}

/// The kit's own sessions have a runtime of their own.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// The password is part of the URL that the test kit makes.
fn password(cluster: &PgCluster) -> Secret {
    let dsn = cluster.dsn("postgres");
    let config: tokio_postgres::Config = dsn.parse().expect("the kit makes a URL");
    let password = config.get_password().unwrap_or_default();
    Secret::new(String::from_utf8_lossy(password))
}

fn settings(cluster: &PgCluster) -> Settings {
    let mut settings = Settings::new("127.0.0.1", cluster.port(), "postgres", SUPERUSER);
    settings.secret = Some(password(cluster));
    settings
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(wait::DEADLINE, future).await {
        Ok(result) => result,
        Err(_) => panic!("{what} did not happen within {:?}", wait::DEADLINE),
    }
}

async fn session_setting(client: &tokio_postgres::Client, name: &str) -> String {
    let sql = "select pg_catalog.current_setting($1)";
    client.query_one(sql, &[&name]).await.expect("the setting exists").get(0)
}

on_each_major! {
    fn a_session_is_what_the_contract_says(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).start()?;
        run(async {
            let server = Server::new(settings(&cluster))?;
            let connection = server.connect().await?;
            assert_eq!(session_setting(&connection, "application_name").await, "steep-repl");
            assert_eq!(session_setting(&connection, "search_path").await, "");
            assert_eq!(session_setting(&connection, "statement_timeout").await, "30s");
            assert_eq!(session_setting(&connection, "TimeZone").await, "UTC");
            let patient = server.with_statement_timeout(Duration::ZERO).connect().await?;
            assert_eq!(session_setting(&patient, "statement_timeout").await, "0");
            let facts = steep_pg::server_facts::read(&connection).await?;
            assert_eq!(u32::try_from(facts.version_num / 10000)?, major.number());
            assert!(facts.is_superuser && facts.system_identifier.is_some());
            Ok(())
        })
    }
}

#[test]
fn a_dropped_connection_leaves_the_server() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    run(async {
        let server = Server::new(settings(&cluster))?;
        drop(server.with_application_name("to be dropped").connect().await?);
        let sql = "select count(*) from pg_stat_activity where application_name = 'to be dropped'";
        blocking(|| wait::query_returns(&cluster, "postgres", sql, "0", wait::DEADLINE))?;
        Ok(())
    })
}

#[test]
fn what_one_user_of_the_pool_sets_the_next_does_not_see() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    run(async {
        let pool = Pool::new(&Server::new(settings(&cluster))?, 1)?;
        let first = pool.get().await?;
        first.batch_execute("set work_mem = '7MB'; begin").await?;
        drop(first);
        let second = pool.get().await?;
        assert_ne!(session_setting(&second, "work_mem").await, "7MB");
        assert_eq!(session_setting(&second, "search_path").await, "");
        assert_eq!(session_setting(&second, "statement_timeout").await, "30s");
        assert_eq!(pool.status().open, 1);
        Ok(())
    })
}

#[test]
fn the_pool_recovers_from_a_crash_of_the_server() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    run(async {
        let pool = Pool::new(&Server::new(settings(&cluster))?, 2)?;
        drop(pool.get().await?);
        cluster.kill9()?;
        let away = pool.get().await.unwrap_err();
        assert_eq!(away.class(), Class::Transient, "{away}");
        assert!(away.is_connection_lost());
        cluster.start()?;
        let back = pool.get().await?;
        assert_eq!(session_setting(&back, "search_path").await, "");
        Ok(())
    })
}

#[test]
fn a_full_pool_says_so_in_time() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    run(async {
        let mut settings = settings(&cluster);
        settings.connect_timeout = Duration::from_millis(300);
        let pool = Pool::new(&Server::new(settings)?, 1)?;
        let _held = pool.get().await?;
        let full = pool.get().await.unwrap_err();
        assert!(full.to_string().contains("300ms"), "{full}");
        assert_eq!(full.class(), Class::Transient);
        Ok(())
    })
}

#[test]
fn a_wrong_password_is_the_operator_s_and_is_not_shown() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    cluster.expect_log("password authentication failed");
    run(async {
        let mut settings = settings(&cluster);
        settings.secret = Some(Secret::new("swordfish"));
        let server = Server::new(settings)?;
        let refused = server.connect().await.unwrap_err();
        assert_eq!(refused.class(), Class::Operator);
        assert_eq!(refused.code(), Some("28P01"));
        assert!(!format!("{refused} {refused:?} {server:?}").contains("swordfish"));
        Ok(())
    })
}

#[test]
fn nobody_there_is_transient_or_the_peer_s() -> Outcome {
    run(async {
        // Port 1 is not for PostgreSQL.
        let mut settings = Settings::new("127.0.0.1", 1, "postgres", "postgres");
        let away = Server::new(settings.clone())?.connect().await.unwrap_err();
        assert_eq!(away.class(), Class::Transient);
        assert!(away.to_string().contains("postgres on 127.0.0.1:1"), "{away}");
        settings.peer = Some("paris".to_owned());
        assert_eq!(Server::new(settings)?.connect().await.unwrap_err().class(), Class::Peer);
        Ok(())
    })
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_given_up_in_time() -> Outcome {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    run(async {
        let mut settings =
            Settings::new("127.0.0.1", silent.local_addr()?.port(), "postgres", "postgres");
        settings.connect_timeout = Duration::from_millis(300);
        let began = Instant::now();
        let away = Server::new(settings)?.connect().await.unwrap_err();
        assert!(away.to_string().contains("within 300ms"), "{away}");
        assert!(began.elapsed() < wait::DEADLINE);
        Ok(())
    })
}

#[test]
fn a_socket_folder_that_does_not_exist_is_named() -> Outcome {
    run(async {
        let settings = Settings::new("/nowhere/at/all", 5432, "postgres", "postgres");
        let away = Server::new(settings)?.connect().await.unwrap_err();
        assert!(away.to_string().contains("/nowhere/at/all"), "{away}");
        Ok(())
    })
}

#[test]
fn tls_that_the_server_does_not_have_is_refused_when_required() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).start()?;
    run(async {
        let mut settings = settings(&cluster);
        settings.tls = Tls { mode: TlsMode::Require, ..Tls::default() };
        let refused = Server::new(settings)?.connect().await.unwrap_err();
        assert!(refused.to_string().contains("TLS"), "{refused}");
        Ok(())
    })
}

on_each_major! {
    fn a_listener_hears_and_comes_back_after_a_crash(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).start()?;
        run(async {
            let server = Server::new(settings(&cluster))?;
            let mut listener = Listener::start(&server, &["steep", "odd \"name\""]);
            assert_eq!(within("listening", listener.next()).await, Notice::Listening);
            blocking(|| cluster.execute("postgres", "notify \"odd \"\"name\"\"\", 'hello'"))?;
            let heard = within("a notification", listener.next()).await;
            let expected =
                Notice::Notification { channel: "odd \"name\"".into(), payload: "hello".into() };
            assert_eq!(heard, expected);
            cluster.kill9()?;
            let lost = within("the loss", listener.next()).await;
            assert!(matches!(lost, Notice::Lost(_)), "{lost:?}");
            cluster.start()?;
            loop {
                match within("listening again", listener.next()).await {
                    Notice::Listening => break,
                    Notice::Lost(_) => {}
                    other => panic!("{other:?} before it listens"),
                }
            }
            blocking(|| cluster.execute("postgres", "notify steep, 'again'"))?;
            let heard = within("a notification", listener.next()).await;
            assert!(matches!(heard, Notice::Notification { .. }), "{heard:?}");
            Ok(())
        })
    }
}
