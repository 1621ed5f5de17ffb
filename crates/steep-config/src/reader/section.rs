use super::suggest::nearest;
use super::{Leaf, Reader};
use crate::{Mistake, Origin};
use figment::value::{Dict, Value};
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// A section while it is read. When it goes, the keys that nobody asked for are mistakes.
pub(crate) struct Section<'r> {
    reader: &'r Reader<'r>,
    path: String,
    dict: Option<&'r Dict>,
    known: RefCell<Vec<String>>,
}

impl<'r> Section<'r> {
    pub(super) fn new(reader: &'r Reader<'r>, path: String, dict: Option<&'r Dict>) -> Self {
        Self { reader, path, dict, known: RefCell::default() }
    }

    /// The section below `key`; empty if there is none.
    pub(crate) fn section(&self, key: &str) -> Section<'r> {
        let dict = match self.take(key) {
            Some(Value::Dict(_, dict)) => Some(dict),
            Some(other) => {
                self.wrong_kind(&self.key(key), other, "a section with keys");
                None
            }
            None => None,
        };
        Section::new(self.reader, self.key(key), dict)
    }

    /// The value of `key`.
    pub(crate) fn value<T: Leaf>(&self, key: &str, default: T) -> T {
        match self.leaf(key, |_: &T| true, T::wanted) {
            Some((value, origin)) => {
                self.note(key, Some(value.show()), origin);
                value
            }
            None => {
                self.note(key, Some(default.show()), Origin::Default);
                default
            }
        }
    }

    /// The value of `key`, if there is one.
    pub(crate) fn optional<T: Leaf>(&self, key: &str) -> Option<T> {
        let (value, origin) = self
            .leaf(key, |_: &T| true, T::wanted)
            .map_or((None, Origin::Default), |(value, origin)| (Some(value), origin));
        self.note(key, value.as_ref().map(Leaf::show), origin);
        value
    }

    /// The value of `key`, which leads to a secret: only `shown` gets into the account.
    pub(crate) fn hidden<T: Leaf>(
        &self,
        key: &str,
        shown: fn(&T) -> String,
    ) -> Option<(T, Origin)> {
        let found = self.leaf(key, |_: &T| true, T::wanted);
        let (text, origin) = match &found {
            Some((value, origin)) => (Some(shown(value)), origin.clone()),
            None => (None, Origin::Default),
        };
        self.note(key, text, origin);
        found
    }

    /// The value of `key`, which must be given.
    pub(crate) fn required<T: Leaf>(&self, key: &str) -> Option<T> {
        if self.is_set(key) {
            return self.optional(key);
        }
        let _ = self.take(key);
        let mistake = Mistake::Missing { wanted: T::wanted() };
        self.reader.complain(self.key(key), self.origin(), mistake);
        None
    }

    /// The value of `key` within bounds.
    pub(crate) fn within<T: Leaf + PartialOrd>(
        &self,
        key: &str,
        default: T,
        bounds: RangeInclusive<T>,
    ) -> T {
        match self.bounded(key, bounds) {
            Some((value, origin)) => {
                self.note(key, Some(value.show()), origin);
                value
            }
            None => {
                self.note(key, Some(default.show()), Origin::Default);
                default
            }
        }
    }

    /// The value of `key` within bounds, if there is one.
    pub(crate) fn optional_within<T: Leaf + PartialOrd>(
        &self,
        key: &str,
        bounds: RangeInclusive<T>,
    ) -> Option<T> {
        let found = self.bounded(key, bounds);
        let origin = found.as_ref().map_or(Origin::Default, |(_, origin)| origin.clone());
        let value = found.map(|(value, _)| value);
        self.note(key, value.as_ref().map(Leaf::show), origin);
        value
    }

    fn bounded<T: Leaf + PartialOrd>(
        &self,
        key: &str,
        bounds: RangeInclusive<T>,
    ) -> Option<(T, Origin)> {
        let (low, high) = (bounds.start().show(), bounds.end().show());
        let wanted = || format!("{} from {low} to {high}", T::wanted());
        self.leaf(key, |value| bounds.contains(value), wanted)
    }

    /// A list; without the key, `default`. From the environment or a flag, separated by commas.
    pub(crate) fn list<T: Leaf>(&self, key: &str, default: &[&str]) -> Vec<T> {
        let wanted = || format!("a list, each item {}", T::wanted());
        let (texts, origin) = match self.take(key) {
            None => {
                let texts = default.iter().map(|&text| Value::from(text)).collect();
                (texts, Origin::Default)
            }
            Some(Value::Array(tag, values)) => {
                (values.clone(), self.reader.origin(&Value::Array(*tag, Vec::new())))
            }
            Some(text @ Value::String(..)) if self.reader.origin(text).strength() > 1 => {
                let parts = text.as_str().unwrap_or_default().split(',').map(str::trim);
                let parts = parts.filter(|part| !part.is_empty()).map(Value::from).collect();
                (parts, self.reader.origin(text))
            }
            Some(other) => {
                self.wrong_kind(&self.key(key), other, &wanted());
                return Vec::new();
            }
        };
        let mut items = Vec::new();
        for (index, value) in texts.iter().enumerate() {
            match scalar::<T>(value).and_then(|text| T::read(&text)) {
                Some(item) => items.push(item),
                None => {
                    let at = format!("{}[{index}]", self.key(key));
                    let mistake = Mistake::Value { found: quoted(key, value), wanted: T::wanted() };
                    self.reader.complain(at, origin.clone(), mistake);
                }
            }
        }
        let shown: Vec<_> = items.iter().map(Leaf::show).collect();
        self.note(key, Some(format!("[{}]", shown.join(", "))), origin);
        items
    }

    /// The sections below `key`, under names that are free.
    pub(crate) fn named(&self, key: &str) -> Vec<(String, Section<'r>)> {
        let inner = self.section(key);
        let names: Vec<_> = inner.dict.into_iter().flat_map(Dict::keys).collect();
        names.into_iter().map(|name| (name.clone(), inner.section(name))).collect()
    }

    /// The names below `key`, each with one value.
    pub(crate) fn pairs<T: Leaf>(&self, key: &str) -> Vec<(String, T)> {
        let inner = self.section(key);
        let names: Vec<_> = inner.dict.into_iter().flat_map(Dict::keys).collect();
        names.into_iter().filter_map(|name| Some((name.clone(), inner.optional(name)?))).collect()
    }

    /// The sections in the list below `key`.
    pub(crate) fn records(&self, key: &str) -> Vec<Section<'r>> {
        let values = match self.take(key) {
            Some(Value::Array(_, values)) => values,
            Some(other) => {
                self.wrong_kind(&self.key(key), other, "a list of sections");
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let mut records = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let path = format!("{}[{index}]", self.key(key));
            match value {
                Value::Dict(_, dict) => records.push(Section::new(self.reader, path, Some(dict))),
                other => self.wrong_kind(&path, other, "a section with keys"),
            }
        }
        records
    }

    /// Keys that are known although nobody asked for them.
    pub(crate) fn knows(&self, keys: &[&str]) {
        self.known.borrow_mut().extend(keys.iter().map(|&key| key.to_owned()));
    }

    /// Whether somebody gave the key a value.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.origin_of(key).is_some()
    }

    /// Where the value of the key comes from, if it has one.
    pub(crate) fn origin_of(&self, key: &str) -> Option<Origin> {
        let value = self.dict?.get(key)?;
        (!matches!(value, Value::Empty(..))).then(|| self.reader.origin(value))
    }

    /// A value that is right by itself, and wrong here.
    pub(crate) fn reject(&self, key: &str, message: impl Display, hint: Option<&str>) {
        let mistake = Mistake::Rule { message: message.to_string(), hint: hint.map(Into::into) };
        let origin = self.origin_of(key).unwrap_or_else(|| self.origin());
        self.reader.complain(self.key(key), origin, mistake);
    }

    fn origin(&self) -> Origin {
        let first = self.dict.and_then(|dict| dict.values().next());
        first.map_or(Origin::Default, |value| self.reader.origin(value))
    }

    /// The value, which is known from now on. A key without a value counts as left out.
    fn take(&self, key: &str) -> Option<&'r Value> {
        self.known.borrow_mut().push(key.into());
        self.dict?.get(key).filter(|value| !matches!(value, Value::Empty(..)))
    }

    fn leaf<T: Leaf>(
        &self,
        key: &str,
        allowed: impl Fn(&T) -> bool,
        wanted: impl Fn() -> String,
    ) -> Option<(T, Origin)> {
        let value = self.take(key)?;
        let read = scalar::<T>(value).and_then(|text| T::read(&text)).filter(allowed);
        if read.is_none() {
            let mut wanted = wanted();
            if T::TEXT && matches!(value, Value::Num(..) | Value::Bool(..)) {
                wanted.push_str(" (put it in quotes)");
            }
            self.wrong_kind(&self.key(key), value, &wanted);
        }
        Some((read?, self.reader.origin(value)))
    }

    fn wrong_kind(&self, key: &str, value: &Value, wanted: &str) {
        let found = quoted(key, value);
        let mistake = Mistake::Value { found, wanted: wanted.into() };
        self.reader.complain(key.into(), self.reader.origin(value), mistake);
    }

    fn note(&self, key: &str, value: Option<String>, origin: Origin) {
        self.reader.note(self.key(key), value, origin);
    }

    /// The whole key. Names with a dot are quoted, so that it stays one key.
    fn key(&self, key: &str) -> String {
        let key = if key.contains('.') { format!("\"{key}\"") } else { key.into() };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    /// Secrets below a key that nobody knows.
    fn search_secrets(&self, key: &str, value: &Value) {
        match value {
            Value::Dict(_, dict) => {
                for (name, inner) in dict {
                    let inner_key = format!("{key}.{name}");
                    if is_secret(name) {
                        let origin = self.reader.origin(inner);
                        self.reader.complain(inner_key, origin, Mistake::PlaintextSecret);
                    } else {
                        self.search_secrets(&inner_key, inner);
                    }
                }
            }
            Value::Array(_, values) => {
                for (index, inner) in values.iter().enumerate() {
                    self.search_secrets(&format!("{key}[{index}]"), inner);
                }
            }
            _ => {}
        }
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        let known = self.known.take();
        for (key, value) in self.dict.into_iter().flatten() {
            if known.contains(key) {
                continue;
            }
            let origin = self.reader.origin(value);
            if is_secret(key) {
                self.reader.complain(self.key(key), origin, Mistake::PlaintextSecret);
                continue;
            }
            let nearest = nearest(key, &known).map(Into::into);
            let mistake = Mistake::UnknownKey { nearest, known: known.clone() };
            self.reader.complain(self.key(key), origin, mistake);
            self.search_secrets(&self.key(key), value);
        }
    }
}

