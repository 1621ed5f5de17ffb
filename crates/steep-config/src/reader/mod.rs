//! Takes values out of the merged layers, checks them, and keeps the account: every key that was
//! asked for with its value and origin, and every mistake.

mod choice;
mod leaf;
mod section;
mod suggest;

pub(crate) use choice::choices;
pub(crate) use leaf::{Leaf, Size};
pub(crate) use section::Section;

use crate::{Mistake, Origin, Problem, Setting};
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};
use std::cell::RefCell;

/// One reading of the merged layers.
pub(crate) struct Reader<'f> {
    figment: &'f Figment,
    root: Dict,
    account: RefCell<Account>,
}

#[derive(Default)]
struct Account {
    settings: Vec<Setting>,
    problems: Vec<Problem>,
}

impl<'f> Reader<'f> {
    /// `problems` are those that were found before.
    pub(crate) fn new(figment: &'f Figment, problems: Vec<Problem>) -> Self {
        let mut data = figment.data().unwrap_or_default();
        let root = data.remove(&Profile::Default).unwrap_or_default();
        let account = Account { settings: Vec::new(), problems };
        Self { figment, root, account: RefCell::new(account) }
    }

    /// The whole, above `replication`.
    pub(crate) fn root(&self) -> Section<'_> {
        Section::new(self, String::new(), Some(&self.root))
    }

    /// The account.
    pub(crate) fn finish(self) -> (Vec<Setting>, Vec<Problem>) {
        let account = self.account.into_inner();
        (account.settings, account.problems)
    }

    fn origin(&self, value: &Value) -> Origin {
        Origin::of_metadata(self.figment.get_metadata(value.tag()))
    }

    fn note(&self, key: String, value: Option<String>, origin: Origin) {
        self.account.borrow_mut().settings.push(Setting { key, value, origin });
    }

    fn complain(&self, key: String, origin: Origin, mistake: Mistake) {
        self.account.borrow_mut().problems.push(Problem { origin, key, mistake });
    }
}
