//! Judging what was seen, and telling everybody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use steep_ipc::{Check, Event, Level, NodeState, NodeStatus};
use steep_pg::Pool;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::log::Log;
use super::look::Blind;
use crate::join::Address;
use crate::ranges::Reports;
use crate::watch::certificates::Certificate;
use crate::watch::checks::{self, Inputs, Limits, Machine};
use crate::watch::facts::Facts;
use crate::watch::memory::Memory;
use crate::watch::peers::{PeerAddress, PeerHealth};
use crate::watch::rates::Rates;
use crate::watch::repair::Repair;
use crate::watch::settings::Settings;
use crate::watch::snapshot::{Links, Snapshot};
use crate::watch::{data_folder, events, now_rfc3339, state, status};

/// Turns looks into snapshots and events.
pub(super) struct Publisher {
    settings: Settings,
    pool: Pool,
    began: Instant,
    memory: Memory,
    received: Rates,
    applied: Rates,
    is_first: bool,
    snapshot: watch::Sender<Snapshot>,
    events: broadcast::Sender<Event>,
    peers: watch::Sender<Vec<PeerAddress>>,
}

impl Publisher {
    pub(super) fn new(
        settings: Settings,
        pool: Pool,
        events: broadcast::Sender<Event>,
        peers: watch::Sender<Vec<PeerAddress>>,
    ) -> (Self, watch::Receiver<Snapshot>) {
        let first = Snapshot {
            status: Arc::new(nothing_known(&settings)),
            facts: None,
            links: Arc::new(Links::default()),
            looks: 0,
            failed_looks: 0,
            look_seconds: 0.0,
            is_postgres_reachable: false,
            pool: pool.status(),
            ranges: settings.ranges.latest(),
        };
        let (snapshot, receiver) = watch::channel(first);
        let publisher = Self {
            settings,
            pool,
            began: Instant::now(),
            memory: Memory::default(),
            received: Rates::default(),
            applied: Rates::default(),
            is_first: true,
            snapshot,
            events,
            peers,
        };
        (publisher, receiver)
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(super) fn publish(
        &mut self,
        look: Result<(Facts, Vec<Repair>), Blind>,
        answers: &BTreeMap<String, PeerHealth>,
        took: Duration,
    ) {
        let before = self.snapshot.borrow().clone();
        let now = self.began.elapsed();
        let (facts, repaired, blind) = match look {
            Ok((facts, repaired)) => (Some(Arc::new(facts)), repaired, None),
            Err(blind) => (None, Vec::new(), Some(blind)),
        };
        let mut links = Links { peers: answers.clone(), ..Links::default() };
        if let Some(facts) = &facts {
            self.memory.observe(now, facts);
            links.received_bytes_per_second =
                self.received.observe(now, facts, |found| found.received_lsn.as_ref());
            links.applied_bytes_per_second =
                self.applied.observe(now, facts, |found| found.applied_lsn.as_ref());
            self.tell_peers(facts);
        }
        let ranges = self.settings.ranges.latest();
        let checks = self.judge(facts.as_deref(), blind.as_ref(), answers, &ranges);
        self.memory.remember_levels(&checks);
        let state = match (&facts, &blind) {
            (Some(facts), _) => state::of(facts),
            (None, Some(Blind::Failed(_))) if before.facts.is_some() => before.status.state,
            (None, _) => NodeState::PostgresAway,
        };
        let checked_at = now_rfc3339();
        let known_at = match &facts {
            Some(_) => Some(checked_at.clone()),
            None => before.status.known_at.clone(),
        };
        let known = facts.or(before.facts);
        let status = status::of(status::Parts {
            facts: known.as_deref(),
            state,
            memory: &self.memory,
            peers: answers,
            checks,
            daemon_version: &self.settings.daemon_version,
            checked_at,
            known_at,
        });
        let last = (!self.is_first).then_some(&*before.status);
        self.tell(last, &status, known.as_deref(), &repaired);
        self.is_first = false;
        self.snapshot.send_replace(Snapshot {
            status: Arc::new(status),
            facts: known,
            links: Arc::new(links),
            looks: before.looks + 1,
            failed_looks: before.failed_looks + u64::from(blind.is_some()),
            look_seconds: took.as_secs_f64(),
            is_postgres_reachable: !matches!(blind, Some(Blind::Away(_))),
            pool: self.pool.status(),
            ranges,
        });
    }

    fn judge(
        &self,
        facts: Option<&Facts>,
        blind: Option<&Blind>,
        answers: &BTreeMap<String, PeerHealth>,
        ranges: &Reports,
    ) -> Vec<Check> {
        let reason = match blind {
            Some(Blind::Away(reason) | Blind::Failed(reason)) => reason.as_str(),
            None => "nothing is known yet",
        };
        checks::judge(&Inputs {
            look: facts.ok_or(reason),
            memory: &self.memory,
            peers: answers,
            links: &self.settings.links.get(),
            machine: &self.machine(),
            ranges,
            limits: Limits {
                slot_warning: self.settings.slot_warning,
                slot_critical: self.settings.slot_critical,
                peer_threshold: self.settings.peer_threshold,
            },
        })
    }

    fn machine(&self) -> Machine {
        let now = SystemTime::now();
        let left = |until: SystemTime| until.duration_since(now).unwrap_or(Duration::ZERO);
        let certificates = (self.settings.certificates)();
        let with_time = |one: Certificate| {
            let left = left(one.not_after);
            (one, left)
        };
        Machine {
            data_folder: Some(data_folder::look(&self.settings.data_dir)),
            certificates: certificates.used.into_iter().map(with_time).collect(),
            unused_certificates: certificates.trouble,
        }
    }

    fn tell_peers(&self, facts: &Facts) {
        let known = facts.node.iter().flat_map(|node| node.peers());
        let addresses: Vec<_> = known
            .filter_map(|peer| {
                let (host, port) = (peer.grpc_host.clone()?, peer.grpc_port?);
                let said = Address { host, port };
                let Address { host, port } = self.settings.routes.daemon(&peer.node_id, said);
                Some(PeerAddress { node: peer.node_id.clone(), host, port })
            })
            .collect();
        self.peers.send_if_modified(|peers| {
            let is_new = *peers != addresses;
            *peers = addresses;
            is_new
        });
    }

    fn tell(
        &self,
        before: Option<&NodeStatus>,
        now: &NodeStatus,
        facts: Option<&Facts>,
        repaired: &[Repair],
    ) {
        let log = Log {
            node: now.node.as_deref(),
            checks: &now.health.checks,
            facts,
            memory: &self.memory,
        };
        // Nobody has subscribed: nobody is told.
        let send = |event| drop(self.events.send(event));
        let at = &now.health.checked_at;
        for repair in repaired {
            log.repaired(repair);
            send(events::event(at, "repaired", &repair.target, repair.message.clone()));
        }
        for event in events::between(before, now) {
            log.event(&event);
            send(event);
        }
    }
}

fn nothing_known(settings: &Settings) -> NodeStatus {
    let (memory, peers) = (Memory::default(), BTreeMap::new());
    status::of(status::Parts {
        facts: None,
        state: NodeState::PostgresAway,
        memory: &memory,
        peers: &peers,
        checks: vec![Check {
            name: "postgres".to_owned(),
            level: Level::Critical,
            message: "not looked at yet".to_owned(),
            hint: None,
        }],
        daemon_version: &settings.daemon_version,
        checked_at: now_rfc3339(),
        known_at: None,
    })
}
