use anstyle::{AnsiColor, Style};
use std::fmt::{self, Display};
use steep_ipc::Level;

/// What a piece of text is to the reader. The stream takes colours out where they do not belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Heading,
    Faint,
    Good,
    Look,
    Bad,
}

impl Tone {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => colour(AnsiColor::Green),
            Self::Look => colour(AnsiColor::Yellow),
            Self::Bad => colour(AnsiColor::Red).bold(),
        }
    }

    /// The text in this tone.
    pub(crate) fn paint<T: Display>(self, text: T) -> Painted<T> {
        Painted { style: self.style(), text }
    }
}

/// A text between the marks of its style.
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}

/// The tone and the word of a level.
pub(crate) fn level_tone(level: Level) -> (Tone, &'static str) {
    match level {
        Level::Ok => (Tone::Good, "ok"),
        Level::Warning => (Tone::Look, "warning"),
        Level::Critical => (Tone::Bad, "critical"),
    }
}
