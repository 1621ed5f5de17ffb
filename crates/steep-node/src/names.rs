//! Names of the objects that tie two nodes together, and how names and values are written in SQL.

use steep_proto::ReplicatedTable;

/// PostgreSQL's `NAMEDATALEN - 1`: longer names are cut off.
const NAME_LENGTH: usize = 63;
const PREFIX: &str = "steep_repl_";

/// The name of what belongs to a node on another one: its slot, its role, and the subscription to
/// it.
///
/// A slot's name may have lower-case letters, digits and underscores only. A node id that has others,
/// or is too long, is told apart by a hash.
///
/// ```
/// assert_eq!(steep_node::names::of_node("hq"), "steep_repl_hq");
/// assert_ne!(steep_node::names::of_node("HQ"), steep_node::names::of_node("hq"));
/// ```
#[must_use]
pub fn of_node(node: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let plain: String = node
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    if plain == node && PREFIX.len() + plain.len() <= NAME_LENGTH {
        return format!("{PREFIX}{plain}");
    }
    let hash = format!("_{:08x}", fnv(node.as_bytes()));
    let room = NAME_LENGTH - PREFIX.len() - hash.len();
    format!("{PREFIX}{}{hash}", &plain[..plain.len().min(room)])
}

/// FNV-1a of 32 bits: two node ids of a group that differ only in what slots cannot say are rare,
/// and `nodes` shows both.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// A quoted identifier.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table's quoted name, with its schema.
pub(crate) fn qualified(table: &ReplicatedTable) -> String {
    format!("{}.{}", identifier(&table.table_schema), identifier(&table.table_name))
}

/// A quoted literal, whatever `standard_conforming_strings` says.
#[must_use]
pub fn literal(value: &str) -> String {
    if value.contains('\\') {
        format!(" E'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

/// One `keyword=value` of a connection string, quoted as libpq wants it.
#[must_use]
pub fn conninfo(parameters: &[(&str, &str)]) -> String {
    let parts = parameters.iter().map(|(keyword, value)| {
        format!("{keyword}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_differ() {
        let long = "n".repeat(63);
        let names = ["a", "A", "a.b", "a-b", "a_b", long.as_str()].map(of_node);
        for name in &names {
            assert!(name.len() <= NAME_LENGTH, "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
        }
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len());
    }

    #[test]
    fn what_is_quoted_stays_one_thing() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), " E'a\\\\''b'");
        assert_eq!(
            conninfo(&[("host", "a b"), ("password", "x'y")]),
            "host='a b' password='x\\'y'"
        );
    }
}
