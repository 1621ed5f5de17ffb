//! The tables the publisher has described.

use super::message::Relation;
use crate::guard::Table;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::rc::Rc;

thread_local! {
    static RELATIONS: RefCell<BTreeMap<u32, Known>> = const { RefCell::new(BTreeMap::new()) };
}

struct Known {
    relation: Rc<Relation>,
    /// The guarded table that was last seen to be of this name.
    table: Option<Rc<Table>>,
}

/// Keeps the description; a later one of the same id replaces it.
pub(crate) fn learn(relation: Relation) {
    RELATIONS.with_borrow_mut(|known| {
        known.insert(relation.id, Known { relation: Rc::new(relation), table: None })
    });
}

/// The description of the table with this id at the publisher.
pub(crate) fn get(id: u32) -> Option<Rc<Relation>> {
    RELATIONS.with_borrow(|known| Some(known.get(&id)?.relation.clone()))
}

/// Whether changes of the publisher's table with this id are changes of `table` here.
pub(crate) fn is_of(id: u32, table: &Rc<Table>) -> bool {
    RELATIONS.with_borrow_mut(|known| {
        let Some(known) = known.get_mut(&id) else { return false };
        // A table that was altered is described anew.
        if known.table.as_ref().is_some_and(|seen| Rc::ptr_eq(seen, table)) {
            return true;
        }
        let is_of = known.relation.name == table.name && known.relation.schema == table.schema;
        if is_of {
            known.table = Some(table.clone());
        }
        is_of
    })
}

/// Whether the publisher's table with this id is a user's, not one of the extension.
pub(super) fn is_of_user(id: u32) -> bool {
    RELATIONS.with_borrow(|known| {
        known.get(&id).is_some_and(|known| known.relation.schema != "steep_repl")
    })
}

impl Relation {
    /// The table of the same name here, as the worker finds it (`logicalrep_rel_open`).
    ///
    /// # Safety
    /// Inside a transaction.
    pub(crate) unsafe fn local(&self) -> Option<pg_sys::Oid> {
        // SAFETY: the caller's promise.
        unsafe { table_named(&self.schema, &self.name) }
    }
}

/// The table of this name.
///
/// # Safety
/// Inside a transaction.
pub(crate) unsafe fn table_named(schema: &str, name: &str) -> Option<pg_sys::Oid> {
    let (schema, name) = (CString::new(schema).ok()?, CString::new(name).ok()?);
    // SAFETY: catalog look-ups by C strings.
    unsafe {
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        if schema == pg_sys::InvalidOid {
            return None;
        }
        let relation = pg_sys::get_relname_relid(name.as_ptr(), schema);
        (relation != pg_sys::InvalidOid).then_some(relation)
    }
}
