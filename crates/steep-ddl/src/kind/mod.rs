//! The kinds of statements, and what becomes of each by default.

mod catalog;
mod set;
mod treatment;

pub use self::catalog::Kind;
pub use self::set::KindSet;
pub use self::treatment::Treatment;

use core::fmt;

impl Kind {
    /// The command, as PostgreSQL's tags have it, which several kinds may share.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.row().tag
    }

    /// The name in configurations: the tag, or more words where a tag is not enough.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What becomes of it by default.
    #[must_use]
    pub fn treatment(self) -> Treatment {
        self.row().treatment
    }

    /// Why that is the default, in a few words.
    #[must_use]
    pub fn why(self) -> &'static str {
        self.row().why
    }

    /// What kind of object it is about, as PostgreSQL names it: `TABLE`, `MATERIALIZED VIEW`.
    /// `None` where the tag does not say.
    #[must_use]
    pub fn object_type(self) -> Option<&'static str> {
        let tag = self.tag();
        match tag {
            "TRUNCATE" | "CREATE TABLE AS" | "SELECT INTO" => return Some("TABLE"),
            "REFRESH MATERIALIZED VIEW" => return Some("MATERIALIZED VIEW"),
            "COMMENT" | "GRANT" | "REVOKE" => {
                return self.name().split_once(" ON ").map(|(_, object)| object);
            }
            _ => {}
        }
        ["CREATE ", "ALTER ", "DROP "].into_iter().find_map(|verb| tag.strip_prefix(verb))
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_begin_with_their_verb() {
        let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::COUNT);
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
            let verb = |text: &'static str| text.split(' ').next();
            assert_eq!(verb(kind.name()), verb(kind.tag()), "{kind}");
        }
    }

    /// Or two patterns of equal length could match one kind.
    #[test]
    fn a_name_that_is_not_its_tag_has_more_words() {
        for kind in Kind::ALL.iter().filter(|kind| kind.name() != kind.tag()) {
            let words = |text: &str| text.split(' ').count();
            assert!(words(kind.name()) > words(kind.tag()), "{kind}");
        }
    }

    #[test]
    fn objects_have_postgresql_s_names() {
        assert_eq!(Kind::CreateUniqueIndex.object_type(), Some("INDEX"));
        assert_eq!(Kind::AlterTableAddColumn.object_type(), Some("TABLE"));
        assert_eq!(Kind::Truncate.object_type(), Some("TABLE"));
        assert_eq!(Kind::CommentOnColumn.object_type(), Some("COLUMN"));
        assert_eq!(Kind::GrantOnSequence.object_type(), Some("SEQUENCE"));
        assert_eq!(Kind::Vacuum.object_type(), None);
    }

    #[test]
    fn every_kind_says_why() {
        for kind in Kind::ALL {
            assert!(kind.why().len() > 10, "{kind}");
        }
    }
}
