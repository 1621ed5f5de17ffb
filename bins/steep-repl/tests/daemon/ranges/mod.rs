//! Identity ranges, with real daemons: keys that are generated on different nodes do not collide.

mod commands;
mod couple;
mod ends;
mod killed;
mod trio;

use std::error::Error;
use std::thread::JoinHandle;

use steep_testkit::PgCluster;

use super::couple::DATABASE;
use super::support::Outcome;

/// A table that every node writes to.
const TABLE: &str = "id serial primary key, writer text";

/// Inserts on several nodes at the same time.
struct Inserting(Vec<JoinHandle<Result<(), String>>>);

impl Inserting {
    /// Two sessions of each node insert so often, ten rows at a time.
    fn start(nodes: &[&PgCluster], table: &str, times: usize) -> Self {
        let sessions = nodes.iter().flat_map(|node| [*node; 2]).map(|node| {
            let (mut client, name, table) =
                (node.client(DATABASE), node.name().to_owned(), table.to_owned());
            std::thread::spawn(move || {
                let insert = format!(
                    "insert into {table} (writer) select '{name}' from generate_series(1, 10)"
                );
                for _ in 0..times {
                    client.batch_execute(&insert).map_err(|error| format!("{name}: {error:?}"))?;
                }
                Ok(())
            })
        });
        Self(sessions.collect())
    }

    /// No insert may have failed.
    fn end(self) -> Outcome {
        for session in self.0 {
            session.join().map_err(|_| "a session panicked")??;
        }
        Ok(())
    }
}

/// How many rows of a writer have an id outside the ranges that it was given.
fn strays(node: &PgCluster, table: &str, writer: &str) -> Result<String, Box<dyn Error>> {
    let sql = format!(
        "select count(*) from {table} t where t.writer = '{writer}' and not exists (
           select from steep_repl.identity_ranges r where r.table_name = '{table}'
             and r.node_id = '{writer}' and t.id between r.range_start and r.range_end)"
    );
    Ok(node.value(DATABASE, &sql)?)
}
