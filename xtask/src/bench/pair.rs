//! Two joined nodes that also replicate by PostgreSQL's own means alone.

use std::time::Duration;

use anyhow::{Result, bail};
use steep_testkit::{Major, PgCluster, PgClusterBuilder, wait};

use super::arm::Arm;
use super::session::{DATABASE, Session};
use crate::say;

/// Writes of `a` are applied by `b`, which is what is measured; `b` writes only to make conflicts.
pub(super) struct Pair {
    nodes: Vec<PgCluster>,
    pub(super) a: Session,
    pub(super) b: Session,
}

/// The subscription by which `a` has the writes of `b`, and its slot.
const BACK: (&str, &str) = ("from_b", "a_from_b");

/// What suits a server that does this and nothing else.
const SETTINGS: [(&str, &str); 10] = [
    // In proportion to this, 16 keeps pages of commit timestamps at hand.
    ("shared_buffers", "1GB"),
    // No checkpoint and no vacuum but the ones before a measured run.
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    // Segments that are there need not be made.
    ("min_wal_size", "1GB"),
    // Whoever has to make one all the same must not pay for filling it with zeros.
    ("wal_init_zero", "off"),
    // Nor for writing what the WAL writer would write a moment later.
    ("wal_buffers", "64MB"),
    // Decoding a transaction in pieces on disk would be measured along.
    ("logical_decoding_work_mem", "512MB"),
    // An apply worker confirms what the WAL writer has flushed.
    ("wal_writer_delay", "10ms"),
    ("jit", "off"),
];

/// As many pages as `shared_buffers` holds, a row of 8,000 bytes fills one.
const BUFFERS: u32 = 131_072;

/// From 17 on: those of the last 800,000 transactions are kept at hand (docs/guide).
const COMMIT_TIMESTAMPS: (&str, &str) = ("commit_timestamp_buffers", "8MB");

impl Pair {
    pub(super) fn start(major: Major) -> Result<Self> {
        say::progress(format!("starting two nodes of PostgreSQL {major}"));
        let builder = |name| {
            let builder = PgCluster::builder(major).name(name).with_extension();
            let settings =
                SETTINGS.iter().chain((major != Major::V16).then_some(&COMMIT_TIMESTAMPS));
            settings.fold(builder, |builder, (name, value)| builder.setting(name, value))
        };
        let nodes = PgClusterBuilder::start_all(&[builder("a"), builder("b")])?;
        let (a, b) = (Session::open(&nodes[0])?, Session::open(&nodes[1])?);
        let mut pair = Self { nodes, a, b };
        pair.age()?;
        pair.join()?;
        Ok(pair)
    }

    /// Makes both as a server is that has run for a while: all its buffers have been used, and
    /// there are segments of WAL to be used again. On a virtual machine the first touch of a page
    /// costs as much as writing a row, and whichever way writes more would pay for it.
    fn age(&mut self) -> Result<()> {
        for session in [&mut self.a, &mut self.b] {
            session.run("create table everything (page text); alter table everything alter page set storage plain")?;
            session.run(&format!(
                "insert into everything select repeat('x', 8000) from generate_series(1, {BUFFERS})"
            ))?;
            session.run("drop table everything")?;
            // What was written before the last but one checkpoint is what segments are made from.
            (0..2).try_for_each(|_| session.run("checkpoint"))?;
        }
        Ok(())
    }

    fn join(&mut self) -> Result<()> {
        let [port_a, port_b] = [self.nodes[0].port(), self.nodes[1].port()];
        for (session, name) in [(&mut self.a, "a"), (&mut self.b, "b")] {
            session.run("create extension steep_repl")?;
            session.run(&format!(
                "select steep_repl.register_node('a', 'a', '127.0.0.1', {port_a}); \
                 select steep_repl.register_node('b', 'b', '127.0.0.1', {port_b}); \
                 select steep_repl.set_node_id('{name}')"
            ))?;
        }
        self.a.run("create publication plain")?;
        let (from_a, from_b) = (self.conninfo(0), self.conninfo(1));
        for arm in Arm::BOTH {
            self.b.run(&subscribe(arm.subscription(), &from_a, arm.publication(), arm.slot()))?;
        }
        self.a.run(&subscribe(BACK.0, &from_b, Arm::Guarded.publication(), BACK.1))?;
        self.a.run("select steep_repl.add_peer('b', 'from_b')")?;
        self.b.run("select steep_repl.add_peer('a', 'from_a')")?;
        for arm in Arm::BOTH {
            wait::subscription_ready(&self.nodes[1], DATABASE, arm.subscription(), wait::DEADLINE)?;
            arm.create(self, arm.mark(), "n integer primary key, round integer")?;
            self.a.run(&format!("insert into {} values (1, 0)", arm.mark()))?;
        }
        Ok(())
    }

    fn conninfo(&self, node: usize) -> String {
        self.nodes[node].conninfo(DATABASE).replace('\'', "''")
    }

    /// Stops the stream from `b` to `a`, for good.
    pub(super) fn stop_stream_back(&mut self) -> Result<()> {
        self.a.run(&format!("alter subscription {} disable", BACK.0))?;
        Ok(wait::slot_inactive(&self.nodes[1], BACK.1, wait::DEADLINE)?)
    }

    /// Lets go of WAL that nobody will read: a long run would leave tens of gigabytes of it.
    pub(super) fn forget_wal(&mut self) -> Result<()> {
        let slot = BACK.1;
        self.b
            .run(&format!("select pg_replication_slot_advance('{slot}', pg_current_wal_lsn())"))?;
        self.checkpoint()
    }

    /// Stops everything that would decode what `a` writes.
    pub(super) fn stop_all_streams(&mut self) -> Result<()> {
        self.stop_stream_back()?;
        Arm::BOTH.into_iter().try_for_each(|arm| self.disable(arm))
    }

    pub(super) fn disable(&mut self, arm: Arm) -> Result<()> {
        self.b.run(&format!("alter subscription {} disable", arm.subscription()))?;
        Ok(wait::slot_inactive(&self.nodes[0], arm.slot(), wait::DEADLINE)?)
    }

    /// Waits until a subscription has got past everything that `a` has written, be it by skipping it.
    pub(super) fn wait_until_past(&self, arm: Arm, deadline: Duration) -> Result<()> {
        let lsn = self.nodes[0].wal_lsn()?;
        Ok(wait::slot_confirmed(&self.nodes[0], arm.slot(), lsn, deadline)?)
    }

    /// Both begin a measured run with clean buffers.
    pub(super) fn checkpoint(&mut self) -> Result<()> {
        self.a.run("checkpoint")?;
        self.b.run("checkpoint")
    }

    /// What a server has logged that it should not have.
    pub(super) fn require_no_trouble(&self) -> Result<()> {
        for node in &self.nodes {
            if let Some(entry) = node.unexpected_log().last() {
                bail!("node {}: its log has trouble: {entry}", node.name());
            }
        }
        Ok(())
    }

    /// Checks the logs; figures of servers that had trouble are worth nothing.
    pub(super) fn finish(self) -> Result<()> {
        self.require_no_trouble()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for node in &self.nodes {
            // Checked already, or there is another error to be told.
            node.expect_log("");
        }
        PgCluster::finish_all(std::mem::take(&mut self.nodes));
    }
}

fn subscribe(subscription: &str, conninfo: &str, publication: &str, slot: &str) -> String {
    format!(
        "create subscription {subscription} connection '{conninfo}' publication {publication} \
         with (slot_name = '{slot}', origin = none, copy_data = false, streaming = off, \
               two_phase = false)"
    )
}
