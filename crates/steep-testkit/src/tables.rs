//! Comparing a table between clusters.

use std::collections::BTreeMap;
use std::fmt;

use crate::cluster::{ClusterError, PgCluster};

/// How many differing rows an error shows.
const SHOWN: usize = 10;

/// Why tables are not known to be equal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TablesError {
    /// A table cannot be read.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The rows differ.
    #[error("{0}")]
    Differ(TableDifference),
}

/// The rows in which a table differs between two clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableDifference {
    /// The table.
    pub table: String,
    /// The names of the two clusters.
    pub clusters: (String, String),
    /// The differing rows as text, and how many more of them the first cluster has than the second.
    pub rows: Vec<(String, i64)>,
}

impl fmt::Display for TableDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = &self.clusters;
        write!(
            f,
            "{} differs between {first} and {second} in {} rows:",
            self.table,
            self.rows.len()
        )?;
        for (row, surplus) in self.rows.iter().take(SHOWN) {
            let only_on = if *surplus > 0 { first } else { second };
            write!(f, "\n  only on {only_on}: {row}")?;
            if surplus.unsigned_abs() > 1 {
                write!(f, " ({} times)", surplus.unsigned_abs())?;
            }
        }
        if self.rows.len() > SHOWN {
            write!(f, "\n  and {} more", self.rows.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// Compares the rows of a table, as text and without regard to their order, between the first of
/// the clusters and every other. The table is named as in a query, with its schema if need be.
///
/// Rows are compared as PostgreSQL writes them, so the columns must have the same order. All rows
/// are read into memory. To wait for equality, use [`wait::tables_equal`](crate::wait::tables_equal).
///
/// # Errors
/// When rows differ or a table cannot be read.
pub fn tables_equal(
    clusters: &[&PgCluster],
    database: &str,
    table: &str,
) -> Result<(), TablesError> {
    let Some((first, others)) = clusters.split_first() else { return Ok(()) };
    let expected = counted_rows(first, database, table)?;
    for other in others {
        let rows = differences(&expected, &counted_rows(other, database, table)?);
        if !rows.is_empty() {
            let clusters = (first.name().to_owned(), other.name().to_owned());
            let table = table.to_owned();
            return Err(TablesError::Differ(TableDifference { table, clusters, rows }));
        }
    }
    Ok(())
}

type Counted = BTreeMap<String, i64>;

fn counted_rows(cluster: &PgCluster, database: &str, table: &str) -> Result<Counted, ClusterError> {
    let rows = cluster.query(database, &format!("select r::text from {table} r"))?;
    Ok(rows.into_iter().flatten().flatten().fold(Counted::new(), |mut counted, row| {
        *counted.entry(row).or_default() += 1;
        counted
    }))
}

fn differences(first: &Counted, second: &Counted) -> Vec<(String, i64)> {
    let mut surplus = first.clone();
    for (row, count) in second {
        *surplus.entry(row.clone()).or_default() -= count;
    }
    surplus.into_iter().filter(|(_, count)| *count != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_ten_rows_are_shown() {
        let first: Counted = (10..22).map(|id| (format!("({id})"), 1)).collect();
        let second = Counted::from([("(10)".to_owned(), 3)]);
        let rows = differences(&first, &second);
        assert_eq!(rows.first(), Some(&("(10)".to_owned(), -2)));
        let clusters = ("a".to_owned(), "b".to_owned());
        let said = TableDifference { table: "t".to_owned(), clusters, rows }.to_string();
        assert!(said.starts_with("t differs between a and b in 12 rows:"), "{said}");
        assert!(said.contains("only on b: (10) (2 times)\n  only on a: (11)\n"), "{said}");
        assert!(said.ends_with("only on a: (19)\n  and 2 more"), "{said}");
    }
}
