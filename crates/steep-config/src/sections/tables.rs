use crate::reader::Section;

/// Which tables are replicated: patterns `schema.table` with `*` and `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tables {
    /// Those that are; empty: all that can be.
    pub include: Vec<String>,
    /// Those that are not; wins over `include`.
    pub exclude: Vec<String>,
}

impl Tables {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        Self { include: section.list("include", &[]), exclude: section.list("exclude", &[]) }
    }
}
