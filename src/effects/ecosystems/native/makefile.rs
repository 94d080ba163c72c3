//! Rules of a Makefile, as far as plain text tells: which recipes a target runs.

use std::collections::{BTreeMap, BTreeSet};

/// The rules of a Makefile.
#[derive(Debug, Default)]
pub(super) struct Makefile {
    variables: BTreeMap<String, String>,
    /// Prerequisites and recipe lines by target.
    rules: BTreeMap<String, (Vec<String>, Vec<String>)>,
    first: Option<String>,
}

impl Makefile {
    /// Reads a Makefile. What it does not know (functions, conditions, includes) it passes over. `given` are variables of
    /// the command line, which count before those of the file.
    pub(super) fn read(text: &str, given: &[(&str, &str)]) -> Makefile {
        let mut makefile = Makefile::default();
        let implicit = IMPLICIT
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        makefile.variables.extend(implicit);
        let given_names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
        makefile.variables.extend(
            given
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let mut current: Vec<String> = Vec::new();
        for line in text.replace("\\\n", " ").lines() {
            if let Some(recipe) = line.strip_prefix('\t') {
                let recipe = makefile.expanded(recipe.trim_start_matches(['@', '-', '+']));
                for target in &current {
                    let rule = makefile.rules.entry(target.clone()).or_default();
                    let recipe = with_automatic(&recipe, target, &rule.0);
                    rule.1.push(recipe);
                }
            } else if let Some((name, value)) = assignment(line) {
                if given_names.contains(&name) {
                    continue;
                }
                let value = makefile.expanded(value);
                makefile.variables.insert(name.to_owned(), value);
            } else if let Some((targets, prerequisites)) = line.split_once(':').filter(|_| !line.starts_with('#')) {
                let words = |text: &str| -> Vec<String> {
                    makefile.expanded(text).split_whitespace().map(str::to_owned).collect()
                };
                let (targets, prerequisites) = (words(targets), words(prerequisites));
                for target in &targets {
                    if makefile.first.is_none() && !target.starts_with('.') {
                        makefile.first = Some(target.clone());
                    }
                    makefile
                        .rules
                        .entry(target.clone())
                        .or_default()
                        .0
                        .extend(prerequisites.iter().cloned());
                }
                current = targets;
            } else if !line.trim().is_empty() && !line.starts_with('#') {
                current.clear();
            }
        }
        makefile
    }

    /// The recipe lines that `make TARGETS` runs, those of prerequisites first.
    pub(super) fn recipes(&self, targets: &[&str]) -> Vec<String> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        match (targets, &self.first) {
            ([], Some(first)) => self.collect(first, &mut seen, &mut found),
            _ => targets
                .iter()
                .for_each(|target| self.collect(target, &mut seen, &mut found)),
        }
        found
    }

    fn collect(&self, target: &str, seen: &mut BTreeSet<String>, found: &mut Vec<String>) {
        let Some((prerequisites, recipe)) = self.rules.get(target).filter(|_| seen.insert(target.to_owned())) else {
            return;
        };
        prerequisites.iter().for_each(|other| self.collect(other, seen, found));
        found.extend(recipe.iter().cloned());
    }

    /// A text with the variables that the file sets.
    fn expanded(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.variables {
            text = text
                .replace(&format!("$({name})"), value)
                .replace(&format!("${{{name}}}"), value);
        }
        text
    }
}

/// Variables that make sets by itself: see "Variables Used by Implicit Rules" in the manual of GNU make.
const IMPLICIT: &[(&str, &str)] = &[
    ("AR", "ar"),
    ("AS", "as"),
    ("CC", "cc"),
    ("CXX", "g++"),
    ("FC", "f77"),
    ("RM", "rm -f"),
];

/// A recipe with the names of its target and prerequisites in the place of automatic variables.
fn with_automatic(recipe: &str, target: &str, prerequisites: &[String]) -> String {
    let first = prerequisites.first().map_or("", String::as_str);
    let all = prerequisites.join(" ");
    [
        ("$@", target),
        ("$(@)", target),
        ("$<", first),
        ("$^", &all),
        ("$+", &all),
    ]
    .iter()
    .fold(recipe.to_owned(), |recipe, (name, value)| recipe.replace(name, value))
}

/// `NAME = value` and its other forms.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', '+', '!']).trim();
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    is_name.then(|| (name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_of_what_a_target_needs() {
        let text =
            "BIN = /usr/local/bin\nall: tool\n\ntool: tool.c\n\tgcc -o $(BIN)/tool tool.c\n\nclean:\n\trm -f x\n";
        let makefile = Makefile::read(text, &[]);
        let other = Makefile::read(text, &[("BIN", "/opt/bin")]);
        assert_eq!(other.recipes(&["tool"]), ["gcc -o /opt/bin/tool tool.c"]);
        assert_eq!(makefile.recipes(&[]), ["gcc -o /usr/local/bin/tool tool.c"]);
        assert_eq!(makefile.recipes(&["clean"]), ["rm -f x"]);
        assert!(makefile.recipes(&["none"]).is_empty());
    }
}
