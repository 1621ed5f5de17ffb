//! Ways to peers that are to be others than they were, and what is found at their ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use steep_ipc::{Check, Level, Request};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, Port, Proxy, on_each_major};

use super::couple::{Couple, DATABASE};
use super::seen::{check, is_well};
use super::support::{Daemon, Outcome};

/// The links are looked after every ten seconds, and a worker has to fail before.
const PATIENCE: Duration = Duration::from_secs(60);

fn joined(major: Major) -> Result<Couple, Box<dyn std::error::Error>> {
    let couple = Couple::start(major, |builder| builder, "")?;
    couple.on("a", "create table t (id int primary key)")?;
    couple.init()?;
    couple.join()?;
    couple.b.until("a healthy pair", is_well)?;
    Ok(couple)
}

fn holds(couple: &Couple, node: &str, sql: &str) -> Outcome {
    Ok(wait::query_returns(couple.cluster(node), DATABASE, sql, "t", PATIENCE)?)
}

/// Waits until the connection of b's subscription has this in it.
fn connects_with(couple: &Couple, part: &str) -> Outcome {
    let part = part.replace('\'', "''");
    let sql = format!("select strpos(subconninfo, '{part}') > 0 from pg_subscription");
    holds(couple, "b", &sql)
}

/// What is written on a arrives on b.
fn arrives(couple: &Couple, id: u32) -> Outcome {
    couple.on("a", &format!("insert into t values ({id})"))?;
    holds(couple, "b", &format!("select count(*) = 1 from t where id = {id}"))
}

fn until_told(
    daemon: &Daemon,
    name: &str,
    text: &str,
) -> Result<Check, Box<dyn std::error::Error>> {
    Ok(wait::until(PATIENCE, format!("{name} with \"{text}\""), || {
        let status = daemon.status().map_err(Observed::new)?;
        let told = check(&status, name).filter(|one| one.message.contains(text)).cloned();
        told.ok_or_else(|| Observed::new(format!("{:?}", status.health.checks)))
    })?)
}

on_each_major! {
    fn a_changed_way_to_a_peer_is_taken_up_if_it_works(major: Major) -> Outcome {
        let mut couple = joined(major)?;
        connects_with(&couple, "sslmode='prefer'")?;
        let repairs = "select count(*) = 1 from steep_repl.audit_log
            where action = 'subscription.repair' and new_value ->> 'connection' = '[\"sslmode\"]'";

        couple.b.restart_with(&|text| text.replace("postgres: {", "postgres: {peer_tls: {mode: disable}, "))?;
        connects_with(&couple, "sslmode='disable'")?;
        holds(&couple, "b", repairs)?;
        couple.b.logged("subscription steep_repl_a connects as the configuration says now: sslmode")?;
        arrives(&couple, 1)?;
        couple.b.until("all well", is_well)?;

        // The other server has no TLS: the link that works stays as it is.
        couple.b.restart_with(&|text| text.replace("mode: disable", "mode: require"))?;
        couple.b.until_check("connection:a", Level::Warning)?;
        couple.b.shows("connection:a", Level::Warning, "(sslmode): this server cannot connect in that way", "mend replication.postgres.peer_tls")?;
        connects_with(&couple, "sslmode='disable'")?;
        arrives(&couple, 2)?;

        // Somebody's own is left to them.
        couple.on("b", "do $$ begin execute (select format('alter subscription steep_repl_a connection %L',
            subconninfo || ' keepalives=1') from pg_subscription); end $$")?;
        until_told(&couple.b, "connection:a", "somebody has written it by hand")?;
        arrives(&couple, 3)?;

        // Only once: what was done is done.
        holds(&couple, "b", repairs)?;
        let secret = couple.cluster("b").value(DATABASE, "select substring(subconninfo from 'password=''([0-9a-f]{64})') from pg_subscription")?;
        assert!(secret.len() == 64 && !couple.b.log().contains(&secret), "the log has the password");
        let audited = format!("select not exists (select from steep_repl.audit_log a where strpos(a::text, '{secret}') > 0)");
        holds(&couple, "b", &audited)?;
        couple.finish();
        Ok(())
    }
}

#[test]
fn a_changed_address_of_a_peer_is_taken_up_if_it_answers() -> Outcome {
    let mut couple = joined(Major::V18)?;
    let there = couple.cluster("a").port();
    let proxy = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, there)))?;
    let nobody = Port::free()?;
    let grpc = couple.address_of_a();
    let grpc = grpc.rsplit(':').next().unwrap_or_default().to_owned();
    let route = |port: u16| {
        format!(
            "nodes: [{{name: a, host: 127.0.0.1, port: {port}, grpc_port: {grpc}}}]\n    this_node: "
        )
    };
    couple.b.restart_with(&|text| text.replace("this_node: ", &route(proxy.port())))?;
    connects_with(&couple, &format!("port='{}'", proxy.port()))?;
    arrives(&couple, 1)?;

    let (before, after) =
        (format!("port: {},", proxy.port()), format!("port: {},", nobody.number()));
    couple.b.restart_with(&|text| text.replace(&before, &after))?;
    couple.b.until_check("connection:a", Level::Warning)?;
    couple.b.shows(
        "connection:a",
        Level::Warning,
        "(port): this server cannot connect",
        "topology.nodes",
    )?;
    connects_with(&couple, &format!("port='{}'", proxy.port()))?;
    arrives(&couple, 2)?;
    couple.finish();
    Ok(())
}

on_each_major! {
    fn a_publication_that_was_dropped_is_told_on_both_sides_with_the_way_out(major: Major) -> Outcome {
        let couple = joined(major)?;
        let fails = major < Major::V18;
        couple.on("a", "drop publication steep_repl")?;
        let gone = until_told(&couple.a, "publication", "publication steep_repl does not exist")?;
        assert_eq!(gone.level, Level::Critical);
        let hint = gone.hint.unwrap_or_default();
        assert!(hint.contains("makes the publication again"), "{hint}");
        assert_eq!(hint.contains("cannot read past"), fails, "{hint}");
        if fails {
            until_told(&couple.b, "subscription:a", "node a publishes nothing")?;
        }
        couple.on("a", "select steep_repl.ensure_publication()")?;
        let lacks = until_told(&couple.a, "publication", "public.t is not published")?;
        assert!(lacks.hint.is_some_and(|hint| hint.contains("table remove public.t")));
        couple.on("a", "alter publication steep_repl add table t")?;
        if fails {
            let blocked = until_told(&couple.a, "publication", "cannot read past that: b")?;
            let hint = blocked.hint.unwrap_or_default();
            let there = until_told(&couple.b, "subscription:a", "this node cannot read past that")?;
            assert!(there.hint.is_some_and(|hint| hint.contains("publication on node a")));
            // As it says.
            couple.b.ask(&Request::SubDisable { peer: "a".into() })?;
            let from = hint.find("select pg_replication_slot_advance").ok_or("no statement")?;
            let statement = hint[from..].split(';').next().ok_or("no end of it")?;
            couple.on("a", statement)?;
            couple.b.ask(&Request::SubEnable { peer: "a".into() })?;
        }
        for daemon in [&couple.a, &couple.b] {
            wait::until(PATIENCE, "all well again", || {
                let status = daemon.status().map_err(Observed::new)?;
                if is_well(&status) { Ok(()) } else { Err(Observed::new(format!("{status:?}"))) }
            })?;
        }
        arrives(&couple, 1)?;
        couple.finish();
        Ok(())
    }
}
