//! A day in the life of a pair: whatever happens, the operator sees what it is and what to do,
//! replication goes on or resumes by itself, and nothing that was acknowledged is lost.
//!
//! Two nodes with PostgreSQL 18 and a daemon each, which know each other by certificates; somebody
//! writes on both all day. Every trouble has a pair of its own: all of them one after another take
//! minutes, and a failure names the trouble.

mod certificate_expires;
mod daemon_killed;
mod data_folder_full;
mod folder;
mod link_cut;
mod server_restarted;
mod tls;
mod writer;

use std::error::Error;

use steep_testkit::{Major, wait};

use self::tls::GroupTls;
use self::writer::Writer;
use super::pair::Pair;
use super::seen::is_well;
use super::support::{Daemon, Outcome};

/// What the writer of each node writes: rows, and in the same transaction how many there are.
const TABLES: [(&str, &str); 2] = [
    ("writes", "node text, n bigint, filling text, primary key (node, n)"),
    ("counts", "node text primary key, n bigint not null"),
];

/// A pair that is written to.
struct Day {
    // First, so that they end before what they write to.
    writers: [Writer; 2],
    pair: Pair,
    tls: GroupTls,
}

impl Day {
    fn begin() -> Result<Self, Box<dyn Error>> {
        Self::begin_with(|_, _| Ok(()))
    }

    /// Does something before the daemon of a node starts.
    fn begin_with(before: impl Fn(&str, &Daemon) -> Outcome) -> Result<Self, Box<dyn Error>> {
        let tls = GroupTls::new(&["a", "b"])?;
        let pair = Pair::start_with(Major::V18, |node| tls.configuration(node), before)?;
        for node in ["a", "b"] {
            // A daemon that is killed, and a writer whose server is, leave half a conversation.
            pair.mesh.node(node).expect_log("connection to client lost");
            for (table, columns) in TABLES {
                pair.on(node, &format!("create table {table} ({columns})"))?;
                pair.on(node, &format!("select steep_repl.add_table('{table}')"))?;
            }
        }
        for node in ["a", "b"] {
            pair.on(node, &format!("insert into counts values ('{node}', 0)"))?;
        }
        let writers = [Writer::start(pair.mesh.node("a"))?, Writer::start(pair.mesh.node("b"))?];
        let day = Self { writers, pair, tls };
        day.is_well()?;
        day.goes_on()?;
        Ok(day)
    }

    fn writer(&self, node: &str) -> &Writer {
        &self.writers[usize::from(node == "b")]
    }

    /// Both daemons say that all is well.
    fn is_well(&self) -> Outcome {
        self.pair.a.until("all is well", is_well)?;
        self.pair.b.until("all is well", is_well)?;
        Ok(())
    }

    /// What is written on one node now arrives at the other.
    fn arrives(&self, from: &str, to: &str) -> Outcome {
        let n = self.writer(from).next()?;
        let sql = format!("select count(*) = 1 from writes where node = '{from}' and n = {n}");
        self.pair.holds(to, &sql)
    }

    /// Both ways.
    fn goes_on(&self) -> Outcome {
        self.arrives("a", "b")?;
        self.arrives("b", "a")
    }

    /// All is well, both nodes have the same rows, every acknowledged write among them, and the
    /// servers have logged nothing that the trouble does not explain.
    fn end(self) -> Outcome {
        self.is_well()?;
        self.goes_on()?;
        let Self { writers, pair, tls } = self;
        let written = writers.map(Writer::end);
        let nodes = pair.mesh.nodes();
        for (table, _) in TABLES {
            wait::tables_equal(&nodes, "postgres", table, wait::DEADLINE)?;
        }
        for (node, acknowledged) in ["a", "b"].into_iter().zip(written) {
            let acknowledged = acknowledged?;
            assert!(acknowledged.len() > 10, "{node} has hardly written: {acknowledged:?}");
            for cluster in &nodes {
                let sql = format!("select n from writes where node = '{node}' order by n");
                let rows = cluster.query("postgres", &sql)?;
                let there: Vec<i64> =
                    rows.iter().flatten().flatten().map(|n| n.parse()).collect::<Result<_, _>>()?;
                let is_lost = |n: &&i64| there.binary_search(n).is_err();
                let lost: Vec<_> = acknowledged.iter().filter(is_lost).collect();
                assert!(lost.is_empty(), "{} has lost {lost:?} of {node}", cluster.name());
                let counted = format!("select n from counts where node = '{node}'");
                let counted: i64 = cluster.value("postgres", &counted)?.parse()?;
                assert_eq!(there.last(), Some(&counted), "rows and count of {node}");
            }
        }
        for cluster in &nodes {
            let conflicts = "select count(*) from steep_repl.conflict_log";
            assert_eq!(cluster.value("postgres", conflicts)?, "0", "nobody else wrote these rows");
        }
        pair.finish();
        drop(tls);
        Ok(())
    }
}
