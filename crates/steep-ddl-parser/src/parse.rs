use crate::{ParseError, statement};
use pg_query::protobuf::RawStmt;
use std::ops::Range;
use steep_ddl::Statement;

/// The longest text that is read. A megabyte of migrations is read in one go; what is longer is a
/// dump, and not to be classified.
pub const MAX_BYTES: usize = 1 << 20;

/// A statement and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parsed {
    /// The statement.
    pub statement: Statement<'static>,
    /// Its bytes in the text, without the semicolon and spaces around it.
    pub text: Range<usize>,
}

/// All statements of a text, in their order. Empty ones are left out, as PostgreSQL does.
///
/// # Errors
/// The text is too long or not SQL, or one of its statements cannot be read. There are no
/// statements of a text that is wrong somewhere: PostgreSQL carries out none of it either, if it
/// gets it in one piece.
pub fn parse(text: &str) -> Result<Vec<Parsed>, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(ParseError::TooLong { bytes: text.len() });
    }
    if let Some(at) = text.bytes().position(|byte| byte == 0) {
        return Err(ParseError::Zero { at });
    }
    let tree = pg_query::parse(text, pg_query::ParserOptions::DEFAULT)?;
    tree.protobuf.stmts.iter().map(|raw| parsed(text, raw)).collect()
}

fn parsed(text: &str, raw: &RawStmt) -> Result<Parsed, ParseError> {
    let range = range(text, raw);
    let node = raw.stmt.as_ref().and_then(|node| node.node.as_ref());
    let statement = node.and_then(statement::of);
    let statement = statement.ok_or(ParseError::Unknown { at: range.start })?;
    Ok(Parsed { statement, text: range })
}

/// A length of 0 means: to the end of the text.
fn range(text: &str, raw: &RawStmt) -> Range<usize> {
    let start = usize::try_from(raw.stmt_location).unwrap_or_default();
    let end = match usize::try_from(raw.stmt_len).unwrap_or_default() {
        0 => text.len(),
        length => start + length,
    };
    let piece = text.get(start..end).unwrap_or_default();
    let start = start + (piece.len() - piece.trim_start().len());
    start..start + piece.trim().len()
}