/// The text of a scalar, if it is of a kind that `T` takes.
fn scalar<T: Leaf>(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Char(_, char) => Some(char.to_string()),
        Value::Bool(_, bool) if !T::TEXT => Some(bool.to_string()),
        Value::Num(..) if !T::TEXT => number(value),
        _ => None,
    }
}

fn number(value: &Value) -> Option<String> {
    let whole = value.to_i128().map(|number| number.to_string());
    let large = || value.to_u128().map(|number| number.to_string());
    whole.or_else(large).or_else(|| value.to_f64().map(|number| number.to_string()))
}

/// Whether a key is one that people write secrets under.
fn is_secret(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    ["password", "passwd", "passphrase", "pgpassword", "secret", "pwd", "pass"].contains(&&*plain)
}

/// The value as it may stand in a message: short, on one line, and nothing that may hold a secret.
fn quoted(key: &str, value: &Value) -> Option<String> {
    const LONGEST: usize = 40;
    let text = match value {
        Value::Dict(..) => return Some("a section".into()),
        Value::Array(..) => return Some("a list".into()),
        Value::Bool(_, bool) => return Some(bool.to_string()),
        Value::Num(..) => return number(value),
        Value::Empty(..) => return Some("nothing".into()),
        Value::Char(_, char) => char.to_string(),
        Value::String(_, text) => text.clone(),
    };
    let lower = text.to_ascii_lowercase();
    let secret =
        ["password", "webhook", "routing_key", "command"].iter().any(|part| key.contains(part))
            || lower.contains("://")
            || lower.contains("password=");
    if secret {
        return None;
    }
    let short: String = text.chars().take(LONGEST).collect();
    Some(if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") })
}
