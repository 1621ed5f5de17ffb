//! Looking after the ways to the peers, again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use steep_ipc::{Level, NodeStatus};
use steep_pg::{Connection, Conninfo, slots, subscriptions};

use super::wanted::{self, Facts, Wanted};
use super::{Finding, Findings, Stale, Why, mend, there};
use crate::error::{NodeError, While};
use crate::member::Member;
use crate::names;

/// A way that did not work is tried again, and a slot looked at, after so long: each try is an attempt
/// to log in, or decodes.
const AGAIN: Duration = Duration::from_secs(60);

/// Looks after the ways to the peers.
#[derive(Debug)]
pub struct Tender {
    member: Member,
    findings: Findings,
    /// Ways that did not work, by peer, and why not.
    refused: BTreeMap<String, (Conninfo, Instant, String)>,
    /// What subscriptions were altered to.
    altered: BTreeMap<String, Conninfo>,
    /// When a slot of this node was looked at, and whether it was blocked.
    peeked: BTreeMap<String, (Instant, bool)>,
}

/// A subscription that was altered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The peer.
    pub peer: String,
    /// The subscription.
    pub subscription: String,
    /// For people: what was done.
    pub message: String,
}

impl Tender {
    /// Tells what it finds to whoever has `findings`.
    #[must_use]
    pub fn new(member: Member, findings: Findings) -> Self {
        Self {
            member,
            findings,
            refused: BTreeMap::new(),
            altered: BTreeMap::new(),
            peeked: BTreeMap::new(),
        }
    }

    /// Looks at every link, alters what may be, and says what it altered. `status` is what the watch
    /// knows.
    ///
    /// # Errors
    /// When this node's PostgreSQL cannot be asked: there will be another time.
    pub async fn tend(&mut self, status: &NodeStatus) -> Result<Vec<Repaired>, NodeError> {
        let mut client = self.member.connect().await?;
        let what = "looking after the links";
        let installed = client
            .query_one("select to_regclass('steep_repl.peers') is not null", &[])
            .await
            .while_doing(what)?;
        if !installed.get::<_, bool>(0) {
            self.findings.replace(BTreeMap::new());
            return Ok(Vec::new());
        }
        let ways: Vec<_> = subscriptions::ways(&client)
            .await
            .while_doing(what)?
            .into_iter()
            .map(|way| {
                // Another form is nothing that the daemon has written.
                let present = Conninfo::parse(way.conninfo.expose()).unwrap_or_default();
                (way, present)
            })
            .collect();
        let trouble = in_trouble(status);
        let mut findings: BTreeMap<String, Finding> = BTreeMap::new();
        let mut repaired = Vec::new();
        for (way, present) in &ways {
            let is_down = trouble.contains(way.peer.as_str());
            let found = self.mend(&mut client, way, present, is_down).await?;
            let mut finding = Finding::default();
            match found {
                Mended::Well => {}
                Mended::Altered(done) => repaired.push(done),
                Mended::Left(stale) => finding.stale = Some(stale),
            }
            findings.insert(way.peer.clone(), finding);
        }
        let own = self.member.endpoint().node.as_str();
        let asked = ways.iter().filter(|(way, _)| {
            trouble.contains(way.peer.as_str()) && repaired.iter().all(|done| done.peer != way.peer)
        });
        let asked = asked.map(|(way, present)| async {
            (way.peer.clone(), there::ask(own, &way.peer, present).await)
        });
        for (peer, there) in futures_util::future::join_all(asked).await {
            findings.entry(peer).or_default().there = there;
        }
        for peer in &status.peers {
            let blocked = self.is_blocked(&client, &peer.node).await;
            findings.entry(peer.node.clone()).or_default().is_blocked = blocked;
        }
        self.findings.replace(findings);
        Ok(repaired)
    }

