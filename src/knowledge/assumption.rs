//! What changes may take for granted where nothing proves it: `data/assumptions.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Level;

/// What a language's own tool starts writes below the project's folder and its own caches.
pub const BUILDS_WRITE_BELOW_THEIR_PROJECT: &str = "builds-write-below-their-project";

/// A program calls no other tools than those that are seen to be called.
pub const CALLS_ARE_SHOWN: &str = "calls-are-shown";

/// Tools that nothing is seen to call, and of which no fact shows that only builds use them, are not needed.
pub const UNSEEN_TOOLS_ARE_UNNEEDED: &str = "unseen-tools-are-unneeded";

/// An assumption.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Assumption {
    /// What reports and `forbid-assumptions` call it.
    pub id: String,
    /// The lowest level that may make it.
    pub level: Level,
    /// What is assumed, as a sentence without a full stop; `{name}` stands for what it is about.
    pub what: String,
    /// Why it is most often right.
    pub reason: String,
    /// What shows that it is wrong, so that it is not made.
    pub refuted_by: Vec<String>,
    /// Public pages that the facts come from.
    pub sources: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads when the facts were checked"))]
struct Table {
    checked: String,
    assumptions: Vec<Assumption>,
}

// A table that doesn't parse is empty, and a test fails.
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/assumptions.toml")).unwrap_or_default());

/// All assumptions, in the order of the table.
#[must_use]
pub fn assumptions() -> &'static [Assumption] {
    &TABLE.assumptions
}

/// The assumption with this id; none if there is no such one.
#[must_use]
pub fn assumption(id: &str) -> Option<&'static Assumption> {
    assumptions().iter().find(|known| known.id == id)
}

impl Assumption {
    /// The sentence about something: each `{name}` becomes its value.
    #[must_use]
    pub fn about(&self, values: &[(&str, &str)]) -> String {
        let fill = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), value);
        values.iter().fold(self.what.clone(), fill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let table: Table = toml::from_str(include_str!("../../data/assumptions.toml")).unwrap();
        assert!(!table.checked.is_empty() && !table.assumptions.is_empty());
        for (at, row) in table.assumptions.iter().enumerate() {
            assert!(
                table.assumptions[..at].iter().all(|other| other.id != row.id),
                "twice: {}",
                row.id
            );
            assert!(row.level > Level::Safe, "{}: the level safe assumes nothing", row.id);
            assert!(row.what.contains('{'), "{} names what it is about", row.id);
            assert!(
                !row.what.ends_with('.') && !row.reason.is_empty() && !row.refuted_by.is_empty(),
                "{}",
                row.id
            );
            let used = [
                BUILDS_WRITE_BELOW_THEIR_PROJECT,
                CALLS_ARE_SHOWN,
                UNSEEN_TOOLS_ARE_UNNEEDED,
            ];
            assert!(
                used.contains(&row.id.as_str()) && table.assumptions.len() == used.len(),
                "{}",
                row.id
            );
            assert!(!row.sources.is_empty() && row.sources.iter().all(|source| source.starts_with("https://")));
        }
    }

    #[test]
    fn a_sentence_is_about_something() {
        let found = assumption("builds-write-below-their-project").unwrap();
        let sentence = found.about(&[("command", "npm run build"), ("folder", "/app")]);
        assert_eq!(sentence, "`npm run build` writes only below /app");
        assert!(assumption("all-is-well").is_none());
    }
}
