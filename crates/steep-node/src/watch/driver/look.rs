//! Looking, again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steep_pg::{Backoff, Connection, PgError, Server, extension};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::publish::Publisher;
use crate::watch::facts::Facts;
use crate::watch::memory::Memory;
use crate::watch::peers::PeerHealth;
use crate::watch::repair::{self, Repair};
use crate::watch::settings::Settings;
use crate::watch::{error_text, gather};

/// Between two calls of `steep_repl.maintain()`: what apply workers do, for a node without any.
const MAINTENANCE: Duration = Duration::from_secs(30);
/// After the first failure; a server that restarts is back within a second.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Why a look failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Blind {
    /// PostgreSQL cannot be reached.
    Away(String),
    /// It can be reached, but not everything can be seen.
    Failed(String),
}

/// What looks: a connection of its own, and what it must not do again.
pub(super) struct Eye {
    settings: Settings,
    server: Server,
    connection: Option<Connection>,
    maintained_at: Option<Instant>,
    /// Whether the role may call the functions that keep a node going.
    may_beat: bool,
    /// Statements that failed, and are not tried again on this connection.
    given_up: BTreeSet<String>,
}

impl Eye {
    pub(super) fn new(settings: Settings, server: Server) -> Self {
        Self {
            settings,
            server: server.with_application_name("steep-repl watch"),
            connection: None,
            maintained_at: None,
            may_beat: true,
            given_up: BTreeSet::new(),
        }
    }

    async fn look(&mut self, memory: &Memory) -> Result<(Facts, Vec<Repair>), Blind> {
        let timeout = self.settings.look_timeout;
        let looked = tokio::time::timeout(timeout, self.look_without_limit(memory)).await;
        let failed = match looked {
            Ok(Ok(seen)) => return Ok(seen),
            Ok(Err(blind)) => blind,
            // Connected, and yet no answer: somebody may hold a lock. If the server is gone, the next
            // look cannot connect.
            Err(_) if self.connection.is_some() => {
                Blind::Failed(format!("PostgreSQL has not answered within {timeout:?}"))
            }
            Err(_) => Blind::Away(format!("no connection to PostgreSQL within {timeout:?}")),
        };
        // Whatever it was, the connection may be in the middle of something.
        self.connection = None;
        Err(failed)
    }

    async fn look_without_limit(&mut self, memory: &Memory) -> Result<(Facts, Vec<Repair>), Blind> {
        if self.connection.as_ref().is_none_or(|connection| connection.is_closed()) {
            self.connection = None;
            let connected = self.server.connect().await;
            self.connection = Some(connected.map_err(|error| Blind::Away(error.for_log()))?);
            (self.may_beat, self.maintained_at) = (true, None);
            self.given_up.clear();
        }
        let Some(connection) = self.connection.as_mut() else {
            return Err(Blind::Away("no connection".to_owned()));
        };
        let mut gathered = gather::gather(connection).await;
        if gathered.as_ref().is_err_and(is_about_missing_objects) {
            // The extension was dropped, made or updated between two questions.
            gathered = gather::gather(connection).await;
        }
        let mut facts = gathered.map_err(blind)?;
        error_text::add(connection, &mut facts, memory).await.map_err(blind)?;
        let repaired = self.repair(&facts).await.map_err(blind)?;
        self.keep_going(&facts).await.map_err(blind)?;
        Ok((facts, repaired))
    }

    /// Puts right what may be, and says what it was.
    async fn repair(&mut self, facts: &Facts) -> Result<Vec<Repair>, PgError> {
        let (Some(connection), Some(node)) = (self.connection.as_mut(), &facts.node) else {
            return Ok(Vec::new());
        };
        let mut done = Vec::new();
        for planned in repair::plan(node) {
            if self.given_up.contains(&planned.statement) {
                continue;
            }
            match repair::carry_out(connection, &planned).await {
                Ok(()) => done.push(planned),
                Err(error) if error.is_connection_lost() => return Err(error),
                Err(error) => {
                    tracing::warn!(
                        node = facts.node_id(),
                        table = planned.table(),
                        target = planned.target,
                        error = error.for_log(),
                        "a repair failed"
                    );
                    // Whoever holds the lock lets go of it.
                    if !error.is_lock_timeout() {
                        self.given_up.insert(planned.statement);
                    }
                }
            }
        }
        Ok(done)
    }

    /// What apply workers do as well, for a node without any.
    async fn keep_going(&mut self, facts: &Facts) -> Result<(), PgError> {
        let (Some(connection), Some(_)) = (&self.connection, facts.node_id()) else {
            // Whoever makes this database a node again may have another extension.
            (self.may_beat, self.maintained_at) = (true, None);
            return Ok(());
        };
        let is_due = self.maintained_at.is_none_or(|at| at.elapsed() >= MAINTENANCE);
        if !self.may_beat || facts.server.is_in_recovery {
            return Ok(());
        }
        let beaten = extension::beat_if_due(connection).await.map(|_| ());
        let kept = match beaten {
            Ok(()) if is_due => extension::maintain(connection).await.map(|_| ()),
            other => other,
        };
        match kept {
            Ok(()) if is_due => self.maintained_at = Some(Instant::now()),
            Ok(()) => {}
            Err(error) if error.is_connection_lost() => return Err(error),
            // Dropped since it was seen: the next look says so.
            Err(error) if is_about_missing_objects(&error) => {}
            Err(error) => {
                tracing::warn!(
                    error = error.for_log(),
                    "heartbeats and upkeep are left to apply workers"
                );
                self.may_beat = false;
            }
        }
        Ok(())
    }
}

/// Undefined table, function, schema or object, or one that went away in the middle of a query.
fn is_about_missing_objects(error: &PgError) -> bool {
    matches!(error.code(), Some("42P01" | "42883" | "3F000" | "42704" | "XX000"))
}

fn blind(error: PgError) -> Blind {
    if error.is_connection_lost() {
        Blind::Away(error.for_log())
    } else {
        Blind::Failed(error.for_log())
    }
}

/// Looks until it is told to stop.
pub(super) async fn run(
    mut eye: Eye,
    mut publisher: Publisher,
    mut answers: watch::Receiver<BTreeMap<String, PeerHealth>>,
    wake: Arc<Notify>,
    begun: Arc<AtomicU64>,
    stop: CancellationToken,
) {
    let interval = eye.settings.interval;
    let mut backoff = Backoff::new(FIRST_WAIT.min(interval), interval);
    loop {
        begun.fetch_add(1, Ordering::SeqCst);
        let began = Instant::now();
        // A look is short, and a query that is cut off leaves a complaint in the server's log: it is
        // finished also while the daemon stops.
        let look = eye.look(publisher.memory()).await;
        let is_blind = look.is_err();
        let has_repaired = look.as_ref().is_ok_and(|(_, repaired)| !repaired.is_empty());
        publisher.publish(look, &answers.borrow_and_update(), began.elapsed());
        let wait = if is_blind {
            backoff.next_wait()
        } else if has_repaired {
            // What was put right is seen to be right.
            Duration::ZERO
        } else {
            backoff.reset();
            interval.saturating_sub(began.elapsed())
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = wake.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}
