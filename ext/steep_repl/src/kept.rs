//! Statements that a process plans once: they run between transactions that wait to be applied.

use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;
use pgrx::spi::{self, OwnedPreparedStatement, SpiClient, SpiTupleTable};
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    /// Never dropped: at the end of a process the server's memory goes before its thread does.
    static PLANS: RefCell<BTreeMap<&'static str, &'static OwnedPreparedStatement>> =
        const { RefCell::new(BTreeMap::new()) };
}

/// Runs a statement of this library, whose arguments have the same types each time, and reads its
/// rows.
///
/// # Errors
/// What SPI or `read` reports; errors of the server are raised.
pub(crate) fn run<T>(
    statement: &'static str,
    arguments: &[DatumWithOid<'_>],
    read: impl FnOnce(SpiTupleTable<'_>) -> spi::Result<T>,
) -> spi::Result<T> {
    Spi::connect_mut(|client| {
        let plan = plan(client, statement, arguments)?;
        read(client.update(plan, None, arguments)?)
    })
}

fn plan(
    client: &SpiClient<'_>,
    statement: &'static str,
    arguments: &[DatumWithOid<'_>],
) -> spi::Result<&'static OwnedPreparedStatement> {
    if let Some(plan) = PLANS.with_borrow(|plans| plans.get(statement).copied()) {
        return Ok(plan);
    }
    let types: Vec<_> = arguments.iter().map(|argument| PgOid::from(argument.oid())).collect();
    let plan: &'static _ = Box::leak(Box::new(client.prepare_mut(statement, &types)?.keep()));
    PLANS.with_borrow_mut(|plans| plans.insert(statement, plan));
    Ok(plan)
}
