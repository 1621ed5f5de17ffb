//! Grants among nodes: what one knows of the others, and what it does without them.

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE, refusal};
use steep_testkit::{Major, on_each_major, wait};

use super::{row, small, strays, table};

/// What a node knows of a table's ranges and titles.
fn known(group: &Group, node: &str) -> Result<(String, String), Failure> {
    let ranges = group.value(
        node,
        "select string_agg(format('%s %s-%s %s %s %s %s', node_id, range_start, range_end, status, \
        granter, request, turn), E'\\n' order by range_start) from steep_repl.identity_ranges",
    )?;
    let titles = group.value(node, "select string_agg(format('%s %s %s %s %s', halvings, remainder, generation, from_block, owner), \
        E'\\n' order by halvings, remainder, generation) from steep_repl.range_titles")?;
    Ok((ranges, titles))
}

on_each_major! {
    fn cut_off_from_each_other_all_nodes_go_on_for_as_long_as_they_like(major: Major) -> Result<(), Failure> {
        let group = small(major, 3)?;
        table(&group, "t", "id serial primary key, writer text", 300)?;
        group.converge()?;
        group.apart()?;
        for _ in 0..2 {
            for node in group.names() {
                group.execute(node, &format!("insert into t (writer) select '{node}' from generate_series(1, 1500)"))?;
            }
        }
        group.meet();
        group.converge()?;
        for node in group.names() {
            assert_eq!(row(&group, node, "select count(*), count(distinct id) from t")?, "9000 9000", "{node}");
            assert_eq!(strays(&group, node, "t")?, "0", "{node}");
            // In whatever order it came, all know the same.
            assert_eq!(known(&group, node)?, known(&group, "a")?, "{node}");
        }
        group.finish();
        Ok(())
    }

    fn a_range_that_a_peer_has_granted_is_drawn_from(major: Major) -> Result<(), Failure> {
        let group = small(major, 2)?;
        table(&group, "t", "id serial primary key, writer text", 300)?;
        group.converge()?;
        // In contact: b asks the owner of the lowest free id.
        let granter = group.value("b", "select steep_repl.range_granter('public', 't', '{a,b}')")?;
        assert_eq!(granter, "a");
        let request = group.value("b", "select steep_repl.next_range_request('public', 't')")?;
        let ask = format!("select steep_repl.grant_range('public', 't', 'b', {request}, 1000, false)");
        let start = group.value("a", &ask)?;
        assert_eq!(group.value("a", &ask)?, start, "the same request, the same answer");
        group.converge()?;
        assert_eq!(group.value("b", "select steep_repl.take_up_ranges('public', 't')")?, "1");
        group.execute("b", "insert into t (writer) select 'b' from generate_series(1, 900)")?;
        let drawn = format!("select count(*) > 300 from t where id between {start} and {start} + 999");
        assert_eq!(group.value("b", &drawn)?, "t");
        assert_eq!(strays(&group, "b", "t")?, "0");
        group.converge()?;
        assert_eq!(known(&group, "a")?, known(&group, "b")?);
        group.finish();
        Ok(())
    }

    fn a_node_that_joins_is_given_blocks_and_one_that_leaves_hands_over(major: Major) -> Result<(), Failure> {
        let group = small(major, 3)?;
        group.create_table("t", "id serial primary key, writer text", "")?;
        // Two found the table; c comes later.
        for node in ["a", "b"] {
            group.execute(node, "select steep_repl.manage_ranges('t', '{a,b}', 0, 300, 80, 300)")?;
        }
        assert_eq!(group.value("b", "select steep_repl.share_ranges('public', 't', 'c')")?, "2");
        assert_eq!(group.value("b", "select steep_repl.share_ranges('public', 't', 'c')")?, "0", "once is enough");
        group.converge()?;
        // c knows from the others who owns what, and founds nothing.
        group.execute("c", "select steep_repl.manage_ranges('t', null, null, 300, 80, 300)")?;
        group.apart()?;
        for node in group.names() {
            group.execute(node, &format!("insert into t (writer) select '{node}' from generate_series(1, 800)"))?;
        }
        group.meet();
        group.converge()?;
        let titles = group.value("c", "select steep_repl.hand_over_ranges('public', 't', 'a')")?;
        assert_ne!(titles, "0");
        group.converge()?;
        let free = "select (select count(*) from steep_repl.range_titles where owner = 'a') > 1, \
            steep_repl.range_granter('public', 't', '{c}')";
        assert_eq!(group.rows("b", free)?.first().map(|row| row[0].clone()), Some(Some("t".to_owned())));
        group.execute("a", "insert into t (writer) select 'a' from generate_series(1, 800)")?;
        group.converge()?;
        assert_eq!(row(&group, "b", "select count(*), count(distinct id) from t")?, "3200 3200");
        for node in group.names() {
            assert_eq!(strays(&group, node, "t")?, "0", "{node}");
        }
        group.finish();
        Ok(())
    }

    fn what_was_granted_is_kept_when_the_server_dies(major: Major) -> Result<(), Failure> {
        let group = small(major, 2)?;
        table(&group, "t", "id serial primary key, writer text", 300)?;
        for round in 0..6 {
            let session = group.write("a", &format!("insert into t (writer) select 'a' from generate_series(1, {})", 400 + 77 * round))?;
            drop(session);
            group.execute("a", "insert into t (writer) values ('a')")?;
            group.crash("a")?;
            group.execute("a", "insert into t (writer) select 'a' from generate_series(1, 200)")?;
            assert_eq!(strays(&group, "a", "t")?, "0");
        }
        group.converge()?;
        let ids = row(&group, "b", "select count(*) = count(distinct id), count(*) > 3600 from t")?;
        assert_eq!(ids, "t t");
        group.finish();
        Ok(())
    }

    fn blocks_with_two_owners_stop_the_stream_instead_of_spreading(major: Major) -> Result<(), Failure> {
        let group = small(major, 2)?;
        group.create_table("t", "id serial primary key, writer text", "")?;
        group.apart()?;
        // Founded with different members: both own the first block.
        group.execute("a", "select steep_repl.manage_ranges('t', '{a}', 0, 300, 80, 300)")?;
        group.execute("b", "select steep_repl.manage_ranges('t', '{b}', 0, 300, 80, 300)")?;
        for node in group.nodes() {
            node.expect_error("the same blocks of public.t belong to node");
            node.expect_error("overlaps range");
            node.expect_peer_loss();
        }
        group.meet();
        wait::log_line(group.node("a"), "the same blocks of public.t belong to node", PATIENCE).map_err(Failure::new)?;
        assert_eq!(group.value("a", "select string_agg(owner, '') from steep_repl.range_titles")?, "a");
        let cluster = group.node("b");
        let refused = refusal(cluster, DATABASE, "select steep_repl.put_grant('public', 't', \
            '{\"node_id\": \"a\", \"range_start\": 5, \"range_end\": 10, \"granter\": \"a\", \"request\": 0, \"status\": \"active\"}')");
        assert_eq!(refused.code, "23P01");
        assert!(refused.message.contains("from node a to node a, overlaps range 1-300, from node b to node b"), "{refused:?}");
        group.finish();
        Ok(())
    }
}
