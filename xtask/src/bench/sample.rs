//! What one run took.

use std::ops::AddAssign;
use std::time::Instant;

use anyhow::Result;

use super::session::Session;
use crate::platform;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// Seconds on the wall.
    pub(super) wall: f64,
    /// Seconds of a processor that the one measured process used, where the system tells.
    pub(super) cpu: Option<f64>,
}

/// Of nothing.
impl Default for Sample {
    fn default() -> Self {
        Self { wall: 0.0, cpu: Some(0.0) }
    }
}

impl AddAssign for Sample {
    fn add_assign(&mut self, other: Self) {
        self.wall += other.wall;
        self.cpu = self.cpu.zip(other.cpu).map(|(cpu, more)| cpu + more);
    }
}

impl Sample {
    /// Runs statements of a session and measures its server process.
    pub(super) fn of(
        session: &mut Session,
        act: impl FnOnce(&mut Session) -> Result<()>,
    ) -> Result<Self> {
        let pid = session.number("select pg_backend_pid()")?;
        let (before, began) = (platform::cpu_seconds(pid), Instant::now());
        act(session)?;
        let (wall, after) = (began.elapsed().as_secs_f64(), platform::cpu_seconds(pid));
        Ok(Self { wall, cpu: before.zip(after).map(|(before, after)| after - before) })
    }
}

/// What both sides of a comparison took, round by round.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    pub(super) measured: Vec<Sample>,
    pub(super) baseline: Vec<Sample>,
}

impl Samples {
    /// What the last round says so far, for whoever watches.
    pub(super) fn progress(&self) -> String {
        let pair = self.measured.last().zip(self.baseline.last());
        let Some((measured, baseline)) = pair else { return String::new() };
        let cpu = measured.cpu.zip(baseline.cpu);
        let cpu = cpu.map_or(String::new(), |(measured, baseline)| {
            format!(", processor {measured:.2} s against {baseline:.2} s")
        });
        format!("{:.2} s against {:.2} s{cpu}", measured.wall, baseline.wall)
    }
}
