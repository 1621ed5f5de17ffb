//! A row's key: its hash, its text, and as JSON for people.

use super::table::Table;
use super::{json, modes};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::CStr;

/// The value of a key column; an error if it is null, which a key never is.
unsafe fn of_key(table: &Table, slot: *mut pg_sys::TupleTableSlot, place: usize) -> pg_sys::Datum {
    // SAFETY: the caller's promise.
    match unsafe { value(slot, place) } {
        (value, false) => value,
        (_, true) => {
            ereport!(
                PgLogLevel::ERROR,
                PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION,
                format!(
                    "a row of replicated table {} has no key: column \"{}\" is null",
                    table.qualified_name(),
                    table.columns[place].name
                )
            );
            unreachable!("an ERROR report does not return")
        }
    }
}

/// Hash of the key columns of a row, the same for keys that are equal to their index.
///
/// # Safety
/// `slot` holds a row of the table; its key columns are not null.
pub(super) unsafe fn hash(table: &Table, slot: *mut pg_sys::TupleTableSlot) -> i64 {
    table
        .key
        .iter()
        // SAFETY: the caller's promise.
        .fold(0, |seed, column| unsafe { column.hash(of_key(table, slot, column.place), seed) })
        .cast_signed()
}

/// As [`hash`], and the texts of the key columns one after another.
///
/// # Safety
/// As [`hash`].
pub(super) unsafe fn hash_and_texts(
    table: &Table,
    slot: *mut pg_sys::TupleTableSlot,
    mut push: impl FnMut(&[u8]),
) -> u64 {
    table.key.iter().fold(0, |seed, column| {
        // SAFETY: the caller's promise; the text is a string of the server.
        let (hash, text) = unsafe {
            let (hash, text) = column.hash_and_text(of_key(table, slot, column.place), seed);
            (hash, CStr::from_ptr(text))
        };
        push(text.to_bytes());
        hash
    })
}

/// The key columns as `text[]`.
///
/// # Safety
/// As [`hash`].
pub(super) unsafe fn as_texts(table: &Table, slot: *mut pg_sys::TupleTableSlot) -> pg_sys::Datum {
    // SAFETY: the caller's promise.
    unsafe {
        let _settings = modes::stable_texts();
        let mut texts: Vec<pg_sys::Datum> = table
            .key
            .iter()
            .map(|key| {
                let text = key.text(of_key(table, slot, key.place));
                pg_sys::Datum::from(pg_sys::cstring_to_text(text))
            })
            .collect();
        let count = texts.len() as i32;
        pg_sys::construct_array(
            texts.as_mut_ptr(),
            count,
            pg_sys::TEXTOID,
            -1,
            false,
            pg_sys::TYPALIGN_INT as std::ffi::c_char,
        )
        .into()
    }
}

/// Whether the key columns of a row equal the texts.
///
/// # Safety
/// As [`hash`]; `texts` was made by [`as_texts`] for this table.
pub(super) unsafe fn equals(
    table: &Table,
    slot: *mut pg_sys::TupleTableSlot,
    texts: &[Option<String>],
) -> bool {
    // SAFETY: the caller's promise.
    let _settings = unsafe { modes::stable_texts() };
    texts.len() == table.key.len()
        && table.key.iter().zip(texts).all(|(key, text)| {
            let Some(text) = text.as_deref().and_then(|text| std::ffi::CString::new(text).ok())
            else {
                return false;
            };
            // SAFETY: the caller's promise.
            unsafe {
                let stored = table.columns[key.place].parse(&text);
                key.equal(of_key(table, slot, key.place), stored)
            }
        })
}

/// The key as `{column: value}`.
///
/// # Safety
/// As [`hash`].
pub(super) unsafe fn as_jsonb(table: &Table, slot: *mut pg_sys::TupleTableSlot) -> pg_sys::Datum {
    // SAFETY: the caller's promise.
    let plain = table.key.iter().map(|key| unsafe {
        let value = Some(of_key(table, slot, key.place));
        let name = Some(&table.columns[key.place].name).filter(|name| name.is_ascii())?;
        Some(json::Member { name, kind: key.json?, value })
    });
    if let Some(members) = plain.collect::<Option<Vec<_>>>() {
        // SAFETY: values of these columns.
        return unsafe { json::object(&members) };
    }
    let mut json = String::from("{");
    for key in &table.key {
        let column = &table.columns[key.place];
        // SAFETY: the caller's promise.
        let text = unsafe { CStr::from_ptr(key.text(of_key(table, slot, key.place))) };
        let text = text.to_string_lossy();
        if json.len() > 1 {
            json.push(',');
        }
        push_string(&mut json, &column.name);
        json.push(':');
        match column.type_oid {
            pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID => json.push_str(&text),
            _ => push_string(&mut json, &text),
        }
    }
    json.push('}');
    // SAFETY: the text is JSON.
    unsafe { jsonb(json) }
}

