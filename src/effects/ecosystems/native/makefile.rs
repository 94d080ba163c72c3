//! Rules of a Makefile, as far as plain text tells: which recipes a target runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most bytes that all texts of a Makefile may have once its variables are replaced: they double from line to line.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How deep variables in the values of variables are followed.
const DEEPEST: usize = 16;

/// A Makefile whose texts grow too large to be looked into.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// The rules of a Makefile.
#[derive(Debug, Default)]
pub(super) struct Makefile {
    variables: HashMap<String, String>,
    /// Prerequisites and recipe lines by target.
    rules: BTreeMap<String, (Vec<String>, Vec<String>)>,
    first: Option<String>,
    /// How many bytes were written so far.
    bytes: usize,
}

impl Makefile {
    /// Reads a Makefile. What it does not know (functions, conditions, includes) it passes over. `given` are variables of
    /// the command line, which count before those of the file.
    ///
    /// # Errors
    /// Where its texts are too large once its variables are replaced.
    pub(super) fn read(text: &str, given: &[(&str, &str)]) -> Result<Makefile, TooLarge> {
        let mut makefile = Makefile::default();
        for (name, value) in IMPLICIT.iter().chain(given) {
            makefile.variables.insert((*name).to_owned(), (*value).to_owned());
        }
        let given: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
        let mut targets: Vec<String> = Vec::new();
        for line in text.replace("\\\n", " ").lines() {
            if let Some(recipe) = line.strip_prefix('\t') {
                makefile.add_recipe(recipe, &targets)?;
            } else if let Some(assignment) = Assignment::of(line) {
                if !given.contains(&assignment.name) {
                    makefile.assign(&assignment)?;
                }
            } else if let Some((before, after)) = line.split_once(':').filter(|_| !line.starts_with('#')) {
                targets = makefile.rule(before, after)?;
            } else if !line.trim().is_empty() && !line.starts_with('#') {
                targets.clear();
            }
        }
        Ok(makefile)
    }

    fn add_recipe(&mut self, line: &str, targets: &[String]) -> Result<(), TooLarge> {
        for target in targets {
            self.count(line.len() + 1)?;
            let (_, recipe) = self.rules.entry(target.clone()).or_default();
            recipe.push(line.trim_start_matches(['@', '-', '+']).to_owned());
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), TooLarge> {
        self.bytes += bytes;
        (self.bytes <= MOST_BYTES).then_some(()).ok_or(TooLarge)
    }

    /// Reads `TARGETS: PREREQUISITES`; returns the targets.
    fn rule(&mut self, targets: &str, prerequisites: &str) -> Result<Vec<String>, TooLarge> {
        let words = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let targets = words(self.expanded(targets)?);
        let prerequisites = words(self.expanded(prerequisites)?);
        for target in &targets {
            if self.first.is_none() && !target.starts_with('.') {
                self.first = Some(target.clone());
            }
            self.count(prerequisites.iter().map(|name| name.len() + 1).sum())?;
            let rule = self.rules.entry(target.clone()).or_default();
            rule.0.extend(prerequisites.iter().cloned());
        }
        Ok(targets)
    }

    fn assign(&mut self, assignment: &Assignment<'_>) -> Result<(), TooLarge> {
        let value = match assignment.kind {
            // What refers to itself adds to what is there.
            ':' => self.expanded(assignment.value)?,
            _ => assignment.value.to_owned(),
        };
        let name = assignment.name.to_owned();
        match (assignment.kind, self.variables.get_mut(&name)) {
            ('?', Some(_)) => {}
            ('+', Some(known)) => {
                known.push(' ');
                known.push_str(&value);
            }
            _ => {
                self.variables.insert(name, value);
            }
        }
        Ok(())
    }

    /// The recipe lines that `make TARGETS` runs, those of prerequisites first.
    ///
    /// # Errors
    /// Where they are too large once their variables are replaced.
    pub(super) fn recipes(mut self, targets: &[&str]) -> Result<Vec<String>, TooLarge> {
        let first: Vec<&str> = self.first.as_deref().into_iter().collect();
        let order = self.order(if targets.is_empty() { &first } else { targets });
        let mut found = Vec::new();
        for target in order {
            let Some((prerequisites, recipe)) = self.rules.remove(&target) else {
                continue;
            };
            for line in recipe {
                let line = with_automatic(&self.expanded(&line)?, &target, &prerequisites);
                self.count(line.len())?;
                found.push(line);
            }
        }
        Ok(found)
    }

    /// The targets that are made for `targets`, in order.
    fn order(&self, targets: &[&str]) -> Vec<String> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        // Targets that are still to be looked at, and those of which only the recipe is left.
        let mut left: Vec<(&str, bool)> = targets.iter().rev().map(|target| (*target, false)).collect();
        while let Some((target, is_ready)) = left.pop() {
            let Some((prerequisites, _)) = self.rules.get(target) else {
                continue;
            };
            if is_ready {
                found.push(target.to_owned());
            } else if seen.insert(target) {
                left.push((target, true));
                left.extend(prerequisites.iter().rev().map(|other| (other.as_str(), false)));
            }
        }
        found
    }

