//! The first node of a group, out of a database with tables of odd names.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use steep_ipc::{Init, Plan, Request};
use steep_testkit::{Major, PgCluster, Port, on_each_major};

use super::couple::{DATABASE, plan};
use super::support::{Daemon, Outcome};

const SCHEMA: &str = r#"
  create schema sales; create schema "Sales";
  create table orders (id int primary key);
  create table "Orders" (id int primary key);
  create table "or""ders" (id int primary key);
  create table "order.items" (id int primary key);
  create table order_notes (note xml);
  create table other (id int primary key);
  create table sales.plain (id int primary key);
  create table sales."Q3 'net'" (id int primary key);
  create table "Sales"."T" (id int primary key);
  insert into orders values (1);"#;

const INCLUDE: [&str; 5] =
    ["order*", "\"Orders\"", "public.\"or\"\"ders\"", "sales.*", "\"Sales\".\"T\""];
const EXCLUDE: [&str; 2] = ["sales.pl?in", "*.\"order.items\""];

/// What the patterns mean, of what can be replicated.
const MEANT: [&str; 5] = [
    "\"Sales\".\"T\"",
    "public.\"Orders\"",
    "public.\"or\"\"ders\"",
    "public.orders",
    "sales.\"Q3 'net'\"",
];

/// Where whatever a command does to a server would be seen.
const CATALOGS: [&str; 24] = [
    "pg_attribute",
    "pg_authid",
    "pg_auth_members",
    "pg_class",
    "pg_constraint",
    "pg_database",
    "pg_db_role_setting",
    "pg_default_acl",
    "pg_depend",
    "pg_description",
    "pg_event_trigger",
    "pg_extension",
    "pg_file_settings",
    "pg_index",
    "pg_namespace",
    "pg_parameter_acl",
    "pg_proc",
    "pg_publication",
    "pg_publication_rel",
    "pg_replication_origin",
    "pg_replication_slots",
    "pg_shdepend",
    "pg_subscription",
    "pg_trigger",
];

/// What the server and the daemon's folder hold.
fn everything(
    cluster: &PgCluster,
    daemon: &Daemon,
) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let of_catalog = |name: &&str| {
        format!(
            "select '{name}', md5(coalesce(string_agg(c::text, ';' order by c::text), '')) from {name} c"
        )
    };
    let sql = CATALOGS.iter().map(of_catalog).collect::<Vec<_>>().join(" union all ");
    let rows = cluster.query(DATABASE, &sql)?;
    let mut all: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| {
            let mut row = row.into_iter().map(Option::unwrap_or_default);
            (row.next().unwrap_or_default(), row.next().unwrap_or_default())
        })
        .collect();
    let mut files = BTreeSet::new();
    for file in std::fs::read_dir(daemon.data_dir())? {
        files.insert(file?.file_name());
    }
    all.insert("the daemon's folder".to_owned(), format!("{files:?}"));
    Ok(all)
}

fn init(
    daemon: &Daemon,
    include: &[&str],
    exclude: &[&str],
    dry_run: bool,
) -> Result<Plan, Box<dyn Error>> {
    let owned = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.to_owned()).collect();
    plan(daemon, &Request::Init(Init { include: owned(include), exclude: owned(exclude), dry_run }))
}

fn of_class<'p>(plan: &'p Plan, class: &str) -> Vec<&'p str> {
    let tables = plan.tables.iter().filter(|table| table.class == class);
    let mut names: Vec<_> = tables.map(|table| table.table.as_str()).collect();
    names.sort_unstable();
    names
}

on_each_major! {
    fn a_plan_changes_nothing_and_the_patterns_take_the_tables_they_mean(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().setting("autovacuum", "off").start()?;
        cluster.expect_log("connection to client lost");
        cluster.execute(DATABASE, SCHEMA)?;
        let grpc = Port::free()?;
        let mut daemon = Daemon::of(&cluster, &format!(
            "  grpc: {{listen: \"127.0.0.1:{}\", tls: {{mode: \"off\"}}}}\n  \
             topology: {{this_node: {{name: hq}}}}\n",
            grpc.number()
        ))?;
        daemon.run()?;

        let before = everything(&cluster, &daemon)?;
        let all = init(&daemon, &[], &[], true)?;
        let planned = init(&daemon, &INCLUDE, &EXCLUDE, true)?;
        let nonsense = init(&daemon, &["a.b.c"], &[], true).unwrap_err().to_string();
        assert!(nonsense.contains("\"a.b.c\" is no pattern"), "{nonsense}");
        assert_eq!(everything(&cluster, &daemon)?, before, "a plan has changed something");
        assert!(!all.done && !planned.done && planned.refusals.is_empty(), "{planned:?}");
        assert_eq!(of_class(&all, "replicable").len(), 8, "{all:?}");
        assert_eq!(of_class(&planned, "replicable"), MEANT);
        assert_eq!(of_class(&planned, "not_replicable"), ["public.order_notes"]);
        let left_out = ["public.\"order.items\"", "public.other", "sales.plain"];
        assert_eq!(of_class(&planned, "excluded"), left_out);

        let done = init(&daemon, &INCLUDE, &EXCLUDE, false)?;
        assert!(done.done, "{done:?}");
        assert_eq!(of_class(&done, "replicated"), MEANT);
        for (plan, class) in [(&planned, "replicable"), (&done, "replicated")] {
            for table in plan.tables.iter().filter(|table| table.class == class) {
                let policy = (table.strategy.as_deref(), table.detection.as_deref());
                assert_eq!(policy, (Some("last_write_wins"), Some("default")), "{table:?}");
            }
        }
        for sql in [
            "select format('%I.%I', n.nspname, c.relname)
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.oid in (select relation from steep_repl.replicated_tables where is_active)",
            // What the extension itself publishes is its own matter.
            "select format('%I.%I', schemaname, tablename) from pg_publication_tables
             where pubname = 'steep_repl' and schemaname <> 'steep_repl'",
        ] {
            let rows = cluster.query(DATABASE, &format!("{sql} order by 1"))?;
            let found: Vec<_> = rows.into_iter().flatten().flatten().collect();
            assert_eq!(found, MEANT);
        }
        let again = init(&daemon, &[], &[], true)?;
        assert!(again.refusals[0].contains("is node hq already"), "{again:?}");
        Ok(())
    }
}
