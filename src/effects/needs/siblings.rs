//! Other programs and libraries of the project that its sources name: they must be beside the program that starts.

use std::collections::BTreeSet;

use crate::context::ContextSource;
use crate::knowledge::language_of;

use super::calls::{is_of_tests, texts};

/// Those of `built`, names of files that a build makes, which a source with one of these endings names in a text; a source of the
/// same name is that of the program itself.
pub(crate) fn named_by_sources<'b>(context: &ContextSource, ending: &str, built: &'b BTreeSet<String>) -> Vec<&'b str> {
    if built.is_empty() {
        return Vec::new();
    }
    let is_wanted = |path: &str| path.ends_with(ending) && !is_of_tests(path);
    let mut found = BTreeSet::new();
    for path in context.sources(is_wanted) {
        let (Ok(text), Some(language)) = (context.read(path), language_of(path)) else {
            continue;
        };
        let is_own = |name: &str| path.trim_end_matches(ending).split('/').any(|part| part == name);
        for (text, _) in texts(&text, language) {
            let name = text.rsplit('/').next().unwrap_or_default();
            found.extend(built.get(name).filter(|name| !is_own(name)).map(String::as_str));
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_texts_of_sources() {
        let files = [
            (
                "src/main.rs",
                "fn main() { run(\"target/release/helper\"); load(\"libplug.so\"); } // \"other\"",
            ),
            ("src/bin/other.rs", "fn main() { print(\"other\") }"),
            ("tests/all.rs", "fn a() { run(\"tool\") }"),
        ];
        let context = ContextSource::in_memory(files).unwrap();
        let built = ["helper", "libplug.so", "other", "tool"].map(str::to_owned).into();
        assert_eq!(named_by_sources(&context, ".rs", &built), ["helper", "libplug.so"]);
    }
}
