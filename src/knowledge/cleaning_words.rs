//! Words of comments that speak of cleaning: `data/cleaning-words.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    words: Vec<String>,
    beginnings: Vec<String>,
    parts: Vec<String>,
}

/// Whether a word of a comment, in small letters, is about cleaning.
#[must_use]
pub fn is_about_cleaning(word: &str) -> bool {
    static TABLE: LazyLock<Table> =
        LazyLock::new(|| toml::from_str(include_str!("../../data/cleaning-words.toml")).unwrap_or_default());
    let mut beginnings = TABLE.beginnings.iter();
    TABLE.words.iter().any(|known| known == word)
        || beginnings.any(|beginning| word.starts_with(beginning.as_str()))
        || TABLE.parts.iter().any(|part| word.contains(part.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_cleaning() {
        for word in ["cleanup", "caches", "removes", "löschen", "очистка", "清理缓存"] {
            assert!(is_about_cleaning(word), "{word}");
        }
        for word in ["curl", "rmagick", "listen", "template", "make"] {
            assert!(!is_about_cleaning(word), "{word}");
        }
    }
}
