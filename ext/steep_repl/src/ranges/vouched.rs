//! An id that a decision about a conflict writes: it may be a peer's, of a row that is to be there again.

use pgrx::prelude::*;
use std::cell::RefCell;

/// Schema, table and id.
type Vouched = (String, String, i64);

thread_local! {
    static VOUCHED: RefCell<Option<Vouched>> = const { RefCell::new(None) };
}

#[pg_extern(sql = false)]
fn vouch_for_id(schema: Option<&str>, table: Option<&str>, id: Option<i64>) {
    let vouched = schema.zip(table).zip(id);
    VOUCHED.set(vouched.map(|((schema, table), id)| (schema.to_owned(), table.to_owned(), id)));
}

/// Whether an id may be written all the same. It may be once.
pub(super) fn take(schema: &str, table: &str, id: i64) -> bool {
    let is_it = |vouched: &Vouched| *vouched == (schema.to_owned(), table.to_owned(), id);
    VOUCHED.with_borrow_mut(|vouched| vouched.take_if(|vouched| is_it(vouched)).is_some())
}

/// At the end of a transaction.
pub(super) fn forget() {
    let _ = VOUCHED.try_with(|vouched| vouched.borrow_mut().take());
}
