//! Nodes, subscriptions, slots, heartbeats, the extension.

use steep_pg::{extension, heartbeats, nodes, slots, subscriptions};
use steep_testkit::{Major, PgCluster, on_each_major, wait};

use super::pair::{Outcome, Pair, blocking, run, settings};

on_each_major! {
    fn a_pair_is_described(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        run(async {
            let a = pair.connect("a").await?;
            let here = nodes::local(&a).await?.ok_or("no identity")?;
            assert_eq!((here.node_id.as_str(), here.mismatch), ("a", None));
            let all = nodes::list(&a).await?;
            assert_eq!(all.iter().map(|node| node.node_name.as_str()).collect::<Vec<_>>(), ["node a", "node b"]);
            assert_eq!(all[1].postgres(), format!("127.0.0.1:{}", pair.mesh.node("b").port()));

            let there = extension::read(&a).await?;
            assert!(there.is_preloaded && there.installed.is_some());
            assert_eq!(there.installed, there.available);
            assert_eq!(extension::check_setup(&a).await?, []);

            let subscriptions = subscriptions::list(&a).await?;
            assert_eq!(subscriptions.len(), 1);
            assert_eq!((subscriptions[0].peer.as_str(), subscriptions[0].name.as_str()), ("b", "steep_repl_b"));
            let found = subscriptions[0].found.clone().ok_or("not in the catalog")?;
            assert!(found.is_enabled && found.worker.is_some());
            assert!(found.wrong_options.is_empty());
            assert_eq!(found.apply_errors, 0);
            assert_eq!(found.slot.as_deref(), Some("steep_repl_a"));
            assert_eq!(found.native_conflicts.is_empty(), major < Major::V18);

            let slots = slots::list(&a).await?;
            assert_eq!(slots.len(), 1);
            assert_eq!(slots[0].name, "steep_repl_b");
            assert!(slots[0].is_active && slots[0].wal_status == "reserved");
            Ok(())
        })?;
        pair.mesh.finish();
        Ok(())
    }

    fn a_disabled_subscription_shows_and_its_slot_keeps_wal(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        run(async {
            let (a, b) = (pair.connect("a").await?, pair.connect("b").await?);
            assert!(subscriptions::set_enabled(&b, "a", false).await?);
            assert!(!subscriptions::set_enabled(&b, "nobody", false).await?);
            let found = subscriptions::list(&b).await?.remove(0).found.ok_or("gone")?;
            assert!(!found.is_enabled);
            let sql = "select not active from pg_replication_slots";
            blocking(|| wait::query_returns(pair.mesh.node("a"), "postgres", sql, "t", wait::DEADLINE))?;
            let before = slots::list(&a).await?.remove(0);
            pair.on("a", "insert into t select n, repeat('x', 1000) from generate_series(1, 1000) n")?;
            let after = slots::list(&a).await?.remove(0);
            assert!(!after.is_active);
            assert!(after.lag_bytes > before.lag_bytes + 1_000_000, "{before:?} {after:?}");
            assert!(after.retained_bytes >= after.lag_bytes);

            // As somebody who does not know what the guard needs might leave it.
            pair.on("b", "alter subscription steep_repl_a set (streaming = on, disable_on_error = true)")?;
            let wrong = subscriptions::list(&b).await?.remove(0).found.ok_or("gone")?.wrong_options;
            assert_eq!(wrong, ["streaming = off", "disable_on_error = false"]);
            subscriptions::set_options(&b, "steep_repl_a", &wrong).await?;
            let right = subscriptions::list(&b).await?.remove(0).found.ok_or("gone")?.wrong_options;
            assert!(right.is_empty());
            Ok(())
        })?;
        pair.mesh.finish();
        Ok(())
    }

    fn heartbeats_of_both_nodes_arrive_and_are_echoed(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        run(async {
            let sql = "select exists (select from steep_repl.heartbeats where node_id = 'b' and seen ? 'a')";
            blocking(|| wait::query_returns(pair.mesh.node("a"), "postgres", sql, "t", wait::DEADLINE))?;
            let a = pair.connect("a").await?;
            let beats = heartbeats::list(&a).await?;
            assert_eq!(beats.iter().map(|beat| beat.node_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
            let b = &beats[1];
            assert!(b.age_seconds < 30.0 && b.echo_age_seconds.is_some_and(|age| age < 30.0), "{b:?}");
            Ok(())
        })?;
        pair.mesh.finish();
        Ok(())
    }

    fn an_apply_error_is_counted_and_found_in_the_server_s_log(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        let b = pair.mesh.node("b");
        b.expect_log("no such thing here");
        b.expect_log("background worker");
        // The kit reads the log elsewhere; the server's own collector is what an operator has.
        b.set_settings(&[("logging_collector", "on"), ("log_directory", "log")])?;
        pair.mesh.node("a").expect_peer_loss();
        b.restart()?;
        wait::subscription_ready(b, "postgres", "steep_repl_a", wait::DEADLINE)?;
        run(async {
            pair.on("b", "create function refuse() returns trigger language plpgsql as $$ begin raise 'no such thing here'; end $$")?;
            pair.on("b", "create trigger refuse before insert on t for each row execute function refuse()")?;
            pair.on("b", "alter table t enable always trigger refuse")?;
            pair.on("a", "insert into t values (7, 'seven')")?;
            let sql = "select apply_error_count > 0 from pg_stat_subscription_stats";
            blocking(|| wait::query_returns(b, "postgres", sql, "t", wait::DEADLINE))?;
            let client = pair.connect("b").await?;
            let found = subscriptions::list(&client).await?.remove(0).found.ok_or("gone")?;
            assert!(found.apply_errors > 0);
            let error = subscriptions::last_error_in_log(&client, found.oid).await?;
            let error = error.ok_or("no error in the log")?;
            assert_eq!(error.text, "no such thing here");
            assert!(error.place.0.contains("log") && error.place.1 > 0, "{error:?}");
            assert_eq!(subscriptions::last_error_in_log(&client, 1).await?, None);
            pair.on("b", "drop trigger refuse on t")
        })?;
        pair.mesh.finish();
        Ok(())
    }

    fn a_server_without_the_extension_is_described(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).start()?;
        run(async {
            let client = steep_pg::Server::new(settings(&cluster))?.connect().await?;
            let there = extension::read(&client).await?;
            assert!(!there.is_preloaded && there.installed.is_none() && there.available.is_some());
            assert!(extension::check_setup(&client).await.is_err());
            cluster.expect_log("does not exist");
            Ok(())
        })
    }
}
