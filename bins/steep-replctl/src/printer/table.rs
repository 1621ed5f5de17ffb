use super::style::Tone;
use super::text::clean;
use std::fmt;
use unicode_width::UnicodeWidthStr;

/// Rows under headings, the columns aligned.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// One value in a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
    right: bool,
}

impl Cell {
    /// A text; control characters are taken out.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self { text: clean(text.as_ref()).into_owned(), ..Self::default() }
    }

    /// A text, or a dash if there is none.
    pub(crate) fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map_or_else(|| Self::new("-").tone(Tone::Faint), Self::new)
    }

    /// A number, to the right of its column.
    pub(crate) fn number(text: impl ToString) -> Self {
        Self { right: true, ..Self::new(text.to_string()) }
    }

    pub(crate) fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl Table {
    pub(crate) fn new<const N: usize>(headings: [&'static str; N]) -> Self {
        Self { headings: headings.into(), rows: Vec::new() }
    }

    /// Adds a row with a cell for each heading.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        debug_assert_eq!(N, self.headings.len());
        self.rows.push(cells.into());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<_> = self.headings.iter().map(|heading| heading.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let right = |column: usize| {
            self.rows.first().and_then(|row| row.get(column)).is_some_and(|cell| cell.right)
        };
        let headings = self.headings.iter().enumerate().map(|(column, heading)| Cell {
            text: (*heading).into(),
            tone: Tone::Heading,
            right: right(column),
        });
        write_row(f, &headings.collect::<Vec<_>>(), &widths)?;
        self.rows.iter().try_for_each(|row| write_row(f, row, &widths))
    }
}

/// Two spaces between columns, none at the end of the line.
fn write_row(f: &mut fmt::Formatter<'_>, row: &[Cell], widths: &[usize]) -> fmt::Result {
    let mut owed = 0;
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        let space = width.saturating_sub(cell.width());
        let (before, after) = if cell.right { (space, 0) } else { (0, space) };
        let gap = if column == 0 { 0 } else { 2 };
        if cell.text.is_empty() {
            owed += gap + space;
            continue;
        }
        write!(f, "{:owed$}{:before$}{}", "", "", cell.tone.paint(&cell.text), owed = owed + gap)?;
        owed = after;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table) -> String {
        anstream::adapter::strip_str(&table.to_string()).to_string()
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let mut table = Table::new(["NAME", "ROWS", "NOTE"]);
        table.row([Cell::new("größe"), Cell::number(7), Cell::new("")]);
        table.row([Cell::new("表"), Cell::number(12345), Cell::maybe(None::<&str>)]);
        table.row([Cell::new("x\n\x1b"), Cell::number(0), Cell::new("last")]);
        assert_eq!(
            plain(&table),
            "NAME    ROWS  NOTE\n\
             größe      7\n\
             表     12345  -\n\
             x \u{fffd}        0  last\n"
        );
    }
}
