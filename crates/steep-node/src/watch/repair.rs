//! Putting right what surely may be.
//!
//! | what | why it is safe |
//! |---|---|
//! | a guard trigger that exists but does not fire when it has to gets its mode back | rows that were applied meanwhile stay as they are; without the guard more of them diverge |
//! | the constraint of a table with identity ranges is made as it was | rows that are there are not looked at; without it ids of others can be written, and collide |
//! | options of a *disabled* subscription are set back | nothing is being applied |
//!
//! Everything else is only told: to make a missing trigger or to publish a table again would hide
//! that changes were lost meanwhile. A repair and its entry in `steep_repl.audit_log` are one
//! transaction.

use steep_pg::{PgError, tokio_postgres::Client};

use super::facts::NodeFacts;

/// Whoever writes to the table waits behind a repair that waits for somebody else.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '2s'";

/// Something to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// `action` of the audit log.
    pub action: &'static str,
    /// `target_type` of the audit log.
    pub target_type: &'static str,
    /// Table or subscription.
    pub target: String,
    /// The statement.
    pub statement: String,
    /// For people: what is done.
    pub message: String,
}

impl Repair {
    /// The table, if it is about one.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        (self.target_type == "table").then_some(self.target.as_str())
    }
}

/// What can be put right without losing anything.
#[must_use]
pub fn plan(node: &NodeFacts) -> Vec<Repair> {
    let triggers = node.trigger_faults.iter().filter_map(|fault| {
        Some(Repair {
            action: "guard.repair",
            target_type: "table",
            target: fault.table.clone(),
            statement: fault.repair.clone()?,
            message: format!("trigger {} on {} fires again", fault.trigger, fault.table),
        })
    });
    let subscriptions = node.subscriptions.iter().filter_map(|one| {
        let found = one.found.as_ref().filter(|found| !found.is_enabled)?;
        // Two-phase state can be lost with the slot's; PostgreSQL refuses it in some majors.
        let options: Vec<_> = found
            .wrong_options
            .iter()
            .filter(|option| !option.starts_with("two_phase"))
            .map(String::as_str)
            .collect();
        let (name, options) = (one.name.replace('"', "\"\""), options.join(", "));
        (!options.is_empty()).then(|| Repair {
            action: "subscription.repair",
            target_type: "subscription",
            target: one.name.clone(),
            statement: format!("alter subscription \"{name}\" set ({options})"),
            message: format!("subscription {} has {options} again", one.name),
        })
    });
    let constraints = node.range_faults.iter().map(|fault| Repair {
        action: "range.constraint",
        target_type: "table",
        target: fault.table.clone(),
        statement: fault.repair.clone(),
        message: format!("constraint {} on {} checks ids again", fault.constraint, fault.table),
    });
    triggers.chain(constraints).chain(subscriptions).collect()
}

/// Carries a repair out, and records it.
///
/// # Errors
/// When the role may not: then nothing is done.
pub async fn carry_out(client: &mut Client, repair: &Repair) -> Result<(), PgError> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK_TIMEOUT).await?;
    transaction.batch_execute(&repair.statement).await?;
    let audit = "select steep_repl.audit($1, $2, $3, null, \
                 pg_catalog.jsonb_build_object('statement', $4::text, 'by', 'steep-repl'))";
    transaction
        .execute(audit, &[&repair.action, &repair.target_type, &repair.target, &repair.statement])
        .await?;
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::super::checks::samples;
    use super::*;
    use steep_pg::tables::Fault;

    #[test]
    fn a_trigger_s_mode_is_put_right_and_a_missing_one_is_not() {
        let mut facts = samples::healthy();
        let node = samples::node(&mut facts);
        node.trigger_faults.push(samples::disabled_trigger());
        let mut missing = samples::disabled_trigger();
        (missing.fault, missing.repair) = (Fault::Missing, None);
        node.trigger_faults.push(missing);
        let planned = plan(node);
        assert_eq!(planned.len(), 1);
        assert_eq!(
            planned[0].statement,
            "alter table public.t enable replica trigger steep_repl_guard"
        );
    }

    #[test]
    fn a_constraint_that_is_gone_is_made_again() {
        let mut facts = samples::healthy();
        samples::node(&mut facts).range_faults.push(samples::lost_constraint());
        let planned = plan(samples::node(&mut facts));
        assert_eq!(planned.len(), 1);
        assert_eq!((planned[0].action, planned[0].table()), ("range.constraint", Some("public.t")));
        assert_eq!(planned[0].message, "constraint steep_range_t on public.t checks ids again");
    }

    #[test]
    fn a_subscription_is_put_right_only_while_it_is_disabled() {
        let mut facts = samples::healthy();
        samples::incoming(&mut facts).wrong_options =
            vec!["streaming = off".into(), "two_phase = false".into(), "origin = none".into()];
        assert_eq!(plan(samples::node(&mut facts)), []);
        samples::incoming(&mut facts).is_enabled = false;
        let planned = plan(samples::node(&mut facts));
        assert_eq!(
            planned[0].statement,
            "alter subscription \"steep_repl_b\" set (streaming = off, origin = none)"
        );
    }
}
