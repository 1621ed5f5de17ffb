//! Heartbeats, and what they prove.

use steep_testkit::wait::{self, Observed};

use super::{Group, PATIENCE};
use crate::Failure;

impl Group {
    /// Waits until every node has applied all writes made so far and knows that all others have:
    /// what any node writes from now on to a row is provably later than what is there.
    ///
    /// # Errors
    /// When that does not come about.
    pub fn settle(&self) -> Result<(), Failure> {
        self.converge()?;
        self.echoed()
    }

    /// Waits until a beat that every node makes now has been applied by every other, and until
    /// every node has applied a later beat of each other one that says so.
    ///
    /// # Errors
    /// When that does not come about.
    pub fn echoed(&self) -> Result<(), Failure> {
        let mut beats = Vec::new();
        for source in self.names() {
            self.execute(source, "select steep_repl.beat()")?;
            let own =
                format!("select beat_at from steep_repl.heartbeats where node_id = '{source}'");
            beats.push((source, self.value(source, &own)?));
        }
        for viewer in self.names() {
            for (source, beat) in &beats {
                self.seen(viewer, source, beat)?;
            }
        }
        Ok(())
    }

    /// Waits until `viewer` knows from every other node that it has applied the beat of `source`.
    fn seen(&self, viewer: &str, source: &str, beat: &str) -> Result<(), Failure> {
        let missing = format!(
            "select coalesce(string_agg(n.node_id, ' '), '') from steep_repl.nodes n \
             left join steep_repl.heartbeats h using (node_id) \
             where n.node_id <> '{viewer}' and (case n.node_id when '{source}' then h.beat_at \
                 else (h.seen->'{source}'->>'beat_at')::timestamptz end >= '{beat}') is not true"
        );
        let what = format!("beat {beat} of {source} known on {viewer} to have arrived everywhere");
        let waited = wait::until(PATIENCE, what, || {
            if let Some(failure) = self.apply_trouble() {
                return Ok(Err(failure));
            }
            let rows = self.try_rows(viewer, &missing).map_err(Observed::new)?;
            match rows.first().and_then(|row| row.first()) {
                Some(Some(nodes)) if nodes.is_empty() => Ok(Ok(())),
                Some(Some(nodes)) => Err(Observed::new(format!("not known from {nodes}"))),
                _ => Err(Observed::new("no row")),
            }
        });
        waited.unwrap_or_else(|error| Err(self.failed(error)))
    }
}
