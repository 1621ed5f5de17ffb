//! SQL text to statements of [`steep_ddl`], with PostgreSQL's own grammar.
//!
//! For tools that have text and no server: what would become of a migration, before it runs. It
//! says the same as the extension does from the server's parse tree; a corpus of statements that
//! both read (`tests/corpus/`) keeps them together.
//!
//! It does **not** look into a catalog, so it cannot know all that the extension knows: which
//! functions are immutable (those it does not know [are not](#what-the-text-does-not-say)), whether
//! a table is temporary or new, what a name found by `search_path` is. It is never linked into the
//! extension: libpg_query carries PostgreSQL's own symbols, and would clash with the server's.
//!
//! # Grammar
//!
//! `pg_query` 18 is the grammar of PostgreSQL 18, which reads what 16 and 17 read, and what is new in
//! 18 (virtual generated columns, `WITHOUT OVERLAPS`, `NOT ENFORCED`). So it also takes what an
//! older server refuses; such a statement fails at its origin, and nothing replicates. What no
//! grammar knows is [`ParseError::Syntax`], with PostgreSQL's words.
//!
//! # Limits
//!
//! Texts are at most [`MAX_BYTES`] long. Nesting is bounded twice: libpg_query stops at 100 kB of
//! its stack, and the tree is not read beyond 100 levels, which a chain of some 45 operators
//! reaches. Both are [`ParseError::TooDeep`].
//!
//! # What the text does not say
//!
//! [`Clauses::NOT_IMMUTABLE`](steep_ddl::Clauses::NOT_IMMUTABLE) is set unless the expression is
//! made of constants, columns, operators and a few functions that are known to be immutable. An
//! `ALTER COLUMN … TYPE` without `USING` converts by a cast that only a catalog knows; it requires
//! approval anyway, and is not flagged. [`REWRITES`](steep_ddl::Clauses::REWRITES) is never set.
//!
//! # Invariants
//!
//! * **P1** The pieces of text are in order, do not overlap, and each parses to its statement again.
//! * **P2** Adding a clause to the text of a statement never lowers its class.
//! * **P3** Any text returns: statements or an error, without a panic.
//!
//! `tests/` holds each of them: `corpus`, `clauses` (P2), `pieces` (P1, P3).
//!
//! # Example
//!
//! ```
//! use steep_ddl::{Class, Rules};
//!
//! let migration = "alter table shop.orders add column tier text;\n\
//!                  drop table shop.legacy_audit;";
//! let statements = steep_ddl_parser::parse(migration)?;
//! let rules = Rules::default();
//! let classes: Vec<_> = statements.iter().map(|one| rules.class(&one.statement)).collect();
//! assert_eq!(classes, [Class::AutoApply, Class::RequireApproval]);
//! assert_eq!(&migration[statements[1].text.clone()], "drop table shop.legacy_audit");
//! # Ok::<(), steep_ddl_parser::ParseError>(())
//! ```

mod alter_table;
mod elsewhere;
mod error;
mod expression;
mod functions;
mod names;
mod objects;
mod parse;
mod renamed;
mod said;
mod statement;
mod table;

pub use error::ParseError;
pub use parse::{MAX_BYTES, Parsed, parse};
