use crate::{Class, Clauses, Statement, Treatment, Unreplicated};

/// What the node where a statement was made does with it, once it has succeeded there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// Goes into the stream, in the same transaction.
    InStream(Class),
    /// Goes into the stream, but to be carried out by the peers' daemons: it runs in no transaction
    /// block.
    OutsideStream(Class),
    /// Does not replicate, and a WARNING says so.
    Warn(Unreplicated),
    /// Does not replicate, as everybody expects.
    Ignore(Unreplicated),
}

impl Capture {
    /// For a statement of this class. What is temporary is nobody else's concern, whatever else it
    /// is; then what nobody can configure; then the class.
    pub(crate) fn of(statement: &Statement<'_>, class: Class) -> Self {
        if statement.said().contains(Clauses::TEMPORARY) {
            return Self::Ignore(Unreplicated::Temporary);
        }
        if statement.said().contains(Clauses::PARTLY_TEMPORARY) {
            return Self::Warn(Unreplicated::PartlyTemporary);
        }
        if class < Class::Exclude {
            return if statement.said().contains(Clauses::CONCURRENTLY) {
                Self::OutsideStream(class)
            } else {
                Self::InStream(class)
            };
        }
        let mut silent = None;
        for kind in statement.parts().iter() {
            match kind.treatment() {
                Treatment::Told(reason) => return Self::Warn(reason),
                Treatment::Silent(reason) => silent = silent.or(Some(reason)),
                Treatment::Replicated(_) | Treatment::Checking => {}
            }
        }
        silent.map_or(Self::Warn(Unreplicated::Excluded), Self::Ignore)
    }

    /// The class, if it replicates.
    #[must_use]
    pub const fn class(self) -> Option<Class> {
        match self {
            Self::InStream(class) | Self::OutsideStream(class) => Some(class),
            Self::Warn(_) | Self::Ignore(_) => None,
        }
    }
}
