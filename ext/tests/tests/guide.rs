//! Every statement of docs/guide/install.md does what the page says.

use steep_ext_tests::{DATABASE, Outcome, refusal};
use steep_testkit::{Major, PgCluster, on_each_major};

const GUIDE: &str = include_str!("../../../docs/guide/install.md");

/// A block of SQL, and the word after `sql` that says what is special about it.
#[derive(Debug, PartialEq)]
struct Block<'a> {
    kind: &'a str,
    sql: String,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for line in page.lines() {
        open = match (open, line.strip_prefix("```")) {
            (None, Some(kind)) => Some(Block { kind, sql: String::new() }),
            (Some(block), Some(_)) => {
                blocks.push(block);
                None
            }
            (Some(mut block), None) => {
                block.sql.push_str(line);
                block.sql.push('\n');
                Some(block)
            }
            (None, None) => None,
        };
    }
    assert!(open.is_none(), "a block without an end: {open:?}");
    blocks
}

#[test]
fn blocks_are_found() {
    let page = "text\n```sql\nselect 1;\nselect 2;\n```\n```sql copy\nx\n```\n";
    let block = |kind, sql: &str| Block { kind, sql: sql.to_owned() };
    assert_eq!(blocks(page), [block("sql", "select 1;\nselect 2;\n"), block("sql copy", "x\n")]);
}

on_each_major! {
    fn the_page_can_be_followed(major: Major) -> Outcome {
        // As PostgreSQL comes, not as the test kit likes it.
        let cluster = PgCluster::builder(major)
            .setting("wal_level", "replica")
            .setting("track_commit_timestamp", "off")
            .start()?;
        let mut kinds = Vec::new();
        for Block { kind, sql } in blocks(GUIDE) {
            match kind {
                "sql" => {
                    cluster.psql(DATABASE, &sql)?;
                }
                "sql check" => assert_eq!(cluster.psql(DATABASE, &sql)?, "", "{sql}"),
                "sql copy" => {
                    // What a restored copy holds.
                    let copy = "update steep_repl.local_node set system_identifier = 1";
                    cluster.execute(DATABASE, copy)?;
                    let refused = refusal(&cluster, DATABASE, "select steep_repl.node_id()");
                    assert_eq!(refused.code, "55000", "{refused:?}");
                    cluster.psql(DATABASE, &sql)?;
                    let id = cluster.value(DATABASE, "select steep_repl.node_id()")?;
                    assert!(sql.contains(&format!("'{id}'")), "{id}");
                }
                _ => return Err(format!("a block of an unknown kind: {kind}").into()),
            }
            if sql.contains("shared_preload_libraries =") || sql.contains("system reset") {
                cluster.restart()?;
            }
            kinds.push(kind);
        }
        assert!(kinds.contains(&"sql check") && kinds.contains(&"sql copy"), "{kinds:?}");
        assert!(kinds.len() > 10, "{kinds:?}");
        let left = "select (select count(*) from pg_roles where rolname like 'steep%') \
            + (select count(*) from pg_namespace where nspname like 'steep%') \
            + (select count(*) from pg_parameter_acl where parname like 'steep%')";
        let owned = cluster.value(DATABASE, left)?;
        // What the page granted to its own role `dashboard` is its own.
        assert_eq!(owned, "1");
        cluster.finish();
        Ok(())
    }
}
