//! Nodes that replicate tables with each other, by native subscriptions under the guard.

mod beats;
mod builder;
mod converge;
mod links;
mod report;
mod session;

use std::collections::BTreeMap;
use std::sync::Mutex;

use postgres::Client;
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Clock, Mesh, PgCluster};

pub use self::builder::GroupBuilder;
pub use self::converge::PATIENCE;
pub use self::session::Write;
pub(crate) use self::session::described;
use crate::{DATABASE, Failure};

/// Several identified nodes `a`, `b`, `c`…, each subscribed to every other through a proxy.
///
/// On node `b` the subscription `from_a` delivers the writes of `a`, from the slot `to_b` of `a`.
/// A method that fails tells what the nodes say, and from then on their logs are not checked any
/// more: the failure is the news. Methods that take a node's name panic when there is none.
pub struct Group {
    mesh: Mesh,
    names: Vec<String>,
    sessions: Mutex<BTreeMap<String, Client>>,
    tables: Mutex<Vec<String>>,
}

impl Group {
    /// The names of the nodes, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// The node of this name.
    #[must_use]
    #[track_caller]
    pub fn node(&self, name: &str) -> &PgCluster {
        self.mesh.node(name)
    }

    /// Every node, in the order of the names.
    #[must_use]
    pub fn nodes(&self) -> Vec<&PgCluster> {
        self.mesh.nodes()
    }

    /// The clusters and the links between them.
    #[must_use]
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// Every ordered pair of different nodes: from, to.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        let names = self.names();
        names
            .iter()
            .flat_map(|from| names.iter().map(move |to| (*from, *to)))
            .filter(|(from, to)| from != to)
            .collect()
    }

    /// The replicated tables, in the order in which they were made.
    #[must_use]
    pub fn tables(&self) -> Vec<String> {
        self.lock_tables().clone()
    }

    /// Runs the statements on every node.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn everywhere(&self, sql: &str) -> Result<(), Failure> {
        self.names.iter().try_for_each(|name| self.execute(name, sql))
    }

    /// Freezes every row on every node. What a running transaction may still look at stays as it is,
    /// so that it takes more than one try beside an apply worker.
    ///
    /// # Errors
    /// When a row does not get frozen in time.
    pub fn freeze(&self) -> Result<(), Failure> {
        let is_frozen = |table: &String| {
            format!(
                "(select coalesce(bool_and(age(r.xmin) > age(c.relfrozenxid)), true)
                  from {table} r, pg_class c where c.oid = '{table}'::regclass)"
            )
        };
        let all = self.tables().iter().map(is_frozen).collect::<Vec<_>>().join(" and ");
        for node in self.names() {
            let waited = wait::until(wait::DEADLINE, format!("frozen rows on {node}"), || {
                let frozen = self
                    .execute(node, "vacuum (freeze)")
                    .and_then(|()| self.value(node, &format!("select {all}")));
                match frozen {
                    Ok(value) if value == "t" => Ok(()),
                    Ok(_) => Err(Observed::new("rows that are not frozen")),
                    Err(error) => Err(Observed::new(error)),
                }
            });
            waited.map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// Makes the same table on every node and replicates it everywhere.
    ///
    /// `columns` is what stands in the parentheses of `create table`; `policy` what follows the
    /// table in `steep_repl.add_table(…)`, for example `'manual'`, or nothing.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn create_table(&self, table: &str, columns: &str, policy: &str) -> Result<(), Failure> {
        self.everywhere(&format!("create table {table} ({columns})"))?;
        self.add_table(table, policy)
    }

    /// Replicates a table that every node has.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn add_table(&self, table: &str, policy: &str) -> Result<(), Failure> {
        let arguments = if policy.is_empty() { String::new() } else { format!(", {policy}") };
        let name = table.replace('\'', "''");
        if policy.starts_with("'keep_local'") || policy.starts_with("'apply_remote'") {
            self.nodes()
                .iter()
                .for_each(|node| node.expect_log("the nodes differ after a conflict"));
        }
        self.everywhere(&format!("select steep_repl.add_table('{name}'{arguments})"))?;
        self.lock_tables().push(table.to_owned());
        Ok(())
    }

    /// From now on convergence is not asked of this table.
    pub fn disregard_table(&self, table: &str) {
        self.lock_tables().retain(|known| known != table);
    }

    /// Gives a node its priority, on every node.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn set_priority(&self, node: &str, priority: i32) -> Result<(), Failure> {
        self.everywhere(&format!(
            "update steep_repl.nodes set priority = {priority} where node_id = '{node}'"
        ))
    }

    /// Moves the clocks of all nodes.
    ///
    /// # Errors
    /// When the group was built without [`GroupBuilder::clock`].
    pub fn set_clocks(&self, clock: Clock) -> Result<(), Failure> {
        let moved = self.nodes().iter().try_for_each(|node| node.set_clock(clock));
        moved.map_err(|error| self.failed(error))
    }

    /// Stops and removes every node, and checks the logs, as dropping the group does.
    ///
    /// # Panics
    /// When a log has trouble that the test did not expect.
    pub fn finish(self) {
        drop(self);
    }

    fn lock_tables(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.tables.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A text as SQL writes it.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The subscription that delivers the writes of `from`.
pub(crate) fn subscription(from: &str) -> String {
    format!("from_{from}")
}

/// The slot that holds what `to` has yet to confirm.
pub(crate) fn slot(to: &str) -> String {
    format!("to_{to}")
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("mesh", &self.mesh).field("database", &DATABASE).finish()
    }
}