    async fn mend(
        &mut self,
        client: &mut Connection,
        way: &subscriptions::Way,
        present: &Conninfo,
        is_down: bool,
    ) -> Result<Mended, NodeError> {
        let left =
            |differs, why| Mended::Left(Stale { subscription: way.name.clone(), differs, why });
        let wanted = wanted::of(&Facts {
            own: &self.member.endpoint().node,
            present,
            route: self.member.routes().get(&way.peer),
            said: (&way.host, way.port),
            is_down,
            tls: self.member.peer_tls(),
        });
        let (conninfo, differs, is_configured) = match wanted {
            Wanted::AsItIs => {
                self.refused.remove(&way.peer);
                return Ok(Mended::Well);
            }
            Wanted::ByHand(differs) => return Ok(left(differs, Why::ByHand)),
            Wanted::Otherwise { conninfo, differs, is_configured } => {
                (conninfo, differs, is_configured)
            }
        };
        // Nobody has asked for what is only tried because the present way does not work.
        let left = |why| if is_configured { left(differs.clone(), why) } else { Mended::Well };
        if self.altered.get(&way.peer) == Some(&conninfo) {
            return Ok(left(Why::SetBack));
        }
        match self.refused.get(&way.peer) {
            Some((tried, at, why)) if *tried == conninfo && at.elapsed() < AGAIN => {
                return Ok(left(Why::Refused(why.clone())));
            }
            _ => {}
        }
        if let Err(error) = mend::try_out(client, &conninfo).await {
            let why = reason(&error.for_log());
            self.refused.insert(way.peer.clone(), (conninfo, Instant::now(), why.clone()));
            return Ok(left(Why::Refused(why)));
        }
        let what = format!("altering how subscription {} connects", way.name);
        let is_altered = mend::alter(client, &way.name, present, &conninfo, &differs)
            .await
            .while_doing(&what)?;
        if !is_altered {
            return Ok(Mended::Well);
        }
        self.refused.remove(&way.peer);
        self.altered.insert(way.peer.clone(), conninfo);
        let message = format!(
            "subscription {} connects as the configuration says now: {}",
            way.name,
            differs.join(", ")
        );
        Ok(Mended::Altered(Repaired {
            peer: way.peer.clone(),
            subscription: way.name.clone(),
            message,
        }))
    }

    /// Whether a peer cannot read past a time in which this node's publication did not exist.
    async fn is_blocked(&mut self, client: &Connection, peer: &str) -> bool {
        let slot = names::of_node(peer);
        let before = self.peeked.get(&slot).copied();
        let was = before.is_some_and(|(_, is_blocked)| is_blocked);
        let seen = match slots::may_be_blocked(client, &slot).await {
            Ok(false) => {
                self.peeked.remove(&slot);
                return false;
            }
            Ok(true) => match before {
                // What is blocked is looked at each time, so that its end is seen soon: it fails at once.
                Some((at, false)) if at.elapsed() < AGAIN => return false,
                _ => slots::is_blocked(client, &slot).await,
            },
            Err(error) => Err(error),
        };
        let is_blocked = seen.unwrap_or_else(|error| {
            tracing::debug!(peer, error = error.for_log(), "a slot cannot be looked at");
            None
        });
        let is_blocked = is_blocked.unwrap_or(was);
        self.peeked.insert(slot, (Instant::now(), is_blocked));
        is_blocked
    }
}

enum Mended {
    Well,
    Altered(Repaired),
    Left(Stale),
}

/// What the server says of why it could not connect, without the name of the probe and libpq's advice.
fn reason(said: &str) -> String {
    let line = said.lines().next().unwrap_or_default();
    line.split_once("the publisher: ").map_or(line, |(_, reason)| reason).to_owned()
}

/// Peers whose changes do not come although they should.
fn in_trouble(status: &NodeStatus) -> BTreeSet<&str> {
    let checks = &status.health.checks;
    let is_in_trouble = |peer: &str| {
        let name = format!("subscription:{peer}");
        checks.iter().any(|check| check.name == name && check.level > Level::Ok)
    };
    let enabled = status.peers.iter().filter(|peer| {
        peer.incoming.as_ref().is_some_and(|incoming| incoming.enabled) && is_in_trouble(&peer.node)
    });
    enabled.map(|peer| peer.node.as_str()).collect()
}
