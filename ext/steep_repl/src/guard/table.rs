//! What the guard needs to know of a table, read once from its relation cache entry.

use super::memory::Memory;
use super::{json, unbound};
use crate::boundary::{raw, within};
use crate::hook::hide_dormant_triggers;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::rc::Rc;

/// A replicated table, or a partition of one.
pub(crate) struct Table {
    /// The table that `steep_repl.replicated_tables` lists: itself, or the root it is a partition of.
    pub(crate) root: pg_sys::Oid,
    /// Name of the root.
    pub(crate) schema: String,
    pub(crate) name: String,
    /// Columns by attribute number minus one.
    pub(crate) columns: Vec<Column>,
    /// The columns that identify a row on all nodes, in the order of their index.
    pub(crate) key: Vec<KeyColumn>,
    pub(crate) key_index: pg_sys::Oid,
    /// Every other unique index.
    pub(crate) secondary: Vec<UniqueIndex>,
    /// Some columns are computed and stored, which the worker does after the trigger.
    pub(crate) computes: bool,
    /// A unique index needs such columns.
    pub(crate) computes_keys: bool,
    pub(crate) owner: pg_sys::Oid,
    /// The row is built as `jsonb` here: every column's kind is known.
    is_plain_json: bool,
    /// `to_jsonb` of a row of this table.
    to_jsonb: RefCell<pg_sys::FmgrInfo>,
    /// Holds what the functions keep.
    _memory: Memory,
}

/// Rows with more than this out of line are not logged: `jsonb` ends at 256 MB, escapes included.
const LOGGED_SIZE: usize = 32 << 20;
const TOO_LARGE: &str = r#"{"steep_repl": "the row is too large to be logged"}"#;

pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) type_oid: pg_sys::Oid,
    pub(crate) type_modifier: i32,
    pub(crate) length: i16,
    pub(crate) by_value: bool,
    /// Dropped or generated: never in a message.
    pub(crate) is_sent: bool,
    pub(crate) is_toastable: bool,
    pub(super) is_dropped: bool,
    /// Computed when it is read: null in every row (from PostgreSQL 18 on).
    is_virtual: bool,
    /// How it stands in JSON, if that is simple.
    json: Option<json::Kind>,
}

pub(crate) struct KeyColumn {
    /// Attribute number minus one.
    pub(crate) place: usize,
    /// How it stands in the key's JSON, if that is not its text in quotes.
    pub(super) json: Option<json::Kind>,
    collation: pg_sys::Oid,
    /// The type's extended hash function, if it has one.
    hash: Option<RefCell<pg_sys::FmgrInfo>>,
    equal: RefCell<pg_sys::FmgrInfo>,
    output: RefCell<pg_sys::FmgrInfo>,
}

pub(crate) struct UniqueIndex {
    pub(crate) oid: pg_sys::Oid,
    /// Places of its columns; `None` where an expression or predicate may look at any column.
    pub(crate) columns: Option<Vec<usize>>,
}

