//! One course of events for tables of any shape.

use steep_ext_tests::{DATABASE, Failure, Group, refusal};
use steep_testkit::Major;

/// A table, and how to write its rows. In every statement `{t}` stands for the table, `{n}` for
/// the number of a row, of which its key is made, and `{who}` for the node that writes, or `base`.
///
/// Two writes of the same row by different nodes differ in a column `who`.
pub(crate) struct Shape {
    /// The table, quoted as need be.
    pub(crate) table: &'static str,
    /// Statements that make the table, run on every node; may differ by node through `{node}`.
    pub(crate) create: &'static str,
    pub(crate) insert: &'static str,
    pub(crate) update: &'static str,
    pub(crate) delete: &'static str,
    /// A condition that is true for the row and no other.
    pub(crate) about: &'static str,
}

impl Shape {
    fn sql(&self, template: &str, n: i32, who: &str) -> String {
        let quoted = self.table.replace('\'', "''");
        template
            .replace("{t}", self.table)
            .replace("{t_quoted}", &quoted)
            .replace("{n}", &n.to_string())
            .replace("{who}", who)
    }

    fn insert(&self, group: &Group, n: i32, node: &str, who: &str) -> Result<(), Failure> {
        group.execute(node, &self.sql(self.insert, n, who))
    }

    fn update(&self, group: &Group, n: i32, node: &str) -> Result<(), Failure> {
        group.execute(node, &self.sql(self.update, n, node))
    }

    fn delete(&self, group: &Group, n: i32, node: &str) -> Result<(), Failure> {
        group.execute(node, &self.sql(self.delete, n, node))
    }

    fn count(&self, group: &Group, n: i32, node: &str) -> Result<String, Failure> {
        let about = self.sql(self.about, n, "");
        group.value(node, &format!("select count(*) from {} where {about}", self.table))
    }

    fn row(&self, group: &Group, n: i32, node: &str) -> Result<String, Failure> {
        let about = self.sql(self.about, n, "");
        group.value(node, &format!("select r::text from {} r where {about}", self.table))
    }
}

/// What the rows are for.
const BOTH_UPDATE: i32 = 1;
const UPDATE_WINS: i32 = 2;
const DELETE_WINS: i32 = 3;
const A_UPDATES: i32 = 4;
const B_UPDATES: i32 = 5;
const B_DELETES: i32 = 6;
const UNTOUCHED: i32 = 7;
const BOTH_INSERT: i32 = 8;
const A_INSERTS: i32 = 9;
const B_INSERTS: i32 = 10;
const ONCE_MORE: i32 = 11;
const BOTH_DELETE: i32 = 12;

/// Runs the course on two nodes, with either detection.
pub(crate) fn survives(major: Major, shape: &Shape) -> Result<(), Failure> {
    let group = Group::start(major, 2)?;
    for policy in ["", EXACT] {
        round(&group, shape, policy)?;
    }
    group.finish();
    Ok(())
}

/// As [`survives`], of a table with generated columns: 18 updates no table of which every column
/// is replica identity and some are not published, so exact detection is refused there.
pub(crate) fn survives_generated(major: Major, shape: &Shape) -> Result<(), Failure> {
    if major < Major::V18 {
        return survives(major, shape);
    }
    let group = Group::start(major, 2)?;
    round(&group, shape, "")?;
    group.everywhere(&shape.sql(shape.create, 0, "").replace("{node}", "a"))?;
    let sql = format!("select steep_repl.add_table('{}', {EXACT})", shape.table);
    let refused = refusal(group.node("a"), DATABASE, &sql);
    assert_eq!(refused.code, "55000", "{refused:?}");
    assert!(refused.message.contains("it has generated columns"), "{refused:?}");
    assert!(refused.hint.contains("default detection"), "{refused:?}");
    group.finish();
    Ok(())
}

const EXACT: &str = "'last_write_wins', 'exact'";

