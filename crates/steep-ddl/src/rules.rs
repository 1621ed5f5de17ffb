use crate::{
    Capture, Class, Clauses, Kind, Pattern, PatternError, Statement, Treatment, Unreplicated,
};
use alloc::vec::Vec;

/// What becomes of each statement: the defaults, and what is configured.
///
/// For each kind the most specific pattern that matches it decides ([`Pattern::specificity`]), else
/// the [default](Kind::treatment). Some things no configuration can loosen:
///
/// * **D1** Kinds that never replicate do not.
/// * **D2** [`Clauses::NOT_IMMUTABLE`] requires approval: the nodes would compute different values.
/// * **D3** [`Clauses::CASCADE`] requires approval: what falls on a peer nobody has seen.
/// * **D4** A kind that [checks rows](Treatment::Checking) requires approval unless its own name is
///   in `auto_apply`, or the table is new. A tag or a star is not meant for it.
///
/// Made once; classifying looks up one byte for each part of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    classes: [Class; Kind::COUNT],
    on_new_tables: [Class; Kind::COUNT],
}

/// Why lists of patterns are no [`Rules`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// An entry names nothing.
    #[error("{list}: {error}")]
    Pattern {
        /// The list.
        list: Class,
        /// What is wrong with the entry.
        error: PatternError,
    },
    /// An entry is in two lists. In one list it may be twice.
    #[error("{pattern} is in both {one} and {other}")]
    InTwoLists {
        /// The entry.
        pattern: Pattern,
        /// A list.
        one: Class,
        /// Another.
        other: Class,
    },
    /// An entry asks for what no configuration can bring about.
    #[error("{list}: {pattern} never replicates ({reason})")]
    NeverReplicates {
        /// The list.
        list: Class,
        /// The entry.
        pattern: Pattern,
        /// Why it does not.
        reason: Unreplicated,
    },
}

impl Rules {
    /// What the lists have when nobody has configured them.
    pub const DEFAULT_LISTS: [(Class, &'static [&'static str]); 3] = [
        (
            Class::AutoApply,
            &["CREATE TABLE", "ALTER TABLE ADD COLUMN", "CREATE INDEX", "DROP INDEX"],
        ),
        (Class::RequireApproval, &["DROP TABLE", "ALTER TABLE DROP COLUMN", "TRUNCATE"]),
        (Class::Exclude, &["CREATE FUNCTION", "CREATE TRIGGER"]),
    ];

    /// Rules of these lists.
    ///
    /// # Errors
    /// An entry is unknown, in two lists, or about what never replicates.
    pub fn new<'a>(
        auto_apply: impl IntoIterator<Item = &'a str>,
        require_approval: impl IntoIterator<Item = &'a str>,
        exclude: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, RulesError> {
        let mut entries = Vec::new();
        read(&mut entries, Class::AutoApply, auto_apply)?;
        read(&mut entries, Class::RequireApproval, require_approval)?;
        read(&mut entries, Class::Exclude, exclude)?;
        Ok(Self {
            classes: core::array::from_fn(|nth| class_of(Kind::ALL[nth], &entries)),
            on_new_tables: core::array::from_fn(|nth| on_new_table(Kind::ALL[nth], &entries)),
        })
    }

    /// How strictly a statement is handled.
    #[must_use]
    pub fn class(&self, statement: &Statement<'_>) -> Class {
        let said = statement.said();
        let is_new = said.contains(Clauses::NEW_TABLE);
        let classes = if is_new { &self.on_new_tables } else { &self.classes };
        let floor = if said.contains(Clauses::TEMPORARY) || said.contains(Clauses::PARTLY_TEMPORARY)
        {
            Class::Exclude
        } else if said.contains(Clauses::NOT_IMMUTABLE) || said.contains(Clauses::CASCADE) {
            Class::RequireApproval
        } else {
            Class::AutoApply
        };
        statement.parts().iter().map(|kind| classes[kind as usize]).fold(floor, Class::max)
    }

    /// What the node where a statement was made does with it.
    #[must_use]
    pub fn capture(&self, statement: &Statement<'_>) -> Capture {
        Capture::of(statement, self.class(statement))
    }
}

impl Default for Rules {
    fn default() -> Self {
        let [auto_apply, require_approval, exclude] =
            Self::DEFAULT_LISTS.map(|(_, list)| list.iter().copied());
        let rules = Self::new(auto_apply, require_approval, exclude);
        rules.expect("the lists above are constant, and every test makes these rules")
    }
}

struct Entry {
    class: Class,
    pattern: Pattern,
}

fn read<'a>(
    entries: &mut Vec<Entry>,
    class: Class,
    list: impl IntoIterator<Item = &'a str>,
) -> Result<(), RulesError> {
    for text in list {
        let pattern: Pattern =
            text.parse().map_err(|error| RulesError::Pattern { list: class, error })?;
        let twin = entries.iter().find(|entry| entry.pattern == pattern && entry.class != class);
        if let Some(Entry { class: one, .. }) = twin {
            return Err(RulesError::InTwoLists { pattern, one: *one, other: class });
        }
        if class != Class::Exclude
            && let Some(reason) = never_replicates(&pattern)
        {
            return Err(RulesError::NeverReplicates { list: class, pattern, reason });
        }
        entries.push(Entry { class, pattern });
    }
    Ok(())
}

/// Why nothing that the pattern matches ever replicates, if nothing does.
fn never_replicates(pattern: &Pattern) -> Option<Unreplicated> {
    let mut kinds = Kind::ALL.iter().filter(|kind| pattern.matches(**kind));
    let first = kinds.next()?.treatment().never()?;
    kinds.all(|kind| kind.treatment().never().is_some()).then_some(first)
}

fn class_of(kind: Kind, entries: &[Entry]) -> Class {
    let class = on_new_table(kind, entries);
    let is_named = entries.iter().any(|entry| entry.pattern.names(kind));
    if kind.treatment() == Treatment::Checking && !is_named {
        return class.max(Class::RequireApproval);
    }
    class
}

fn on_new_table(kind: Kind, entries: &[Entry]) -> Class {
    let by_default = match kind.treatment() {
        Treatment::Told(_) | Treatment::Silent(_) => return Class::Exclude,
        Treatment::Replicated(class) => class,
        Treatment::Checking => Class::AutoApply,
    };
    let matching = entries.iter().filter(|entry| entry.pattern.matches(kind));
    let decisive = matching.max_by_key(|entry| entry.pattern.specificity());
    decisive.map_or(by_default, |entry| entry.class)
}
