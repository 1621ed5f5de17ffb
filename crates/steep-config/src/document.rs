use figment::providers::{Format, Yaml};
use figment::value::{Dict, Empty, Num, Tag, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Any YAML value, without keys that are written twice.
struct Document(Value);

/// Reads YAML.
///
/// # Errors
/// What the parser says, with line and column. It quotes keys, never values.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    // The parser limits depth and how often an alias may be expanded.
    Yaml::from_str::<Document>(text).map(|document| document.0).map_err(|error| error.to_string())
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, number, list or section without a tag")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Document, E> {
        Ok(Document(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Document, E> {
        Ok(Document(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Document, E> {
        Ok(Document(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Document, E> {
        Ok(Document(Value::Num(Tag::Default, Num::F64(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Document, E> {
        Ok(Document(value.into()))
    }

    fn visit_none<E>(self) -> Result<Document, E> {
        Ok(Document(Value::Empty(Tag::Default, Empty::None)))
    }

    fn visit_unit<E>(self) -> Result<Document, E> {
        Ok(Document(Value::Empty(Tag::Default, Empty::Unit)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Document, A::Error> {
        let mut values = Vec::new();
        while let Some(Document(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Document(Value::Array(Tag::Default, values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut dict = Dict::new();
        while let Some(key) = map.next_key::<String>()? {
            if dict.contains_key(&key) {
                return Err(A::Error::custom(format_args!("key {key:?} is written twice")));
            }
            let Document(value) = map.next_value()?;
            dict.insert(key, value);
        }
        Ok(Document(Value::Dict(Tag::Default, dict)))
    }
}
