//! The server log, line by line.

use std::fmt;

/// The prefix that [`parse`] understands: time, process, backend type, SQLSTATE.
pub(crate) const LINE_PREFIX: &str = "%m [%p] [%b] %e ";

/// How serious a log line is; PostgreSQL's words, in its order for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Text that a process wrote past PostgreSQL's logging.
    Raw,
    /// `DEBUG1` to `DEBUG5`.
    Debug,
    /// `INFO`.
    Info,
    /// `NOTICE`.
    Notice,
    /// `WARNING`.
    Warning,
    /// `ERROR`: a statement failed.
    Error,
    /// `LOG`: news for the administrator.
    Log,
    /// `FATAL`: a session ended.
    Fatal,
    /// `PANIC`: the server ended; also a Rust panic.
    Panic,
}

impl Severity {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "INFO" => Self::Info,
            "NOTICE" => Self::Notice,
            "WARNING" => Self::Warning,
            "ERROR" => Self::Error,
            "LOG" => Self::Log,
            "FATAL" => Self::Fatal,
            "PANIC" => Self::Panic,
            debug if debug.starts_with("DEBUG") => Self::Debug,
            _ => return None,
        })
    }

    /// Whether a test fails by such a line unless it expects it.
    #[must_use]
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Warning | Self::Error | Self::Fatal | Self::Panic)
    }
}

/// One report of the server: its first line and the lines that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// How serious it is.
    pub severity: Severity,
    /// PostgreSQL's name for the kind of process, for example `client backend`; empty when unknown.
    pub backend: String,
    /// The process; `None` for text without a prefix.
    pub pid: Option<u32>,
    /// The SQLSTATE, `00000` for success; empty when unknown.
    pub sqlstate: String,
    /// The message.
    pub message: String,
    /// `DETAIL`, `HINT`, `CONTEXT`, `STATEMENT` and further lines, as the log has them.
    pub detail: String,
    /// Where in the log the entry begins, in bytes.
    pub(crate) offset: usize,
}

impl fmt::Display for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = format!("{:?}", self.severity).to_uppercase();
        write!(f, "[{}] {severity}: {}", self.backend, self.message)?;
        for line in self.detail.lines() {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

/// Splits a log into entries; a last line without an end is not read yet.
pub(crate) fn parse(log: &str) -> Vec<LogEntry> {
    let mut entries: Vec<LogEntry> = Vec::new();
    let mut offset = 0;
    for line in log.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let text = line.trim_end();
        match Line::parse(text) {
            // One report is one `write` (`write_console`), so what follows belongs to the last.
            Line::Continuation(rest) => match entries.last_mut() {
                Some(entry) => append(&mut entry.detail, rest),
                None => entries.push(raw(rest, offset)),
            },
            Line::Entry(entry) => entries.push(LogEntry { offset, ..entry }),
            Line::Raw => entries.push(raw(text, offset)),
        }
        offset += line.len();
    }
    entries
}

enum Line<'a> {
    Entry(LogEntry),
    Continuation(&'a str),
    Raw,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        if let Some(rest) = line.strip_prefix('\t') {
            return Self::Continuation(rest);
        }
        Self::prefixed(line).unwrap_or(Self::Raw)
    }

    /// `2026-01-01 00:00:00.000 UTC [7] [postmaster] 00000 LOG:  message`; the server writes
    /// only `time [pid] LOG:  message` until it has read its settings.
    fn prefixed(line: &'a str) -> Option<Self> {
        let (time, rest) = line.split_once(" [")?;
        if !time.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let (pid, mut rest) = rest.split_once("] ")?;
        let pid = Some(pid.parse().ok()?);
        let (mut backend, mut sqlstate) = ("", "");
        if let Some(settled) = rest.strip_prefix('[') {
            (backend, rest) = settled.split_once("] ")?;
            (sqlstate, rest) = rest.split_once(' ')?;
        }
        let (word, message) = rest.split_once(':')?;
        let Some(severity) = Severity::parse(word) else {
            return Some(Self::Continuation(rest));
        };
        Some(Self::Entry(LogEntry {
            severity,
            backend: backend.to_owned(),
            pid,
            sqlstate: sqlstate.to_owned(),
            message: message.trim_start().to_owned(),
            detail: String::new(),
            offset: 0,
        }))
    }
}

/// Programs that report before logging is set up, and Rust's panics, have no prefix.
fn raw(line: &str, offset: usize) -> LogEntry {
    let named = line.split_once(':').and_then(|(word, rest)| Some((Severity::parse(word)?, rest)));
    let (severity, message) = match named {
        Some((severity, rest)) => (severity, rest.trim_start()),
        None if line.contains("panicked at") => (Severity::Panic, line),
        None => (Severity::Raw, line),
    };
    LogEntry {
        severity,
        backend: String::new(),
        pid: None,
        sqlstate: String::new(),
        message: message.to_owned(),
        detail: String::new(),
        offset,
    }
}

fn append(detail: &mut String, line: &str) {
    if !detail.is_empty() {
        detail.push('\n');
    }
    detail.push_str(line);
}

/// The last `count` lines, for error messages.
pub(crate) fn tail(log: &str, count: usize) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
2026-11-24 00:29:02.157 UTC [70] LOG:  starting PostgreSQL 18.6
2026-11-24 00:29:03.000 UTC [71] [client backend] 42P01 ERROR:  relation \"t\" does not exist
2026-11-24 00:29:03.000 UTC [71] [client backend] 42P01 STATEMENT:  select *
\tfrom t
thread 'main' panicked at src/lib.rs:1
FATAL:  terminating connection due to administrator command
2026-11-24 00:29:04.000 UTC [72] [checkpointer] 00000 LOG:  not yet comple";

    #[test]
    fn an_entry_has_the_lines_that_belong_to_it() {
        let entries = parse(LOG);
        assert_eq!(entries.len(), 4);
        assert_eq!(entries[0].severity, Severity::Log);
        assert_eq!(entries[0].backend, "");
        let error = &entries[1];
        assert_eq!(error.severity, Severity::Error);
        assert_eq!((error.backend.as_str(), error.pid), ("client backend", Some(71)));
        assert_eq!(error.sqlstate, "42P01");
        assert_eq!(error.message, "relation \"t\" does not exist");
        assert_eq!(error.detail, "STATEMENT:  select *\nfrom t");
        assert_eq!(error.offset, LOG.find("2026-11-24 00:29:03").unwrap());
        assert_eq!(entries[2].severity, Severity::Panic);
        assert_eq!(entries[3].severity, Severity::Fatal);
        assert_eq!(entries[3].message, "terminating connection due to administrator command");
    }

    #[test]
    fn the_tail_is_the_end() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 5), "a");
    }
}