    /// A text with the variables that the file sets.
    fn expanded(&mut self, text: &str) -> Result<String, TooLarge> {
        let (mut out, mut read) = (String::new(), 0);
        self.expand(text, 0, &mut read, &mut out)?;
        self.count(read)?;
        Ok(out)
    }

    /// Writes `text` to `out`, its variables replaced. `read` counts the bytes that were gone through: values may be empty,
    /// and still take time.
    fn expand(&self, text: &str, depth: usize, read: &mut usize, out: &mut String) -> Result<(), TooLarge> {
        *read += text.len() + 1;
        if self.bytes + *read > MOST_BYTES {
            return Err(TooLarge);
        }
        let mut rest = text;
        while let Some((before, reference)) = rest.split_once('$') {
            out.push_str(before);
            let named = named(reference);
            let value = named.and_then(|(name, _)| self.variables.get(name));
            match (value.filter(|_| depth < DEEPEST), named) {
                (Some(value), Some((_, after))) => {
                    self.expand(value, depth + 1, read, out)?;
                    rest = after;
                }
                _ => {
                    out.push('$');
                    rest = reference;
                }
            }
        }
        out.push_str(rest);
        Ok(())
    }
}

/// The name in `(NAME)` or `{NAME}`, and what comes after it.
fn named(reference: &str) -> Option<(&str, &str)> {
    let close = match reference.chars().next()? {
        '(' => ')',
        '{' => '}',
        _ => return None,
    };
    reference.get(1..)?.split_once(close)
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
    let is_for_all = ["$^", "$+"].iter().any(|name| recipe.contains(name));
    let all = if is_for_all {
        prerequisites.join(" ")
    } else {
        String::new()
    };
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
struct Assignment<'t> {
    name: &'t str,
    /// The sign before `=`: `:`, `?`, `+` or `!`, else a space.
    kind: char,
    value: &'t str,
}

impl<'t> Assignment<'t> {
    fn of(line: &'t str) -> Option<Assignment<'t>> {
        let (before, value) = line.split_once('=')?;
        let name = before.trim_end_matches([':', '?', '+', '!']);
        let kind = before.get(name.len()..)?.chars().next().unwrap_or(' ');
        let name = name.trim();
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        is_name.then(|| Assignment {
            name,
            kind,
            value: value.trim(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_of_what_a_target_needs() {
        let text =
            "BIN = /usr/local/bin\nall: tool\n\ntool: tool.c\n\tgcc -o $(BIN)/tool tool.c\n\nclean:\n\trm -f x\n";
        let other = Makefile::read(text, &[("BIN", "/opt/bin")]).unwrap();
        assert_eq!(other.recipes(&["tool"]).unwrap(), ["gcc -o /opt/bin/tool tool.c"]);
        let recipes = |targets: &[&str]| Makefile::read(text, &[]).unwrap().recipes(targets).unwrap();
        assert_eq!(recipes(&[]), ["gcc -o /usr/local/bin/tool tool.c"]);
        assert_eq!(recipes(&["clean"]), ["rm -f x"]);
        assert!(recipes(&["none"]).is_empty());
    }

    #[test]
    fn variables_are_replaced_as_make_does() {
        let text = "all: $(PROGRAMS)\nPREFIX ?= /usr\nPREFIX ?= /opt\nDIR = $(PREFIX)/$(SUB)\nSUB := bin\nSUB := $(SUB)/x\n\
                    install: a\n\tcp a $(DIR) $(shell ls) $$HOME\nPROGRAMS = a\nPROGRAMS += b\nb: $(PROGRAMS)\n\tcp $^ $@\n";
        let recipes = |target: &str| Makefile::read(text, &[]).unwrap().recipes(&[target]).unwrap();
        assert_eq!(recipes("install"), ["cp a /usr/bin/x $(shell ls) $$HOME"]);
        assert_eq!(recipes("b"), ["cp a b b"]);
    }

    #[test]
    fn what_grows_without_end_is_too_large() {
        let doubling = |count: usize| -> String {
            let lines = (0..count).map(|number| format!("A{} = $(A{number})$(A{number})\n", number + 1));
            lines.chain([format!("all:\n\techo $(A{count})\n")]).collect()
        };
        let of = |text: &str| Makefile::read(text, &[])?.recipes(&[]).map(|recipes| recipes.len());
        assert_eq!(of(&format!("A0 = x\n{}", doubling(10))), Ok(1));
        assert_eq!(
            of(&format!("A0 = {}\n{}", "x".repeat(1000), doubling(14))),
            Err(TooLarge)
        );
        let targets: String = (0..3000).map(|number| format!("target{number} ")).collect();
        assert_eq!(of(&format!("{targets}: {targets}\n")), Err(TooLarge));
        let empty = format!("A0 =\n{}", doubling(14).replace("$(A13)", &"$(A13)".repeat(4000)));
        assert_eq!(of(&empty), Err(TooLarge));
        assert_eq!(of("A = $(A)\nall:\n\techo $(A)\n"), Ok(1));
        // A chain of targets is no recursion of ours.
        let chain: String = (0..50_000)
            .map(|number| format!("t{number}: t{}\n\ttouch x\n", number + 1))
            .collect();
        assert_eq!(of(&chain), Ok(50_000));
    }
}
