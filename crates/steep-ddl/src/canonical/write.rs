use super::Canonical;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt::Write as _;

/// Appends to a form.
pub(super) struct Writer(String);

impl Writer {
    pub(super) fn new(header: &str) -> Self {
        Self(header.into())
    }

    pub(super) fn literal(&mut self, text: &str) {
        self.0.push_str(text);
    }

    pub(super) fn string(&mut self, text: &str) {
        self.number(text.len());
        self.0.push(':');
        self.0.push_str(text);
        self.0.push(',');
    }

    pub(super) fn list<'a, T: Canonical + 'a>(
        &mut self,
        elements: impl ExactSizeIterator<Item = &'a T>,
    ) {
        self.number(elements.len());
        self.0.push('[');
        elements.for_each(|element| element.write(self));
        self.0.push(']');
    }

    pub(super) fn map<T: Canonical>(&mut self, values: &BTreeMap<String, T>) {
        self.number(values.len());
        self.0.push('[');
        for (name, value) in values {
            self.string(name);
            value.write(self);
        }
        self.0.push(']');
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn number(&mut self, number: usize) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number}");
    }
}
