//! The tables the publisher has described.

use super::message::Relation;
use crate::guard::Table;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::rc::Rc;

thread_local! {
    static RELATIONS: RefCell<BTreeMap<u32, Rc<Relation>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Keeps the description; a later one of the same id replaces it.
pub(crate) fn learn(relation: Relation) {
    RELATIONS.with_borrow_mut(|known| known.insert(relation.id, Rc::new(relation)));
}

/// The description of the table with this id at the publisher.
pub(crate) fn get(id: u32) -> Option<Rc<Relation>> {
    RELATIONS.with_borrow(|known| known.get(&id).cloned())
}

/// Whether changes of the publisher's table with this id are changes of `table` here.
pub(crate) fn is_of(id: u32, table: &Table) -> bool {
    RELATIONS.with_borrow(|known| {
        known.get(&id).is_some_and(|of| of.name == table.name && of.schema == table.schema)
    })
}

impl Relation {
    /// The table of the same name here, as the worker finds it (`logicalrep_rel_open`).
    ///
    /// # Safety
    /// Inside a transaction.
    pub(crate) unsafe fn local(&self) -> Option<pg_sys::Oid> {
        let (schema, name) = (CString::new(&*self.schema).ok()?, CString::new(&*self.name).ok()?);
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
}