/// A `jsonb` of its text.
///
/// # Safety
/// `json` is valid JSON.
pub(super) unsafe fn jsonb(json: String) -> pg_sys::Datum {
    let text = std::ffi::CString::new(json).unwrap_or_default();
    // SAFETY: the caller's promise.
    unsafe {
        pg_sys::OidFunctionCall1Coll(
            pg_sys::Oid::from(pg_sys::F_JSONB_IN),
            pg_sys::InvalidOid,
            pg_sys::Datum::from(text.as_ptr()),
        )
    }
}

/// Appends `text` as a JSON string (RFC 8259, section 7).
pub(super) fn push_string(json: &mut String, text: &str) {
    use std::fmt::Write as _;
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            other => json.push(other),
        }
    }
    json.push('"');
}

/// The value at a place of a row, and whether it is null.
///
/// # Safety
/// `slot` holds a row with that many columns.
pub(super) unsafe fn value(
    slot: *mut pg_sys::TupleTableSlot,
    place: usize,
) -> (pg_sys::Datum, bool) {
    // SAFETY: the caller's promise; what is deformed already can be read where it is.
    unsafe {
        if usize::try_from((*slot).tts_nvalid).is_ok_and(|valid| place < valid) {
            return (*(*slot).tts_values.add(place), *(*slot).tts_isnull.add(place));
        }
        let mut is_null = false;
        let value = pg_sys::slot_getattr(slot, place as i32 + 1, &mut is_null);
        (value, is_null)
    }
}

/// The value at a place of a row, if it is not null.
///
/// # Safety
/// As [`value`].
pub(super) unsafe fn optional_value(
    slot: *mut pg_sys::TupleTableSlot,
    place: usize,
) -> Option<pg_sys::Datum> {
    // SAFETY: the caller's promise.
    let (value, is_null) = unsafe { value(slot, place) };
    (!is_null).then_some(value)
}

/// Whether two rows have the same key, as its index sees it: 1.0 and 1.00 are equal.
///
/// # Safety
/// Both slots hold rows of the table; their key columns are not null.
pub(super) unsafe fn same_key(
    table: &Table,
    one: *mut pg_sys::TupleTableSlot,
    other: *mut pg_sys::TupleTableSlot,
) -> bool {
    table.key.iter().all(|key| {
        // SAFETY: the caller's promise. Most keys are the same to the byte.
        unsafe {
            same(table, one, other, key.place)
                || key.equal(of_key(table, one, key.place), of_key(table, other, key.place))
        }
    })
}

/// Whether two rows of the table have the same bytes at a place.
///
/// # Safety
/// Both slots hold rows of the table.
pub(super) unsafe fn same(
    table: &Table,
    one: *mut pg_sys::TupleTableSlot,
    other: *mut pg_sys::TupleTableSlot,
    place: usize,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match (value(one, place), value(other, place)) {
            ((_, true), (_, true)) => true,
            ((one, false), (other, false)) => table.columns[place].same_bytes(one, other),
            _ => false,
        }
    }
}

/// Whether two rows have the same values in all columns that replicate.
///
/// # Safety
/// Both slots hold rows of the table.
pub(super) unsafe fn same_row(
    table: &Table,
    one: *mut pg_sys::TupleTableSlot,
    other: *mut pg_sys::TupleTableSlot,
) -> bool {
    let sent = table.columns.iter().enumerate().filter(|(_, column)| column.is_sent);
    // SAFETY: the caller's promise.
    sent.into_iter().all(|(place, _)| unsafe { same(table, one, other, place) })
}

/// Texts of a `text[]`.
///
/// # Safety
/// `array` is a `text[]`.
pub(super) unsafe fn texts(array: pg_sys::Datum) -> Vec<Option<String>> {
    // SAFETY: the caller's promise.
    unsafe { Vec::<Option<String>>::from_datum(array, false) }.unwrap_or_default()
}