thread_local! {
    static TABLES: RefCell<BTreeMap<u32, Rc<Table>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A relation changed: what is known of it is read anew.
pub(crate) fn forget(relation: u32) {
    super::own_table::forget_oid(relation);
    // A callback may come at any moment; while a table is being read its entry is not in the map.
    let _ = TABLES.try_with(|tables| {
        if let Ok(mut tables) = tables.try_borrow_mut() {
            if relation == 0 {
                tables.clear();
            } else {
                tables.remove(&relation);
            }
        }
    });
}

impl Table {
    /// Whether nothing has changed about the relation since this was read.
    pub(super) fn is_current(self: &Rc<Self>, relation: pg_sys::Oid) -> bool {
        TABLES.with_borrow(|tables| {
            tables.get(&relation.to_u32()).is_some_and(|known| Rc::ptr_eq(known, self))
        })
    }

    /// What is known of the relation.
    ///
    /// # Safety
    /// `relation` is open.
    pub(crate) unsafe fn of(relation: pg_sys::Relation) -> Rc<Self> {
        // SAFETY: the caller's promise.
        let oid = unsafe { (*relation).rd_id };
        if let Some(known) = TABLES.with_borrow(|tables| tables.get(&oid.to_u32()).cloned()) {
            return known;
        }
        // SAFETY: the caller's promise.
        let table = Rc::new(unsafe {
            hide_dormant_triggers(relation);
            Self::read(relation)
        });
        TABLES.with_borrow_mut(|tables| tables.insert(oid.to_u32(), table.clone()));
        table
    }

    unsafe fn read(relation: pg_sys::Relation) -> Self {
        // SAFETY: an open relation's descriptor and catalog look-ups.
        unsafe {
            let class = (*relation).rd_rel;
            let memory = Memory::new(c"steep_repl table");
            let root = root_of((*relation).rd_id, (*class).relispartition);
            let columns = columns((*relation).rd_att);
            let (indexes, key_index) = unique_indexes(relation);
            let key_of = indexes.iter().find(|(index, _)| index.oid == key_index);
            let key_columns = key_of.map_or(Vec::new(), |(index, keys)| {
                index.columns.as_ref().map_or(Vec::new(), |places| places[..*keys].to_vec())
            });
            let key = key_columns
                .iter()
                .map(|place| KeyColumn::new(*place, (*relation).rd_att, memory.context()));
            let key = key.collect();
            let generated = |place: &usize| !columns[*place].is_sent;
            let computes = !(*(*relation).rd_att).constr.is_null()
                && (*(*(*relation).rd_att).constr).has_generated_stored;
            let computes_keys = computes
                && indexes.iter().any(|(index, _)| {
                    index.columns.as_ref().is_none_or(|c| c.iter().any(generated))
                });
            let secondary = indexes
                .into_iter()
                .map(|(index, _)| index)
                .filter(|i| i.oid != key_index)
                .collect();
            let is_plain_json = columns.iter().all(|column| {
                // The names are kept in UTF-8, whatever the server's encoding.
                let is_plain = column.is_sent && column.name.is_ascii();
                !column.has_value() || is_plain && column.json.is_some()
            });
            Self {
                root,
                is_plain_json,
                schema: text(pg_sys::get_namespace_name(pg_sys::get_rel_namespace(root))),
                name: text(pg_sys::get_rel_name(root)),
                columns,
                key,
                key_index,
                secondary,
                computes,
                computes_keys,
                owner: (*class).relowner,
                to_jsonb: RefCell::new(to_jsonb_of((*class).reltype, memory.context())),
                _memory: memory,
            }
        }
    }

    /// The row as `to_jsonb(row)`, without columns that are not stored: what is computed when it is
    /// read may fail then, and that must not stop the worker.
    ///
    /// # Safety
    /// `tuple` is a row of this table, `descriptor` the table's.
    pub(crate) unsafe fn jsonb(
        &self,
        tuple: pg_sys::HeapTuple,
        descriptor: pg_sys::TupleDesc,
    ) -> pg_sys::Datum {
        // SAFETY: the caller's promise; the function info was made for this row type.
        unsafe {
            if self.is_too_large(tuple, descriptor) {
                return super::key::jsonb(TOO_LARGE.to_owned());
            }
            if self.is_plain_json {
                return self.plain_jsonb(tuple, descriptor);
            }
            let row = pg_sys::heap_copy_tuple_as_datum(tuple, descriptor);
            let row = pg_sys::FunctionCall1Coll(self.to_jsonb.as_ptr(), pg_sys::InvalidOid, row);
            self.columns.iter().filter(|column| column.is_virtual).fold(row, |row, column| {
                let name = CString::new(column.name.as_str()).unwrap_or_default();
                pg_sys::OidFunctionCall2Coll(
                    pg_sys::Oid::from(pg_sys::F_JSONB_DELETE_JSONB_TEXT),
                    pg_sys::InvalidOid,
                    row,
                    pg_sys::Datum::from(pg_sys::cstring_to_text(name.as_ptr())),
                )
            })
        }
    }

    /// The same, built from the values.
    unsafe fn plain_jsonb(
        &self,
        tuple: pg_sys::HeapTuple,
        descriptor: pg_sys::TupleDesc,
    ) -> pg_sys::Datum {
        let count = self.columns.len();
        let (mut values, mut nulls) = (vec![pg_sys::Datum::null(); count], vec![true; count]);
        // SAFETY: the caller's promise; the columns are those of the descriptor, in their order.
        unsafe {
            pg_sys::heap_deform_tuple(tuple, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            let members = self.columns.iter().zip(values.iter().zip(&nulls));
            let members = members.filter_map(|(column, (value, is_null))| {
                let kind = column.json.filter(|_| column.has_value())?;
                let value = (!is_null).then_some(*value);
                Some(json::Member { name: &column.name, kind, value })
            });
            json::object(&members.collect::<Vec<_>>())
        }
    }

    unsafe fn is_too_large(&self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> bool {
        let values = self.columns.iter().enumerate().filter(|(_, column)| column.is_toastable);
        let sizes = values.map(|(place, _)| {
            let mut is_null = false;
            // SAFETY: the caller's promise; only values out of line are that large.
            unsafe {
                let value = pg_sys::heap_getattr(tuple, place as i32 + 1, descriptor, &mut is_null);
                if is_null || !pgrx::varlena::varatt_is_1b_e(value.cast_mut_ptr()) {
                    0
                } else {
                    pg_sys::toast_raw_datum_size(value)
                }
            }
        });
        sizes.sum::<usize>() > LOGGED_SIZE
    }

    pub(crate) fn qualified_name(&self) -> String {
        format!("\"{}.{}\"", self.schema, self.name)
    }

    pub(crate) fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known.is_sent && known.name == column)
    }
}

impl KeyColumn {
    unsafe fn new(
        place: usize,
        descriptor: pg_sys::TupleDesc,
        memory: pg_sys::MemoryContext,
    ) -> Self {
        // SAFETY: the type cache lives as long as the process, and so do its function infos.
        unsafe {
            let attribute = attribute(descriptor, place);
            let flags = pg_sys::TYPECACHE_HASH_EXTENDED_PROC_FINFO | pg_sys::TYPECACHE_EQ_OPR_FINFO;
            let entry = pg_sys::lookup_type_cache((*attribute).atttypid, flags.cast_signed());
            let (mut hash, mut equal) = ((*entry).hash_extended_proc_finfo, (*entry).eq_opr_finfo);
            (hash.fn_mcxt, equal.fn_mcxt) = (memory, memory);
            (hash.fn_extra, equal.fn_extra) = (std::ptr::null_mut(), std::ptr::null_mut());
            Self {
                place,
                json: json::Kind::of((*attribute).atttypid).filter(|kind| {
                    use json::Kind::{Int16, Int32, Int64, Text};
                    matches!(kind, Int16 | Int32 | Int64 | Text)
                }),
                collation: (*attribute).attcollation,
                hash: (hash.fn_oid != pg_sys::InvalidOid).then(|| RefCell::new(hash)),
                equal: RefCell::new(equal),
                output: RefCell::new(output_of((*attribute).atttypid, memory)),
            }
        }
    }

    /// # Safety
    /// `value` is of the column's type and not null.
    pub(crate) unsafe fn hash(&self, value: pg_sys::Datum, seed: u64) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { within(|| self.raw_hash(value, seed)) }
    }

    /// The value's text.
    ///
    /// # Safety
    /// `value` is of the column's type and not null.
    pub(crate) unsafe fn text(&self, value: pg_sys::Datum) -> *mut std::ffi::c_char {
        // SAFETY: the caller's promise.
        unsafe { within(|| raw::OutputFunctionCall(self.output.as_ptr(), value)) }
    }

    /// Both, behind one boundary.
    ///
    /// # Safety
    /// `value` is of the column's type and not null.
    pub(crate) unsafe fn hash_and_text(
        &self,
        value: pg_sys::Datum,
        seed: u64,
    ) -> (u64, *mut std::ffi::c_char) {
        // SAFETY: the caller's promise.
        unsafe {
            within(|| {
                let hash = self.raw_hash(value, seed);
                (hash, raw::OutputFunctionCall(self.output.as_ptr(), value))
            })
        }
    }

    unsafe fn raw_hash(&self, value: pg_sys::Datum, seed: u64) -> u64 {
        let Some(hash) = &self.hash else { return seed };
        // SAFETY: the caller's promise.
        unsafe { raw::FunctionCall2Coll(hash.as_ptr(), self.collation, value, seed.into()) }.value()
            as u64
    }

    /// # Safety
    /// Both values are of the column's type and not null.
    pub(crate) unsafe fn equal(&self, one: pg_sys::Datum, other: pg_sys::Datum) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            pg_sys::FunctionCall2Coll(self.equal.as_ptr(), self.collation, one, other).value() != 0
        }
    }
}

