//! A node knows who it is, and a copy of it does not pass for it.

use std::path::Path;
use std::process::Command;

use steep_ext_tests::{DATABASE, Outcome, cluster_with_extension, refusal};
use steep_testkit::{Major, Stop, on_each_major};

/// Copies the data directory as a backup tool does, with everything a tool can carry over, and
/// puts the copy in the original's place.
fn replace_by_copy(data_dir: &Path) -> std::io::Result<()> {
    let original = data_dir.with_extension("original");
    std::fs::rename(data_dir, &original)?;
    let copied = Command::new("cp").arg("-a").arg(&original).arg(data_dir).status()?;
    assert!(copied.success());
    Ok(())
}

on_each_major! {
    fn identity_is_set_once(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        let is_null = cluster.value(DATABASE, "select steep_repl.node_id() is null")?;
        assert_eq!(is_null, "t");
        assert_eq!(cluster.value(DATABASE, "select steep_repl.set_node_id('node_a')")?, "node_a");
        let again = refusal(&cluster, DATABASE, "select steep_repl.set_node_id('node_b')");
        assert_eq!(again.message, "this node already has the id \"node_a\"");
        assert!(again.hint.contains("reidentify_node"), "{again:?}");
        let rightful = refusal(&cluster, DATABASE, "select steep_repl.reidentify_node('b', 'why')");
        assert_eq!(rightful.message, "this database is the rightful node \"node_a\"");
        cluster.restart()?;
        assert_eq!(cluster.value(DATABASE, "select steep_repl.node_id()")?, "node_a");
        cluster.finish();
        Ok(())
    }

    fn a_moved_data_directory_is_the_same_node_and_a_copied_one_is_not(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.execute(DATABASE, "select steep_repl.set_node_id('a')")?;
        cluster.stop(Stop::Fast)?;
        let elsewhere = cluster.data_dir().with_extension("elsewhere");
        std::fs::rename(cluster.data_dir(), &elsewhere)?;
        std::fs::rename(&elsewhere, cluster.data_dir())?;
        cluster.start()?;
        assert_eq!(cluster.value(DATABASE, "select steep_repl.node_id()")?, "a");

        cluster.stop(Stop::Fast)?;
        replace_by_copy(&cluster.data_dir())?;
        cluster.start()?;
        let copy = refusal(&cluster, DATABASE, "select steep_repl.node_id()");
        assert_eq!(copy.code, "55000");
        assert_eq!(copy.message, "this database is a restored or cloned copy of node \"a\"");
        assert!(copy.detail.contains("data directory is a copy"), "{copy:?}");
        let setup = "select setting from steep_repl.check_setup()";
        assert_eq!(cluster.value(DATABASE, setup)?, "node identity");

        let silent = refusal(&cluster, DATABASE, "select steep_repl.reidentify_node('b', ' ')");
        assert_eq!(silent.message, "no reason given for a new node identity");
        cluster.execute(DATABASE, "select steep_repl.reidentify_node('b', 'clone for tests')")?;
        assert_eq!(cluster.value(DATABASE, "select steep_repl.node_id()")?, "b");
        let audit = "select old_value->>'node_id' || '>' || (new_value->>'node_id') || ': ' \
            || (new_value->>'reason') from steep_repl.audit_log where action = 'node.reidentify'";
        assert_eq!(cluster.value(DATABASE, audit)?, "a>b: clone for tests");
        cluster.finish();
        Ok(())
    }

    fn a_database_made_from_a_template_is_not_the_node(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.create_database("original")?;
        cluster.execute("original", "create extension steep_repl")?;
        cluster.execute("original", "select steep_repl.set_node_id('a')")?;
        cluster.execute(DATABASE, "create database cloned template original")?;
        let copy = refusal(&cluster, "cloned", "select steep_repl.node_id()");
        assert!(copy.detail.contains("database with oid"), "{copy:?}");
        cluster.execute(DATABASE, "alter database original rename to \"Ein anderer \"\"Name\"\"\"")?;
        assert_eq!(cluster.value("Ein anderer \"Name\"", "select steep_repl.node_id()")?, "a");
        cluster.finish();
        Ok(())
    }

    fn wrong_names_are_refused_with_the_reason(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        let long = "x".repeat(64);
        let longest = "y".repeat(63);
        for (id, message) in [
            ("", "node id is empty".to_owned()),
            (long.as_str(), "node id \"xxxxxxxxxxxxxxxxxxxx…\" is too long: 64 characters".to_owned()),
            ("a b", "node id \"a b\" is not valid".to_owned()),
            ("é", "node id \"é\" is not valid".to_owned()),
            ("a\n", "node id \"a\n\" is not valid".to_owned()),
            ("-a", "node id \"-a\" is not valid".to_owned()),
        ] {
            for call in ["set_node_id($1)", "register_node($1, 'name', 'host')"] {
                let call = call.replace("$1", &format!("'{id}'"));
                let wrong = refusal(&cluster, DATABASE, &format!("select steep_repl.{call}"));
                assert_eq!((wrong.code.as_str(), &wrong.message), ("22023", &message));
                assert!(wrong.hint.contains("1 to 63 characters"), "{wrong:?}");
            }
        }
        let null = refusal(&cluster, DATABASE, "select steep_repl.set_node_id(null)");
        assert_eq!(null.message, "node id is empty");
        cluster.execute(DATABASE, &format!("select steep_repl.set_node_id('{longest}')"))?;

        cluster.execute(DATABASE, "select steep_repl.register_node('a', 'Zürich \"1\"', 'h')")?;
        for (arguments, message) in [
            ("'a', 'other', 'h'", "node \"a\" is already registered"),
            ("'b', 'Zürich \"1\"', 'h'", "another node is already named \"Zürich \"1\"\""),
            ("'b', '  ', 'h'", "name of node \"b\" is empty"),
            ("'b', null, 'h'", "name of node \"b\" is empty"),
            ("'b', repeat('n', 64), 'h'", "name of node \"b\" is too long: 64 characters"),
            ("'b', E'a\\tb', 'h'", "name of node \"b\" contains a control character"),
            ("'b', 'B', ''", "host of node \"b\" is empty"),
            ("'b', 'B', 'h', 0", "port 0 of node \"b\" is out of range"),
            ("'b', 'B', 'h', 65536", "port 65536 of node \"b\" is out of range"),
            ("'b', 'B', 'h', null", "port null of node \"b\" is out of range"),
            ("'b', 'B', 'h', 5432, null", "priority of node \"b\" is null"),
        ] {
            let sql = format!("select steep_repl.register_node({arguments})");
            let wrong = refusal(&cluster, DATABASE, &sql);
            assert_eq!(wrong.message, message);
            assert!(!wrong.hint.is_empty(), "{wrong:?}");
        }
        assert_eq!(cluster.value(DATABASE, "select count(*) from steep_repl.nodes")?, "1");
        cluster.finish();
        Ok(())
    }
}
