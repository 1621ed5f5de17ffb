//! Which statements that change a schema reach the other nodes, and what they find there.
//!
//! A statement travels in the stream of changes, to take effect on a peer exactly where it did at
//! its origin. This crate decides what becomes of it: what it is ([`Statement`], made of [`Kind`]s),
//! how strictly it is handled ([`Rules`], [`Class`]), what its origin does ([`Capture`]), what a
//! table looks like ([`TableDescription`], [`Fingerprint`]) and in what two tables differ
//! ([`differences`]), what a peer does ([`Arrival::step`]), and what follows when several nodes
//! decide about it ([`Entry`], [`Decision`]).
//!
//! It does **not** parse SQL (the extension reads the server's parse tree, `steep-ddl-parser` reads
//! text), read a catalog, know which functions are immutable, or execute anything.
//!
//! # Contract
//!
//! At the origin, after a statement has succeeded: fill a [`Statement`], with
//! [`Clauses::NOT_IMMUTABLE`] and [`Clauses::TEMPORARY`] where the catalog says so; ask
//! [`Rules::capture`]; record the class and the fingerprints of its tables before and after it.
//!
//! At a peer: the [class that counts](class_here) makes an [`Entry`]; [`Arrival::step`] says what to
//! do with it, now and whenever something has changed; what is done, fails or is decided goes back
//! into the entry, and to disk.
//!
//! # Classes
//!
//! `auto_apply < require_approval < exclude`: the greater one is the stricter. A statement has the
//! greatest class of its parts; it is never carried out in part. Defaults follow from three
//! questions, in this order: does it belong to the database at all (else it never replicates);
//! can it stand on its own on a peer, or does it need what is excluded (functions, triggers); can it
//! lose data, fail on rows that only a peer has, or part the nodes while rows are on the way.
//! [`Kind::why`] has the answer for each kind.
//!
//! # Invariants
//!
//! * **D1 – D4** what no configuration can loosen: see [`Rules`].
//! * **D5** Adding a kind or a clause to a statement never lowers its class.
//!   ([`Clauses::NEW_TABLE`] is no clause, but knowledge of the caller.)
//! * **D6** Of all patterns that match a kind, one is the most specific.
//! * **D7** Two different descriptions never have the same [canonical
//!   form](TableDescription::canonical), and what has no order has none in it.
//! * **D8** [`differences`] finds none if and only if the descriptions are equal.
//! * **D9** Nodes that have heard the same decisions hold the same one: [`Entry`].
//!
//! `tests/` holds each of them: `rules` (D1 – D6), `descriptions` (D7, D8), `decisions` (D9),
//! `defaults` (the table of kinds).
//!
//! # Example
//!
//! ```
//! use steep_ddl::{Capture, Class, Clauses, Kind, ObjectName, Rules, Statement, Unreplicated};
//!
//! let rules = Rules::default();
//! let orders = || ObjectName::qualified("shop", "orders");
//!
//! // alter table shop.orders add column tier text
//! let mut statement = Statement::new(Kind::AlterTableAddColumn).about(orders());
//! assert_eq!(rules.capture(&statement), Capture::InStream(Class::AutoApply));
//!
//! // ..., drop column note
//! statement = statement.and(Kind::AlterTableDropColumn);
//! assert_eq!(rules.capture(&statement), Capture::InStream(Class::RequireApproval));
//!
//! // create index concurrently on shop.orders (tier)
//! let index = Statement::new(Kind::CreateIndex).clauses(Clauses::CONCURRENTLY).about(orders());
//! assert_eq!(rules.capture(&index), Capture::OutsideStream(Class::AutoApply));
//!
//! // create role alice
//! let role = Statement::new(Kind::CreateRole);
//! assert_eq!(rules.capture(&role), Capture::Warn(Unreplicated::InstanceWide));
//! ```
#![no_std]

extern crate alloc;

mod arrival;
mod canonical;
mod capture;
mod class;
mod clauses;
mod decision;
mod description;
mod difference;
mod entry;
mod fingerprint;
mod kind;
mod moving;
mod name;
mod nearest;
mod pattern;
mod rules;
mod statement;
mod status;
mod unreplicated;

pub use arrival::{Arrival, Fit, Step, class_here};
pub use canonical::CanonicalError;
pub use capture::Capture;
pub use class::Class;
pub use clauses::Clauses;
pub use decision::{Decision, Verdict};
pub use description::{
    Column, Constraint, ConstraintKind, Identity, PartitionOf, ReplicaIdentity, RowSecurity,
    Storage, TableDescription, Value,
};
pub use difference::{Aspect, Change, Difference, Part, differences};
pub use entry::{Entry, Heard, StatusError};
pub use fingerprint::{Fingerprint, ParseFingerprintError};
pub use kind::{Kind, KindSet, Treatment};
pub use moving::is_moving_literal;
pub use name::ObjectName;
pub use pattern::{Pattern, PatternError};
pub use rules::{Rules, RulesError};
pub use statement::Statement;
pub use status::Status;
pub use unreplicated::Unreplicated;
