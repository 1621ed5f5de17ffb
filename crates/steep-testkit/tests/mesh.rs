//! Native logical replication over links that can be cut.

use std::error::Error;
use std::time::Duration;

use steep_testkit::{Major, Mesh, PgCluster, on_each_major, tables_equal, wait};

type Outcome = Result<(), Box<dyn Error>>;

fn subscribe(mesh: &Mesh, from: &str, to: &str) -> Outcome {
    let conninfo = mesh.conninfo(from, to, "postgres").replace('\'', "''");
    let sql = format!("create subscription {to} connection '{conninfo}' publication p");
    mesh.node(to).execute("postgres", &sql)?;
    Ok(wait::subscription_ready(mesh.node(to), "postgres", to, wait::DEADLINE)?)
}

fn publish(mesh: &Mesh, from: &str) -> Outcome {
    for node in mesh.nodes() {
        node.execute("postgres", "create table t (id int primary key, what text)")?;
    }
    mesh.node(from).execute("postgres", "insert into t values (0, 'copied')")?;
    Ok(mesh.node(from).execute("postgres", "create publication p for table t")?)
}

fn count(cluster: &PgCluster) -> Result<String, Box<dyn Error>> {
    Ok(cluster.value("postgres", "select count(*) from t")?)
}

on_each_major! {
    fn a_cut_link_stops_replication_until_it_heals(major: Major) -> Outcome {
        let mesh = Mesh::builder(major).nodes(2).start()?;
        let (a, b) = (mesh.node("a"), mesh.node("b"));
        publish(&mesh, "a")?;
        subscribe(&mesh, "a", "b")?;
        assert!(mesh.link("a", "b").connections() > 0);
        assert_eq!(mesh.link("b", "a").connections(), 0);
        a.execute("postgres", "insert into t values (1, 'streamed')")?;
        wait::subscription_caught_up(a, "b", wait::DEADLINE)?;
        wait::tables_equal(&[a, b], "postgres", "t", wait::DEADLINE)?;

        mesh.cut("a", "b");
        wait::slot_inactive(a, "b", wait::DEADLINE)?;
        a.execute("postgres", "insert into t values (2, 'held up')")?;
        // The subscriber has tried again since, in vain.
        wait::log_line(b, "could not connect to the publisher", wait::DEADLINE)?;
        assert_eq!(count(b)?, "2");
        let apart = tables_equal(&[a, b], "postgres", "t").err().ok_or("it arrived")?.to_string();
        assert!(apart.contains("only on a: (2,\"held up\")"), "{apart}");
        let late = Duration::from_millis(100);
        let said = wait::tables_equal(&[a, b], "postgres", "t", late).err().ok_or("it arrived")?;
        assert!(said.to_string().contains("only on a: (2,\"held up\")"), "{said}");

        mesh.heal("a", "b");
        wait::row_visible(b, "postgres", "t", "id = 2", wait::DEADLINE)?;
        wait::tables_equal(&[b, a], "postgres", "t", wait::DEADLINE)?;

        // So does a crash of the publisher.
        b.expect_peer_loss();
        a.kill9()?;
        a.start()?;
        a.execute("postgres", "insert into t values (3, 'after a crash')")?;
        wait::tables_equal(&[a, b], "postgres", "t", wait::DEADLINE)?;
        let slot = wait::slot_confirmed(a, "none", a.wal_lsn()?, Duration::ZERO);
        assert!(slot.err().ok_or("a slot")?.to_string().contains("no such slot"));
        mesh.finish();
        Ok(())
    }
}

#[test]
fn an_isolated_node_of_a_mixed_mesh_catches_up() -> Outcome {
    let mesh = Mesh::builder(Major::V18).majors(&Major::ALL).start()?;
    let (a, b, c) = (mesh.node("a"), mesh.node("b"), mesh.node("c"));
    assert_eq!((a.major(), b.major(), c.major()), (Major::V16, Major::V17, Major::V18));
    publish(&mesh, "a")?;
    subscribe(&mesh, "a", "b")?;
    subscribe(&mesh, "a", "c")?;
    mesh.isolate("b");
    wait::slot_inactive(a, "b", wait::DEADLINE)?;
    a.execute("postgres", "insert into t values (1, 'for c alone')")?;
    wait::row_visible(c, "postgres", "t", "id = 1", wait::DEADLINE)?;
    assert_eq!(count(b)?, "1");
    mesh.heal_all();
    wait::tables_equal(&[a, b, c], "postgres", "t", wait::DEADLINE)?;
    Ok(())
}

#[test]
fn a_mesh_without_nodes_is_refused() {
    assert!(Mesh::builder(Major::V18).nodes(0).start().is_err());
}
