//! What goes wrong meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use steep_testkit::wait::{self, Observed};

use super::random::Random;
use super::{Accidents, Progress};
use crate::{Failure, Group};

/// So many accidents in a run, spread over its transactions.
const ACCIDENTS: usize = 16;

/// Longer than any run of sensible size takes from one accident to the next.
const DEADLINE: Duration = Duration::from_secs(300);

const TERMINATE: &str = "select count(pg_terminate_backend(pid)) from pg_stat_subscription \
    where pid is not null";

#[derive(Debug, Clone, Copy)]
enum Accident {
    LinkCut,
    LinkHeld,
    LinksHealed,
    WorkersKilled,
    ServerKilled,
}

impl Accident {
    /// Links are healed as often as they break.
    const ALL: [Self; 8] = [
        Self::LinkCut,
        Self::LinkCut,
        Self::LinkHeld,
        Self::LinksHealed,
        Self::LinksHealed,
        Self::LinksHealed,
        Self::WorkersKilled,
        Self::ServerKilled,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::LinkCut => "links cut",
            Self::LinkHeld => "links held",
            Self::LinksHealed => "times healed",
            Self::WorkersKilled => "times workers killed",
            Self::ServerKilled => "servers killed",
        }
    }
}

/// Lets accidents happen while the nodes work, and returns how many of each kind.
pub(super) fn cause(
    group: &Group,
    mut random: Random,
    transactions: usize,
    progress: &Progress,
) -> Result<Accidents, Failure> {
    for node in group.nodes() {
        node.expect_peer_loss();
        node.expect_log(
            "terminating logical replication (apply )?worker due to administrator command",
        );
    }
    let mut counts = BTreeMap::new();
    for number in 1..=ACCIDENTS {
        // Not all of the work: the nodes shall write on after the last accident.
        let when = transactions * number / (ACCIDENTS + 2);
        let waited = wait::until(DEADLINE, format!("{when} transactions"), || {
            let done = progress.transactions();
            let is_over = progress.is_over.load(Ordering::Relaxed);
            if done >= when || is_over { Ok(()) } else { Err(Observed::new(done)) }
        });
        waited.map_err(|error| group.failed(error))?;
        let accident = *random.pick(&Accident::ALL);
        happen(group, &mut random, accident)?;
        *counts.entry(accident.name()).or_default() += 1;
    }
    group.meet();
    Ok(counts.into_iter().collect())
}

fn happen(group: &Group, random: &mut Random, accident: Accident) -> Result<(), Failure> {
    let (from, to) = *random.pick(&group.pairs());
    match accident {
        Accident::LinkCut => group.cut(from, to),
        Accident::LinkHeld => group.hold(from, to),
        Accident::LinksHealed => group.meet(),
        Accident::WorkersKilled => group.execute(to, TERMINATE)?,
        Accident::ServerKilled => group.crash(to)?,
    }
    Ok(())
}
