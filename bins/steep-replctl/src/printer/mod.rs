//! The one way out: all that a person or a program gets to see.

mod progress;
mod screen;
mod style;
mod table;
mod text;
pub(crate) mod units;

pub(crate) use progress::{ProgressLine, describe};
pub(crate) use screen::Screen;
pub(crate) use style::{Tone, level_tone};
pub(crate) use table::{Cell, Table};
pub(crate) use text::clean;

use anstream::AutoStream;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Stdout, Write};

/// Writes answers to standard output, for people or as JSON.
pub(crate) struct Printer {
    json: bool,
    out: AutoStream<Stdout>,
    /// What is collected instead of written.
    collected: Option<Vec<u8>>,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        // Takes colour out unless this is a terminal that wants it.
        Self { json, out: anstream::stdout(), collected: None }
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// The answer as JSON if that is wanted, else for people.
    pub(crate) fn answer<T: Serialize>(
        &mut self,
        answer: &T,
        for_people: impl FnOnce(&T, &mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.json {
            serde_json::to_writer_pretty(&mut self.out, answer)?;
            writeln!(self.out)?;
        } else {
            for_people(answer, self)?;
        }
        self.out.flush()
    }

    /// The answer as JSON on one line.
    pub(crate) fn json_line<T: Serialize>(&mut self, answer: &T) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, answer)?;
        writeln!(self.out)?;
        self.out.flush()
    }

    /// A line. The text may be styled; what comes from elsewhere went through [`clean`].
    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        match &mut self.collected {
            Some(collected) => writeln!(collected, "{text}"),
            None => writeln!(self.out, "{text}"),
        }
    }

    /// A heading with an empty line before it.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.line(format_args!("\n{}", Tone::Heading.paint(text)))
    }

    /// A table; its `empty` text if it has no rows.
    pub(crate) fn table(&mut self, table: &Table, empty: &str) -> io::Result<()> {
        if table.is_empty() {
            return self.line(Tone::Faint.paint(empty));
        }
        match &mut self.collected {
            Some(collected) => write!(collected, "{table}"),
            None => write!(self.out, "{table}"),
        }
    }

    /// A text as it is, such as a completion script.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// What `content` writes, instead of writing it.
    pub(crate) fn collect(
        &mut self,
        content: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<String> {
        self.collected = Some(Vec::new());
        let outcome = content(self);
        let collected = self.collected.take().unwrap_or_default();
        outcome.map(|()| String::from_utf8_lossy(&collected).into_owned())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes an error and the way out of it.
pub(crate) fn write_error(
    to: &mut impl Write,
    message: &str,
    hint: Option<&str>,
) -> io::Result<()> {
    writeln!(to, "{} {}", Tone::Bad.paint("error:"), text::clean_lines(message))?;
    match hint {
        Some(hint) => writeln!(to, "{} {}", Tone::Good.paint("hint:"), text::clean_lines(hint)),
        None => Ok(()),
    }
}
