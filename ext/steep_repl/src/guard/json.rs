//! Rows as `jsonb`, built from their values: what `to_jsonb(row)` makes, without asking the catalogs
//! about each value and without going through its text.

use pgrx::pg_sys;
use pgrx::pg_sys::JsonbIteratorToken::{WJB_BEGIN_OBJECT, WJB_END_OBJECT, WJB_KEY, WJB_VALUE};
use pgrx::pg_sys::jbvType::{jbvBool, jbvNull, jbvNumeric, jbvString};
use std::ffi::{c_char, c_int};

/// How a value of a type stands in JSON (`json_categorize_type`, jsonfuncs.c).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int16,
    Int32,
    Int64,
    Numeric,
    Bool,
    /// Its bytes are its text.
    Text,
    /// As ISO 8601.
    Time(pg_sys::Oid),
    Uuid,
}

impl Kind {
    /// `None` for types that are left to `to_jsonb`.
    pub(super) fn of(kind: pg_sys::Oid) -> Option<Self> {
        Some(match kind {
            pg_sys::INT2OID => Self::Int16,
            pg_sys::INT4OID => Self::Int32,
            pg_sys::INT8OID => Self::Int64,
            pg_sys::NUMERICOID => Self::Numeric,
            pg_sys::BOOLOID => Self::Bool,
            pg_sys::TEXTOID | pg_sys::VARCHAROID => Self::Text,
            pg_sys::DATEOID | pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID => Self::Time(kind),
            pg_sys::UUIDOID => Self::Uuid,
            _ => return None,
        })
    }
}

/// A member of an object.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) value: Option<pg_sys::Datum>,
}

/// An object of these members, in the current memory context.
///
/// # Safety
/// Each value is of its kind.
pub(super) unsafe fn object(members: &[Member<'_>]) -> pg_sys::Datum {
    // SAFETY: the caller's promise. One boundary for all calls: nothing between them needs cleaning
    // up when an error jumps out.
    unsafe {
        pg_sys::ffi::pg_guard_ffi_boundary(|| {
            let mut state = std::ptr::null_mut();
            raw::pushJsonbValue(&mut state, WJB_BEGIN_OBJECT, std::ptr::null_mut());
            for member in members {
                let mut name = string(member.name.as_ptr().cast(), member.name.len());
                raw::pushJsonbValue(&mut state, WJB_KEY, &mut name);
                let mut value = value(member);
                raw::pushJsonbValue(&mut state, WJB_VALUE, &mut value);
            }
            let whole = raw::pushJsonbValue(&mut state, WJB_END_OBJECT, std::ptr::null_mut());
            pg_sys::Datum::from(raw::JsonbValueToJsonb(whole))
        })
    }
}

unsafe fn value(member: &Member<'_>) -> pg_sys::JsonbValue {
    let mut json = pg_sys::JsonbValue { type_: jbvNull, ..Default::default() };
    let Some(value) = member.value else { return json };
    // SAFETY: the caller's promise, throughout; the representations are those of postgres.h.
    unsafe {
        let number = |number: i64| {
            let mut json = pg_sys::JsonbValue { type_: jbvNumeric, ..Default::default() };
            json.val.numeric = raw::int64_to_numeric(number);
            json
        };
        match member.kind {
            Kind::Int16 => number((value.value() as i16).into()),
            Kind::Int32 => number((value.value() as i32).into()),
            Kind::Int64 => number(value.value() as i64),
            Kind::Numeric => {
                let value: pg_sys::Numeric = raw::pg_detoast_datum(value.cast_mut_ptr()).cast();
                if raw::numeric_is_nan(value) || raw::numeric_is_inf(value) {
                    return c_string(raw::OidOutputFunctionCall(
                        pg_sys::Oid::from(pg_sys::F_NUMERIC_OUT),
                        value.into(),
                    ));
                }
                json.type_ = jbvNumeric;
                json.val.numeric = value;
                json
            }
            Kind::Bool => {
                json.type_ = jbvBool;
                json.val.boolean = value.value() & 1 != 0;
                json
            }
            Kind::Text => {
                let text = raw::pg_detoast_datum_packed(value.cast_mut_ptr());
                string(pgrx::varlena::vardata_any(text), pgrx::varlena::varsize_any_exhdr(text))
            }
            Kind::Time(kind) => {
                let buffer = raw::palloc(MAXDATELEN + 1).cast();
                c_string(raw::JsonEncodeDateTime(buffer, value, kind, std::ptr::null()))
            }
            Kind::Uuid => {
                c_string(raw::OidOutputFunctionCall(pg_sys::Oid::from(pg_sys::F_UUID_OUT), value))
            }
        }
    }
}

/// Room for the text of a point in time (datetime.h).
const MAXDATELEN: usize = 128;

unsafe fn c_string(text: *mut c_char) -> pg_sys::JsonbValue {
    // SAFETY: a text of an output function.
    string(text, unsafe { std::ffi::CStr::from_ptr(text) }.count_bytes())
}

fn string(start: *const c_char, length: usize) -> pg_sys::JsonbValue {
    let mut json = pg_sys::JsonbValue { type_: jbvString, ..Default::default() };
    // Within MaxAllocSize.
    json.val.string = pg_sys::JsonbValue__bindgen_ty_1__bindgen_ty_1 {
        len: length as c_int,
        val: start.cast_mut(),
    };
    json
}

/// As the server exports them, to be called behind the one boundary of `object`.
mod raw {
    use super::{c_char, c_int, pg_sys};

    unsafe extern "C-unwind" {
        pub(super) fn pushJsonbValue(
            state: *mut *mut pg_sys::JsonbParseState,
            token: pg_sys::JsonbIteratorToken::Type,
            value: *mut pg_sys::JsonbValue,
        ) -> *mut pg_sys::JsonbValue;
        pub(super) fn JsonbValueToJsonb(value: *mut pg_sys::JsonbValue) -> *mut pg_sys::Jsonb;
        pub(super) fn int64_to_numeric(value: i64) -> pg_sys::Numeric;
        pub(super) fn numeric_is_nan(value: pg_sys::Numeric) -> bool;
        pub(super) fn numeric_is_inf(value: pg_sys::Numeric) -> bool;
        pub(super) fn pg_detoast_datum(value: *mut pg_sys::varlena) -> *mut pg_sys::varlena;
        pub(super) fn pg_detoast_datum_packed(value: *mut pg_sys::varlena) -> *mut pg_sys::varlena;
        pub(super) fn OidOutputFunctionCall(
            function: pg_sys::Oid,
            value: pg_sys::Datum,
        ) -> *mut c_char;
        pub(super) fn JsonEncodeDateTime(
            buffer: *mut c_char,
            value: pg_sys::Datum,
            kind: pg_sys::Oid,
            zone: *const c_int,
        ) -> *mut c_char;
        pub(super) fn palloc(size: usize) -> *mut std::ffi::c_void;
    }
}
