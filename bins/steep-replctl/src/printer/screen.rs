use super::Printer;
use std::io::{self, IsTerminal, Write};

/// Home, and nothing below.
const ANEW: &str = "\x1b[H\x1b[J";
/// The terminal's second screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
/// And back.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// A screen that is drawn again and again; elsewhere than at a terminal, one after the other.
pub(crate) struct Screen {
    terminal: bool,
    drawn: bool,
}

impl Screen {
    /// `plain` if nothing shall be drawn over.
    pub(crate) fn new(plain: bool) -> Self {
        Self { terminal: !plain && io::stdout().is_terminal(), drawn: false }
    }

    /// Draws the screen anew. At a terminal, what has no room at the bottom is left out.
    pub(crate) fn draw(
        &mut self,
        printer: &mut Printer,
        content: impl FnOnce(&mut Printer) -> io::Result<()>,
    ) -> io::Result<()> {
        let first = !std::mem::replace(&mut self.drawn, true);
        if !self.terminal {
            if !first {
                printer.line("")?;
            }
            content(printer)?;
            return printer.flush();
        }
        let text = printer.collect(content)?;
        let size = terminal_size::terminal_size_of(io::stdout());
        let (width, height) =
            size.map_or((80, 24), |(width, height)| (width.0.into(), height.0.into()));
        let mut frame = String::from(if first { ENTER } else { "" });
        frame.push_str(ANEW);
        frame.push_str(&super::text::fit(&text, width, height));
        printer.raw(frame.as_bytes())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.terminal && self.drawn {
            let mut stdout = anstream::stdout();
            let _ = write!(stdout, "{LEAVE}");
            let _ = stdout.flush();
        }
    }
}