fn round(group: &Group, shape: &Shape, policy: &str) -> Result<(), Failure> {
    for node in group.names() {
        let create = shape.sql(shape.create, 0, "").replace("{node}", node);
        group.execute(node, &create)?;
    }
    group.add_table(shape.table, policy)?;
    group.everywhere("delete from steep_repl.conflict_log")?;
    course(group, shape)?;
    group.everywhere(&format!(
        "select steep_repl.remove_table('{0}'); drop table {1} cascade",
        shape.table.replace('\'', "''"),
        shape.table
    ))?;
    group.disregard_table(shape.table);
    group.settle()
}

fn course(group: &Group, shape: &Shape) -> Result<(), Failure> {
    for n in BOTH_UPDATE..=UNTOUCHED {
        shape.insert(group, n, if n % 2 == 0 { "a" } else { "b" }, "base")?;
    }
    for n in [ONCE_MORE, BOTH_DELETE] {
        shape.insert(group, n, "a", "base")?;
    }
    group.settle()?;
    group.apart()?;
    for node in ["a", "b"] {
        shape.update(group, BOTH_UPDATE, node)?;
        shape.insert(group, BOTH_INSERT, node, node)?;
        shape.delete(group, BOTH_DELETE, node)?;
    }
    shape.delete(group, UPDATE_WINS, "a")?;
    shape.update(group, UPDATE_WINS, "b")?;
    shape.update(group, DELETE_WINS, "b")?;
    shape.delete(group, DELETE_WINS, "a")?;
    shape.update(group, A_UPDATES, "a")?;
    shape.update(group, B_UPDATES, "b")?;
    shape.delete(group, B_DELETES, "b")?;
    shape.insert(group, A_INSERTS, "a", "a")?;
    shape.insert(group, B_INSERTS, "b", "b")?;
    // Deleted and inserted again on one node while the other one updated it, earlier.
    shape.update(group, ONCE_MORE, "b")?;
    shape.delete(group, ONCE_MORE, "a")?;
    shape.insert(group, ONCE_MORE, "a", "a")?;
    let winners = [
        (BOTH_UPDATE, "b"),
        (UPDATE_WINS, "b"),
        (A_UPDATES, "a"),
        (B_UPDATES, "b"),
        (UNTOUCHED, "a"),
        (BOTH_INSERT, "b"),
        (A_INSERTS, "a"),
        (B_INSERTS, "b"),
        (ONCE_MORE, "a"),
    ];
    let mut expected = Vec::new();
    for (n, node) in winners {
        expected.push((n, shape.row(group, n, node)?));
    }
    group.meet();
    group.converge()?;
    for node in group.names() {
        for (n, row) in &expected {
            assert_eq!(&shape.row(group, *n, node)?, row, "row {n} on {node}");
        }
        for n in [DELETE_WINS, B_DELETES, BOTH_DELETE] {
            assert_eq!(shape.count(group, n, node)?, "0", "row {n} on {node}");
        }
    }
    each_conflict_is_logged(group, shape)
}

/// One line on each node for each of the rows over which there was a conflict.
fn each_conflict_is_logged(group: &Group, shape: &Shape) -> Result<(), Failure> {
    let table = shape.table.replace('\'', "''");
    let sql = format!(
        "select coalesce(string_agg(conflict_type, ' ' order by conflict_type collate \"C\"), '') \
         from steep_repl.conflict_log \
         where format('%I.%I', table_schema, table_name)::regclass = '{table}'::regclass"
    );
    for node in group.names() {
        let kinds = group.value(node, &sql)?;
        // The row that came back meets the older update as a row on one node, and its delete and
        // its insert meet the update on the other.
        let on_a = "INSERT-INSERT UPDATE-DELETE UPDATE-DELETE UPDATE-UPDATE UPDATE-UPDATE";
        let on_b = "INSERT-INSERT UPDATE-DELETE UPDATE-DELETE UPDATE-DELETE UPDATE-UPDATE";
        let expected = if node == "a" { on_a } else { on_b };
        if kinds != expected {
            let text = format!("{node} logged\n  {kinds}\ninstead of\n  {expected}");
            return Err(group.failed(text));
        }
    }
    Ok(())
}
