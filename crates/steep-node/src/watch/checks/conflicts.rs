//! Conflicts that wait for a person.

use steep_ipc::{Check, Level};

use super::{check, with_hint};
use crate::watch::facts::NodeFacts;

pub(super) fn pending(node: &NodeFacts) -> Check {
    match node.pending_conflicts {
        0 => check("conflicts", Level::Ok, "no conflict waits for a person"),
        1 => waiting("1 conflict waits for a person".to_owned()),
        count => waiting(format!("{count} conflicts wait for a person")),
    }
}

fn waiting(message: String) -> Check {
    let hint = "`steep-replctl conflict list --state pending`, then `conflict resolve`";
    with_hint(check("conflicts", Level::Warning, message), hint)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn waiting_conflicts_are_counted() {
        let mut facts = samples::healthy();
        let node = samples::node(&mut facts);
        node.pending_conflicts = 2;
        let told = pending(node);
        assert_eq!(
            (told.level, told.message.as_str()),
            (Level::Warning, "2 conflicts wait for a person")
        );
    }
}
