//! YAML of unknown shape, with lines. The library bounds its depth and size, anchors included, and applies merge keys.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A value and where it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// The line where it is written, counted from 1; for the value of a mapping's key, the key's line.
    pub(super) line: usize,
    pub(super) value: Value,
}

/// Any YAML value. All scalars are text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let options = serde_saphyr::options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::FirstWins };
    let read: Result<Spanned<Value>, _> = serde_saphyr::from_str_with_options(text, options);
    match read {
        Ok(spanned) => Ok(Node {
            line: line(&spanned),
            value: spanned.value,
        }),
        // The first line says what and where; the others show the text.
        Err(error) => Err(error.to_string().lines().next().unwrap_or_default().to_owned()),
    }
}

fn line<T>(spanned: &Spanned<T>) -> usize {
    usize::try_from(spanned.defined.line()).unwrap_or(usize::MAX)
}

impl Node {
    /// The value of `key` in a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// The entries of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The scalars of a list.
    pub(super) fn texts(&self) -> Vec<String> {
        self.items().iter().filter_map(Node::text).map(str::to_owned).collect()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Value>>()? {
            list.push(Node {
                line: line(&item),
                value: item.value,
            });
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Spanned<String>, Value>()? {
            let line = line(&key);
            map.push((key.value, Node { line, value }));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tags_and_merge_keys() {
        let text = "x-base: &base\n  build:\n    context: ..\nservices:\n  web:\n    <<: *base\n    ports: !reset []\n    \
                    tag: 1.5\n    on: ~\n";
        let node = parse(text).unwrap();
        let web = node.get("services").and_then(|services| services.get("web")).unwrap();
        assert_eq!(web.line, 5);
        let build = web.get("build").unwrap();
        assert_eq!((build.line, build.get("context").and_then(Node::text)), (2, Some("..")));
        assert_eq!(web.get("ports").map(|ports| ports.items().len()), Some(0));
        assert_eq!(web.get("tag").and_then(Node::text), Some("1.5"));
        assert_eq!(web.get("on").map(|on| &on.value), Some(&Value::Null));
    }

    #[test]
    fn duplicate_keys_are_no_error_and_merged_ones_yield() {
        assert_eq!(parse("a: 1\na: 2\n").unwrap().get("a").and_then(Node::text), Some("1"));
        let node = parse("base: &base {a: 1}\nbefore: {<<: *base, a: 2}\nafter: {a: 2, <<: *base}\n").unwrap();
        for key in ["before", "after"] {
            assert_eq!(
                node.get(key).and_then(|map| map.get("a")).and_then(Node::text),
                Some("2"),
                "{key}"
            );
        }
    }

    #[test]
    fn bombs_are_errors() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (before, after) in ('a'..'k').zip('b'..) {
            bomb += &format!("{after}: &{after} [{}]\n", vec![format!("*{before}"); 9].join(","));
        }
        assert!(parse(&bomb).is_err());
    }
}
