//! What a node does, as statements.

use super::random::Random;
use super::schema::{BULK, KEYS, VALUES, token};

/// One statement of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    /// A new row, or new values for the one there is.
    Upsert { table: Table, key: u64, value: u64 },
    /// A new row, if the node has none.
    Insert { table: Table, key: u64, value: u64 },
    /// New values for one row.
    Update { table: Table, key: u64 },
    /// New values for many.
    UpdateMany { table: Table, modulus: u64, rest: u64 },
    /// One row takes a unique value, which the node thinks free.
    Take { table: Table, key: u64, value: u64 },
    /// One row takes a unique value away from another.
    Steal { table: Table, key: u64, value: u64 },
    /// One row goes to another key, which the node thinks free.
    Move { table: Table, key: u64, to: u64 },
    /// One row goes.
    Delete { table: Table, key: u64 },
    /// Many rows go.
    DeleteMany { table: Table, modulus: u64, rest: u64 },
    /// A table of many rows is filled where it has none.
    Fill,
    /// A statement deletes more rows at once than are kept one by one.
    Empty,
    /// One of its rows gets new values.
    UpdateOneOfMany { key: u64 },
    /// One row goes and comes again.
    Replace { table: Table, key: u64, value: u64 },
}

/// Where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Plain,
    Exact,
    Parted,
}

impl Table {
    const ALL: [Self; 3] = [Self::Plain, Self::Exact, Self::Parted];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Exact => "exact",
            Self::Parted => "parted",
        }
    }

    /// The column that numbers the rows.
    fn key(self) -> &'static str {
        match self {
            Self::Exact => "k",
            Self::Plain | Self::Parted => "id",
        }
    }

    /// The row's condition.
    fn is(self, key: u64) -> String {
        match self {
            Self::Exact => format!("k = {key} and l = 'l{}'", key % 3),
            Self::Plain | Self::Parted => format!("id = {key}"),
        }
    }

    /// The columns of the key, and their conflict target.
    fn target(self) -> &'static str {
        match self {
            Self::Exact => "k, l",
            Self::Plain | Self::Parted => "id",
        }
    }

    /// Columns and values of a new row.
    fn row(self, node: &str, key: u64, value: u64) -> (&'static str, String) {
        let token = token(node);
        match self {
            Self::Plain => (
                "id, token, u, w",
                format!("{key}, {token}, {}, {}", nullable(value), nullable(value + 3)),
            ),
            Self::Exact => (
                "k, l, token, u, big",
                format!(
                    "{key}, 'l{}', {token}, {}, repeat(md5('{value}'), {})",
                    key % 3,
                    nullable(value),
                    if value.is_multiple_of(4) { 400 } else { 1 }
                ),
            ),
            Self::Parted => ("id, token, code", format!("{key}, {token}, 'c{value}'")),
        }
    }

    /// The unique column, and the value as it is written there; a table without one has its `code`.
    fn unique(self, value: u64) -> (&'static str, String) {
        match self {
            Self::Plain if value.is_multiple_of(2) => ("w", format!("-{value}")),
            Self::Plain | Self::Exact => ("u", value.to_string()),
            Self::Parted => ("code", format!("'C{value}'")),
        }
    }
}

/// Some rows have no value: nulls fight nobody.
fn nullable(value: u64) -> String {
    if value.is_multiple_of(3) { "null".to_owned() } else { (value % VALUES).to_string() }
}

impl Operation {
    pub(super) fn random(random: &mut Random) -> Self {
        let table = *random.pick(&Table::ALL);
        let key = random.below(KEYS);
        let value = random.below(VALUES);
        match random.below(42) {
            40 => return Self::many(random),
            41 => return Self::UpdateOneOfMany { key: random.below(BULK) },
            _ => {}
        }
        match random.below(20) {
            0..4 => Self::Upsert { table, key, value },
            4..7 => Self::Insert { table, key, value },
            7..10 => Self::Update { table, key },
            10 => Self::UpdateMany { table, modulus: 3 + random.below(7), rest: random.below(3) },
            11..13 => Self::Take { table, key, value },
            13 => Self::Steal { table, key, value },
            14..16 => Self::Move { table, key, to: random.below(KEYS) },
            16..18 => Self::Delete { table, key },
            18 => Self::Replace { table, key, value },
            _ => Self::DeleteMany { table, modulus: 5 + random.below(5), rest: random.below(5) },
        }
    }

