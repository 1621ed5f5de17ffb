//! Making the first node of a group out of a database that is in use.

use std::time::Duration;

use steep_ipc::{Plan, TableEntry};
use steep_pg::Connection;

use crate::error::{NodeError, While};
use crate::member::Member;
use crate::tables::{self, Pattern};
use crate::words::counted;

/// What is to become the first node.
#[derive(Debug)]
pub struct Init<'a> {
    /// This node.
    pub own: &'a Member,
    /// Tables to replicate; empty: all that can be.
    pub include: &'a [Pattern],
    /// Tables to leave out.
    pub exclude: &'a [Pattern],
    /// How a table's conflicts are decided, by its name.
    pub policy: &'a dyn Policy,
}

/// How conflicts of a table are decided.
pub trait Policy: Send + Sync + std::fmt::Debug {
    /// Strategy of a table and, for `node_priority`, the order of nodes.
    fn of(&self, table: &str) -> (String, Option<Vec<String>>);
}

impl Init<'_> {
    /// What would be done, or speaks against it. Changes nothing: whatever it has to try is rolled
    /// back.
    ///
    /// # Errors
    /// When PostgreSQL cannot be asked.
    pub async fn check(&self) -> Result<Plan, NodeError> {
        let client = self.connect().await?;
        client.batch_execute("begin").await.while_doing("checking this database")?;
        let plan = self.plan(&client).await;
        client.batch_execute("rollback").await.while_doing("checking this database")?;
        plan
    }

    /// Makes the node, all or nothing.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn run(&self) -> Result<Plan, NodeError> {
        let what = "making the first node of a group";
        let client = self.connect().await?;
        client.batch_execute("begin").await.while_doing(what)?;
        let mut plan = self.plan(&client).await?;
        if !plan.refusals.is_empty() {
            client.batch_execute("rollback").await.while_doing(what)?;
            return Ok(plan);
        }
        let own = self.own.endpoint();
        client
            .execute("select steep_repl.set_node_id($1)", &[&own.node])
            .await
            .while_doing(what)?;
        self.own.announce(&client, "online").await?;
        for table in plan.tables.iter_mut().filter(|table| table.class == "replicable") {
            self.add(&client, table).await?;
        }
        client.batch_execute("commit").await.while_doing(what)?;
        plan.done = true;
        Ok(plan)
    }

    async fn connect(&self) -> Result<Connection, NodeError> {
        let patient = self.own.server().with_statement_timeout(Duration::ZERO);
        patient.connect().await.while_doing(format!("node {}", self.own.endpoint().node))
    }

    async fn add(&self, client: &Connection, table: &mut TableEntry) -> Result<(), NodeError> {
        let (strategy, order) = self.policy.of(&table.table);
        client
            .execute(
                "select steep_repl.add_table($1::text::regclass, $2, null, $3)",
                &[&table.table, &strategy, &order],
            )
            .await
            .while_doing(format!("putting table {} under guard", table.table))?;
        table.class = tables::Class::Replicated.as_str().to_owned();
        let policy = client
            .query_one(
                "select strategy, detection from steep_repl.replicated_tables
                 where relation = $1::text::regclass",
                &[&table.table],
            )
            .await
            .while_doing(format!("reading back how table {} is guarded", table.table))?;
        (table.strategy, table.detection) = (policy.get(0), policy.get(1));
        Ok(())
    }

    /// Inside a transaction: it makes the extension to ask it.
    async fn plan(&self, client: &Connection) -> Result<Plan, NodeError> {
        let what = "checking this database";
        let mut plan = Plan::default();
        client
            .batch_execute("create extension if not exists steep_repl")
            .await
            .while_doing("installing the extension steep_repl")?;
        let node = client
            .query_one("select steep_repl.node_id()", &[])
            .await
            .while_doing(what)?
            .get::<_, Option<String>>(0);
        if let Some(node) = node {
            plan.refusals.push(format!("this database is node {node} already"));
            return Ok(plan);
        }
        for row in client
            .query("select setting, value, needed, why, fix from steep_repl.check_setup()", &[])
            .await
            .while_doing(what)?
        {
            let text = |place| row.get::<_, Option<String>>(place).unwrap_or_default();
            plan.refusals.push(format!(
                "{} is \"{}\", needed: {}. {} {}",
                text(0),
                text(1),
                text(2),
                text(3),
                text(4)
            ));
        }
        let encoding = client
            .query_one("select current_setting('server_encoding')", &[])
            .await
            .while_doing(what)?
            .get::<_, String>(0);
        if encoding != "UTF8" {
            plan.refusals.push(format!(
                "the encoding of this database is {encoding}: only UTF8 can be replicated"
            ));
        }
        plan.tables = tables::list(client, self.include, self.exclude).await?;
        let count =
            |class: &str| plan.tables.iter().filter(|table| table.class == class).count() as u64;
        plan.steps.push(format!("name this database node {}", self.own.endpoint().node));
        plan.steps.push(format!("replicate {}", counted(count("replicable"), "table")));
        let (left_out, cannot) = (count("excluded"), count("not_replicable"));
        if left_out > 0 {
            plan.steps.push(format!("leave out {}", counted(left_out, "table")));
        }
        if cannot > 0 {
            let tables = counted(cannot, "table");
            plan.warnings.push(format!("{tables} cannot be replicated: see the reason below"));
        }
        for table in plan.tables.iter_mut().filter(|table| table.class == "replicable") {
            let strategy = self.policy.of(&table.table).0;
            // As `steep_repl.add_table()` chooses it.
            let is_default = strategy == "last_write_wins";
            table.detection = Some(if is_default { "default" } else { "exact" }.to_owned());
            table.strategy = Some(strategy);
        }
        warn_of_what_stays_here(client, &mut plan).await?;
        Ok(plan)
    }
}

/// What exists in the database and does not replicate.
async fn warn_of_what_stays_here(client: &Connection, plan: &mut Plan) -> Result<(), NodeError> {
    let row = client
        .query_one(
            "select (select count(*) from pg_sequences where schemaname <> 'steep_repl'),
               (select count(*) from pg_largeobject_metadata),
               (select count(*) from pg_matviews)",
            &[],
        )
        .await
        .while_doing("looking for what does not replicate")?;
    for (place, text) in [
        "sequences keep their own positions on each node: generated keys do not collide where table list shows ranges, other values may",
        "large objects are not replicated",
        "materialized views are refreshed on each node by itself",
    ]
    .into_iter()
    .enumerate()
    {
        let count = row.get::<_, i64>(place);
        if count > 0 {
            plan.warnings.push(format!("{count}: {text}"));
        }
    }
    Ok(())
}