impl Column {
    /// Whether a stored row has a value of it.
    fn has_value(&self) -> bool {
        !self.is_dropped && !self.is_virtual
    }

    /// # Safety
    /// Both values are of the column's type.
    pub(crate) unsafe fn same_bytes(&self, one: pg_sys::Datum, other: pg_sys::Datum) -> bool {
        if self.by_value {
            return one == other;
        }
        // SAFETY: the caller's promise.
        unsafe { unbound::datum_image_eq(one, other, self.by_value, self.length.into()) }
    }

    /// The value's text.
    ///
    /// # Safety
    /// `value` is of the column's type and not null.
    pub(crate) unsafe fn text(&self, value: pg_sys::Datum) -> *mut std::ffi::c_char {
        // SAFETY: the caller's promise.
        unsafe {
            let (mut output, mut is_varlena) = (pg_sys::InvalidOid, false);
            pg_sys::getTypeOutputInfo(self.type_oid, &mut output, &mut is_varlena);
            pg_sys::OidOutputFunctionCall(output, value)
        }
    }

    /// The value of a text.
    ///
    /// # Safety
    /// Inside a transaction, with a snapshot.
    pub(crate) unsafe fn parse(&self, text: &CStr) -> pg_sys::Datum {
        // SAFETY: the input function reports what it cannot read.
        unsafe {
            let (mut input, mut parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
            pg_sys::getTypeInputInfo(self.type_oid, &mut input, &mut parameter);
            let text = text.as_ptr().cast_mut();
            pg_sys::OidInputFunctionCall(input, text, parameter, self.type_modifier)
        }
    }
}

/// The attribute at `place`.
///
/// # Safety
/// `place` lies within the descriptor.
pub(super) unsafe fn attribute(
    descriptor: pg_sys::TupleDesc,
    place: usize,
) -> pg_sys::Form_pg_attribute {
    // SAFETY: the caller's promise. Before 18 the attributes are an array at the descriptor's end.
    #[cfg(any(feature = "pg16", feature = "pg17"))]
    unsafe {
        (*descriptor).attrs.as_mut_ptr().add(place)
    }
    // SAFETY: the caller's promise.
    #[cfg(not(any(feature = "pg16", feature = "pg17")))]
    unsafe {
        pg_sys::TupleDescAttr(descriptor, place as i32)
    }
}

unsafe fn root_of(relation: pg_sys::Oid, is_partition: bool) -> pg_sys::Oid {
    if !is_partition {
        return relation;
    }
    // SAFETY: catalog look-up; the list holds the parent first and the root last.
    unsafe {
        let ancestors = unbound::get_partition_ancestors(relation);
        pg_sys::list_nth_oid(ancestors, (*ancestors).length - 1)
    }
}

unsafe fn columns(descriptor: pg_sys::TupleDesc) -> Vec<Column> {
    // SAFETY: an open relation's descriptor.
    unsafe {
        let count = usize::try_from((*descriptor).natts).unwrap_or_default();
        let column = |place| {
            let attribute = &*attribute(descriptor, place);
            Column {
                name: text(attribute.attname.data.as_ptr().cast_mut()),
                type_oid: attribute.atttypid,
                type_modifier: attribute.atttypmod,
                length: attribute.attlen,
                by_value: attribute.attbyval,
                is_sent: !attribute.attisdropped && attribute.attgenerated == 0,
                is_toastable: !attribute.attisdropped
                    && attribute.attlen == -1
                    && attribute.attstorage != pg_sys::TYPSTORAGE_PLAIN as i8,
                is_dropped: attribute.attisdropped,
                // ATTRIBUTE_GENERATED_VIRTUAL (pg_attribute.h), which 16 and 17 do not have.
                is_virtual: !attribute.attisdropped
                    && attribute.attgenerated == b'v' as std::ffi::c_char,
                json: json::Kind::of(attribute.atttypid),
            }
        };
        (0..count).map(column).collect()
    }
}

/// Every unique index that is maintained, with its number of key columns, and which of them is the
/// key: the replica identity's, else the primary key's, else the first without nulls. The same
/// choice as `steep_repl.key_index()`.
unsafe fn unique_indexes(relation: pg_sys::Relation) -> (Vec<(UniqueIndex, usize)>, pg_sys::Oid) {
    // SAFETY: an open relation; index entries of the relation cache are held while they are read.
    unsafe {
        let list = pg_sys::RelationGetIndexList(relation);
        let mut indexes = Vec::new();
        let mut fallback = None;
        let count = if list.is_null() { 0 } else { (*list).length };
        for nth in 0..count {
            let oid = pg_sys::list_nth_oid(list, nth);
            let index = pg_sys::index_open(oid, pg_sys::AccessShareLock as i32);
            let form = (*index).rd_index;
            if (*form).indisunique && (*form).indisready {
                let keys = usize::try_from((*form).indnkeyatts).unwrap_or_default();
                let numbers = (*form).indkey.values.as_slice(keys);
                let is_plain = numbers.iter().all(|number| *number > 0)
                    && pg_sys::RelationGetIndexPredicate(index).is_null();
                let places: Vec<usize> =
                    numbers.iter().filter_map(|n| usize::try_from(*n - 1).ok()).collect();
                let not_null = |place: &usize| {
                    let attribute = attribute((*relation).rd_att, *place);
                    (*attribute).attnotnull && (*attribute).attgenerated == 0
                };
                if is_plain && (*form).indisvalid && places.iter().all(not_null) {
                    let candidate = (keys, oid.to_u32());
                    if fallback.is_none_or(|best| candidate < best) {
                        fallback = Some(candidate);
                    }
                }
                indexes.push((UniqueIndex { oid, columns: is_plain.then_some(places) }, keys));
            }
            pg_sys::index_close(index, pg_sys::AccessShareLock as i32);
        }
        pg_sys::list_free(list);
        let uses_index = (*(*relation).rd_rel).relreplident == pg_sys::REPLICA_IDENTITY_INDEX as i8;
        let key = if uses_index && (*relation).rd_replidindex != pg_sys::InvalidOid {
            (*relation).rd_replidindex
        } else if (*relation).rd_pkindex != pg_sys::InvalidOid {
            (*relation).rd_pkindex
        } else {
            fallback.map_or(pg_sys::InvalidOid, |(_, oid)| pg_sys::Oid::from(oid))
        };
        (indexes, key)
    }
}

unsafe fn output_of(kind: pg_sys::Oid, memory: pg_sys::MemoryContext) -> pg_sys::FmgrInfo {
    // SAFETY: a catalog look-up; what the function keeps lives as long as the table's description.
    unsafe {
        let (mut output, mut is_varlena) = (pg_sys::InvalidOid, false);
        pg_sys::getTypeOutputInfo(kind, &mut output, &mut is_varlena);
        let mut info = pg_sys::FmgrInfo::default();
        pg_sys::fmgr_info_cxt(output, &mut info, memory);
        info
    }
}

/// `to_jsonb(anyelement)` learns its argument's type from the expression it stands in.
unsafe fn to_jsonb_of(row_type: pg_sys::Oid, memory: pg_sys::MemoryContext) -> pg_sys::FmgrInfo {
    // SAFETY: the nodes live as long as the table's description.
    unsafe {
        let context = pg_sys::MemoryContextSwitchTo(memory);
        let argument = pg_sys::makeNullConst(row_type, -1, pg_sys::InvalidOid);
        let arguments = pg_sys::lappend(std::ptr::null_mut(), argument.cast());
        let call = pg_sys::makeFuncExpr(
            pg_sys::Oid::from(pg_sys::F_TO_JSONB),
            pg_sys::JSONBOID,
            arguments,
            pg_sys::InvalidOid,
            pg_sys::InvalidOid,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        );
        let mut info = pg_sys::FmgrInfo::default();
        pg_sys::fmgr_info_cxt(pg_sys::Oid::from(pg_sys::F_TO_JSONB), &mut info, memory);
        info.fn_expr = call.cast();
        pg_sys::MemoryContextSwitchTo(context);
        info
    }
}

unsafe fn text(name: *mut std::ffi::c_char) -> String {
    if name.is_null() {
        return String::new();
    }
    // SAFETY: a name of the catalogs, ended by a zero.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}