    fn many(random: &mut Random) -> Self {
        if random.below(2) == 0 { Self::Fill } else { Self::Empty }
    }

    pub(super) fn sql(&self, node: &str) -> String {
        let set = format!("token = {}", token(node));
        match *self {
            Self::Fill => format!(
                "insert into bulk select i, {} from generate_series(0, {}) i \
                 on conflict do nothing",
                token(node),
                BULK - 1
            ),
            Self::Empty => "delete from bulk".to_owned(),
            Self::UpdateOneOfMany { key } => format!("update bulk set {set} where id = {key}"),
            Self::Upsert { table, key, value } => {
                let (columns, values) = table.row(node, key, value);
                format!(
                    "insert into {0} ({columns}) values ({values}) on conflict ({1}) \
                     do update set token = excluded.token",
                    table.name(),
                    table.target()
                )
            }
            Self::Insert { table, key, value } => {
                let (columns, values) = table.row(node, key, value);
                format!(
                    "insert into {} ({columns}) values ({values}) on conflict do nothing",
                    table.name()
                )
            }
            Self::Update { table, key } => {
                format!("update {} set {set} where {}", table.name(), table.is(key))
            }
            Self::UpdateMany { table, modulus, rest } => format!(
                "update {} set {set} where {} % {modulus} = {rest}",
                table.name(),
                table.key()
            ),
            Self::Take { table, key, value } => {
                let (column, value) = table.unique(value);
                format!(
                    "update {0} set {set}, {column} = {value} where {1} and not exists \
                     (select from {0} where {column} = {value})",
                    table.name(),
                    table.is(key)
                )
            }
            Self::Steal { table, key, value } => {
                let (column, value) = table.unique(value);
                format!(
                    "update {0} set {set}, {column} = null where {column} = {value}; \
                     update {0} set {set}, {column} = {value} where {1}",
                    table.name(),
                    table.is(key)
                )
            }
            Self::Move { table, key, to } => {
                let assignment = match table {
                    Table::Exact => format!("k = {to}, l = 'l{}'", to % 3),
                    Table::Plain | Table::Parted => format!("id = {to}"),
                };
                format!(
                    "update {0} set {set}, {assignment} where {1} and not exists \
                     (select from {0} where {2})",
                    table.name(),
                    table.is(key),
                    table.is(to)
                )
            }
            Self::Delete { table, key } => {
                format!("delete from {} where {}", table.name(), table.is(key))
            }
            Self::DeleteMany { table, modulus, rest } => {
                format!("delete from {} where {} % {modulus} = {rest}", table.name(), table.key())
            }
            Self::Replace { table, key, value } => {
                let (columns, values) = table.row(node, key, value);
                format!(
                    "delete from {0} where {1}; insert into {0} ({columns}) values ({values}) \
                     on conflict do nothing",
                    table.name(),
                    table.is(key)
                )
            }
        }
    }
}

/// A transaction: one statement, or several, or some of them taken back.
pub(super) fn transaction(random: &mut Random, node: &str) -> Vec<String> {
    let one = |random: &mut Random| Operation::random(random).sql(node);
    match random.below(10) {
        0..6 => vec![one(random)],
        6..8 => {
            let mut statements = vec!["begin".to_owned()];
            for _ in 0..2 + random.below(5) {
                statements.push(one(random));
            }
            statements.push("commit".to_owned());
            statements
        }
        8 => vec![
            "begin".to_owned(),
            one(random),
            "savepoint s".to_owned(),
            one(random),
            one(random),
            "rollback to s".to_owned(),
            one(random),
            "commit".to_owned(),
        ],
        _ => vec!["begin".to_owned(), one(random), one(random), "rollback".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_transactions_again() {
        let all = |seed| {
            let mut random = Random::new(seed);
            (0..50).map(|_| transaction(&mut random, "a")).collect::<Vec<_>>()
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
    }
}
