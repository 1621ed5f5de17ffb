use std::fmt;

/// Everything that happened, a line each; or nothing, which is faster.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Option<String>,
}

impl Trace {
    pub(crate) fn new(is_kept: bool) -> Self {
        Self { lines: is_kept.then(String::new) }
    }

    pub(crate) const fn is_kept(&self) -> bool {
        self.lines.is_some()
    }

    pub(crate) fn line(&mut self, now: u64, what: fmt::Arguments<'_>) {
        if let Some(lines) = &mut self.lines {
            lines.push_str(&format!("{:>3}.{:06} {what}\n", now / 1_000_000, now % 1_000_000));
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.lines.unwrap_or_default()
    }
}
