//! Rows keep the node that wrote them, whatever becomes of the subscription that brought them.

use steep_ext_tests::{DATABASE, Outcome, cluster_with_extension};
use steep_testkit::{Major, on_each_major};

const PREPARE: &str = "
    select steep_repl.set_node_id('a');
    select steep_repl.register_node('a', 'A', 'h');
    select steep_repl.register_node('b', 'B', 'h');
    select steep_repl.register_node('c', 'C', 'h')";

/// Subscribes without a publisher, which is all that an origin needs.
fn subscribe(name: &str) -> String {
    format!(
        "create subscription {name} connection 'host=127.0.0.1' publication steep_repl with \
         (connect = false, origin = none, streaming = off, two_phase = false)"
    )
}

fn number_of(subscription: &str) -> String {
    format!(
        "select o.roident from pg_replication_origin o \
         join pg_subscription s on o.roname = 'pg_' || s.oid where s.subname = '{subscription}'"
    )
}

on_each_major! {
    fn the_number_of_a_dropped_subscription_is_not_given_away(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.expect_log("subscription was created, but is not connected");
        cluster.execute(DATABASE, PREPARE)?;
        cluster.execute(DATABASE, &subscribe("other"))?;
        cluster.execute(DATABASE, &subscribe("from_b"))?;
        cluster.execute(DATABASE, "select steep_repl.add_peer('b', 'from_b')")?;
        let number = cluster.value(DATABASE, &number_of("from_b"))?;
        let free = cluster.value(DATABASE, &number_of("other"))?;
        assert!(free < number, "a lower number must be free");
        for name in ["from_b", "other"] {
            cluster.execute(DATABASE, &format!("alter subscription {name} set (slot_name = none)"))?;
        }
        cluster.execute(DATABASE, "drop subscription other")?;
        cluster.execute(DATABASE, "drop subscription from_b")?;

        let taken = "select roident || ' ' || split_part(roname, ':', 2) from pg_replication_origin";
        assert_eq!(cluster.value(DATABASE, taken)?, format!("{number} b"));
        cluster.execute(DATABASE, &subscribe("from_c"))?;
        assert_eq!(cluster.value(DATABASE, &number_of("from_c"))?, free);
        cluster.execute(DATABASE, &subscribe("another"))?;
        assert_ne!(cluster.value(DATABASE, &number_of("another"))?, number);
        cluster.finish();
        Ok(())
    }
}
