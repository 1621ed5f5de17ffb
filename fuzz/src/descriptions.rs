use steep_ddl::TableDescription;

/// The canonical form of a table, as a peer sends it: what is read is written in the same bytes again.
///
/// # Panics
/// When that is not so.
pub fn descriptions(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(table) = TableDescription::from_canonical(text) {
        assert_eq!(table.canonical(), text);
        assert!(steep_ddl::differences(&table, &table).is_empty());
    }
}
