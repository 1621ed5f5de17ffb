//! Reads the corpus; its format is in README.md beside this file. The extension's test includes this
//! file as well.

use std::fmt;
use std::fs;
use std::path::Path;
use steep_ddl::{Class, Clauses, Kind, KindSet};

/// A statement, and what it is expected to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// File and line.
    pub(crate) place: String,
    pub(crate) sql: String,
    pub(crate) kinds: KindSet,
    pub(crate) class: Class,
    pub(crate) destiny: String,
    pub(crate) clauses: Clauses,
    /// Joined by commas; `None` where the corpus does not say.
    pub(crate) names: Option<String>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kinds, class, destiny, clauses, names, .. } = self;
        write!(f, "[{kinds} | {class} | {destiny} | {clauses}] -> {names:?}")
    }
}

/// Every file, by name.
pub(crate) fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let entries = fs::read_dir(folder).expect("the corpus is there");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a file of the corpus can be read");
            (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text)
        })
        .collect();
    files.sort();
    files
}

/// The statements of a file.
pub(crate) fn read(name: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut expected = None;
    let mut sql = String::new();
    for (line, number) in text.lines().zip(1..) {
        let place = format!("{name}:{number}");
        let line = line.trim();
        if sql.is_empty() && (line.is_empty() || line.starts_with('#')) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[').filter(|_| sql.is_empty()) {
            expected = Some(heading(&place, header.strip_suffix(']').expect(&place)));
        } else if let Some(names) = line.strip_prefix("-> ") {
            cases.last_mut().expect(&place).names = Some(names.to_owned());
        } else {
            sql.push_str(line);
            if line.ends_with(';') {
                let Case { kinds, class, destiny, clauses, .. } = expected.clone().expect(&place);
                let sql = std::mem::take(&mut sql);
                cases.push(Case { place, sql, kinds, class, destiny, clauses, names: None });
            } else {
                sql.push('\n');
            }
        }
    }
    assert!(sql.is_empty(), "{name} ends within a statement: {sql}");
    cases
}

fn heading(place: &str, header: &str) -> Case {
    let mut fields = header.split(" | ");
    let mut field = || fields.next().unwrap_or_default();
    let kind = |name| Kind::from_name(name).unwrap_or_else(|| panic!("{place}: {name}"));
    let clause = |name| Clauses::from_name(name).unwrap_or_else(|| panic!("{place}: {name}"));
    let kinds: KindSet = field().split(" + ").map(kind).collect();
    let class = field();
    let class = Class::from_name(class).unwrap_or_else(|| panic!("{place}: {class}"));
    let destiny = field().to_owned();
    let clauses = field().split(", ").filter(|name| !name.is_empty()).map(clause);
    let clauses = clauses.fold(Clauses::NONE, Clauses::with);
    assert!(fields.next().is_none(), "{place}: too many fields");
    Case {
        place: place.to_owned(),
        sql: String::new(),
        kinds,
        class,
        destiny,
        clauses,
        names: None,
    }
}
