use super::text::{clean, fit};
use super::units;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};
use steep_ipc::Progress;

/// How often a log gets a line while step and table stay the same.
const LOG_INTERVAL: Duration = Duration::from_secs(30);

/// How far a long command is, on standard error: one line that is drawn anew at a terminal, a line
/// for each step and table, and one every half minute, elsewhere.
pub(crate) struct ProgressLine {
    terminal: bool,
    drawn: bool,
    last: Option<(u32, Option<String>, Instant)>,
}

impl ProgressLine {
    pub(crate) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), drawn: false, last: None }
    }

    /// Shows how far it is. What cannot be written is left out: the command goes on.
    pub(crate) fn show(&mut self, progress: &Progress) {
        let mut stderr = anstream::stderr().lock();
        let text = describe(progress);
        if self.terminal {
            let _ = write!(stderr, "\r\x1b[2K{}", fit(&text, width() - 1, 1));
            let _ = stderr.flush();
            self.drawn = true;
        } else if self.is_news(progress) {
            let _ = writeln!(stderr, "{text}");
        }
    }

    /// Takes the drawn line away.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let mut stderr = anstream::stderr().lock();
            let _ = write!(stderr, "\r\x1b[2K");
            let _ = stderr.flush();
        }
    }

    fn is_news(&mut self, progress: &Progress) -> bool {
        let same = self.last.as_ref().is_some_and(|(step, table, at)| {
            *step == progress.step_number && *table == progress.table && at.elapsed() < LOG_INTERVAL
        });
        if !same {
            self.last = Some((progress.step_number, progress.table.clone(), Instant::now()));
        }
        !same
    }
}

fn width() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| width.0.max(1).into())
}

/// How far a job is, such as
/// `[3/7] copying data: public.orders, table 4 of 12, 1,200 rows, 3 MB of 10 MB, 1 MB/s, 7 s left`.
pub(crate) fn describe(progress: &Progress) -> String {
    let mut parts = Vec::new();
    if progress.tables > 0 {
        parts.push(match &progress.table {
            Some(table) => {
                let number = (progress.tables_done + 1).min(progress.tables);
                format!("{}, table {number} of {}", clean(table), progress.tables)
            }
            None => format!("{} of {} tables", progress.tables_done, progress.tables),
        });
    } else if let Some(table) = &progress.table {
        parts.push(clean(table).into_owned());
    }
    if progress.rows > 0 {
        parts.push(format!("{} rows", units::count(progress.rows)));
    }
    if progress.bytes_total > 0 {
        let (done, total) = (units::bytes(progress.bytes), units::bytes(progress.bytes_total));
        parts.push(format!("{done} of {total}"));
    } else if progress.bytes > 0 {
        parts.push(units::bytes(progress.bytes));
    }
    if progress.bytes_per_second > 0 {
        parts.push(format!("{}/s", units::bytes(progress.bytes_per_second)));
    }
    if let Some(left) = progress.seconds_left {
        parts.push(format!("{} left", units::seconds(left)));
    }
    let step = format!("[{}/{}] {}", progress.step_number, progress.steps, clean(&progress.step));
    if parts.is_empty() { step } else { format!("{step}: {}", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_known() {
        let mut progress = Progress { step: "making slots".into(), ..Progress::default() };
        progress.step_number = 1;
        progress.steps = 7;
        assert_eq!(describe(&progress), "[1/7] making slots");
        progress.step = "copying data".into();
        progress.tables = 12;
        progress.tables_done = 12;
        assert_eq!(describe(&progress), "[1/7] copying data: 12 of 12 tables");
        progress.tables_done = 3;
        progress.table = Some("public.orders".into());
        progress.rows = 1200;
        progress.bytes = 3 << 20;
        progress.bytes_total = 10 << 20;
        progress.bytes_per_second = 1 << 20;
        progress.seconds_left = Some(7);
        assert_eq!(
            describe(&progress),
            "[1/7] copying data: public.orders, table 4 of 12, 1,200 rows, 3.0 MB of 10 MB, \
             1.0 MB/s, 7 s left"
        );
    }

    #[test]
    fn a_log_gets_a_line_for_each_step_and_table() {
        let mut line = ProgressLine { terminal: false, drawn: false, last: None };
        let step = |step_number, table: Option<&str>| Progress {
            step_number,
            table: table.map(Into::into),
            ..Progress::default()
        };
        let news =
            [step(1, None), step(1, None), step(2, None), step(2, Some("a")), step(2, Some("a"))];
        assert_eq!(news.map(|progress| line.is_news(&progress)), [true, false, true, true, false]);
    }
}
