use super::text::{clean, fit};
use super::units;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};
use steep_ipc::Progress;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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
        if self.terminal {
            let text = describe_within(progress, width() - 1);
            let _ = write!(stderr, "\r\x1b[2K{}", fit(&text, width() - 1, 1));
            let _ = stderr.flush();
            self.drawn = true;
        } else if self.is_news(progress) {
            let _ = writeln!(stderr, "{}", describe(progress));
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
/// `[3/7] copying data: public.orders, 3 of 12 tables, 1,200 rows, 3 MB of 10 MB, 1 MB/s, 7 s left`.
pub(crate) fn describe(progress: &Progress) -> String {
    let table = progress.table.as_deref().map(clean);
    line(progress, table.as_deref(), Detail::All)
}

/// The same in so many columns. How fast it is and how long it will take is what one wants to know:
/// the table's name is shortened first, then the counts are left out, then the name.
fn describe_within(progress: &Progress, width: usize) -> String {
    let table = progress.table.as_deref().map(clean);
    for detail in [Detail::All, Detail::Bytes, Detail::Rate] {
        let with = |table: Option<&str>| line(progress, table, detail);
        let whole = with(table.as_deref());
        if whole.width() <= width {
            return whole;
        }
        let Some(name) = &table else { continue };
        // What is left for the name, beside the rest of the line.
        let room = (width + name.width()).saturating_sub(whole.width());
        if room >= SHORTEST_NAME {
            return with(Some(&shortened(name, room)));
        }
    }
    line(progress, None, Detail::Rate)
}

/// Columns in which the end of a name still says something.
const SHORTEST_NAME: usize = 12;

/// The end of a name: tables of one schema differ there.
fn shortened(name: &str, width: usize) -> String {
    let mut kept: Vec<char> = Vec::new();
    let mut used = 1;
    for char in name.chars().rev() {
        used += char.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(char);
    }
    kept.push('…');
    kept.iter().rev().collect()
}

/// How much is said beside rate and time left.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Detail {
    Rate,
    Bytes,
    All,
}

fn line(progress: &Progress, table: Option<&str>, detail: Detail) -> String {
    let mut parts: Vec<String> = table.map(str::to_owned).into_iter().collect();
    if progress.tables > 0 && (detail == Detail::All || table.is_none()) {
        let (done, all) = (progress.tables_done, progress.tables);
        let noun = if all == 1 { "table" } else { "tables" };
        parts.push(format!("{} of {} {noun}", units::count(done), units::count(all)));
    }
    if progress.rows > 0 && detail == Detail::All {
        parts.push(units::counted(progress.rows, "row"));
    }
    if progress.bytes_total > 0 && detail >= Detail::Bytes {
        let (done, total) = (units::bytes(progress.bytes), units::bytes(progress.bytes_total));
        parts.push(format!("{done} of {total}"));
    } else if progress.bytes > 0 && detail >= Detail::Bytes {
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
            "[1/7] copying data: public.orders, 3 of 12 tables, 1,200 rows, 3.0 MB of 10 MB, \
             1.0 MB/s, 7 s left"
        );
    }

    #[test]
    fn a_narrow_line_keeps_how_fast_it_is_and_how_long_it_will_take() {
        let progress = Progress {
            step: "copying rows".into(),
            step_number: 6,
            steps: 9,
            table: Some("warehouse.order_lines_of_the_last_ten_years".into()),
            tables: 120,
            tables_done: 37,
            rows: 123_456_789,
            bytes: 345 << 30,
            bytes_total: 1200 << 30,
            bytes_per_second: 98 << 20,
            seconds_left: Some(9012),
        };
        let line = |width| describe_within(&progress, width);
        assert_eq!(line(200), describe(&progress));
        assert_eq!(
            line(120),
            "[6/9] copying rows: …_the_last_ten_years, 37 of 120 tables, 123,456,789 rows, 345 GB of \
             1.2 TB, 98 MB/s, 2 h 30 min left"
        );
        assert_eq!(
            line(79),
            "[6/9] copying rows: …last_ten_years, 345 GB of 1.2 TB, 98 MB/s, 2 h 30 min left"
        );
        assert_eq!(line(60), "[6/9] copying rows: …ast_ten_years, 98 MB/s, 2 h 30 min left");
        assert_eq!(line(40), "[6/9] copying rows: 37 of 120 tables, 98 MB/s, 2 h 30 min left");
        for width in 60..200 {
            let text = line(width);
            assert!(text.width() <= width && text.ends_with("98 MB/s, 2 h 30 min left"), "{text}");
        }
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
