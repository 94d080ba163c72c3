//! The words of an install command: which are options, which are operands.

/// The options and operands of a command, in order.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// Options with their values; an option without a value has `None`.
    pub options: Vec<(String, Option<String>)>,
    /// The other words.
    pub operands: Vec<String>,
}

impl Arguments {
    /// Reads `words`. `valued` are, between blanks, the options whose value is the next word: `-r --requirement`. Short options also
    /// take a value that is glued on (`-rfile`), long ones after a `=`.
    pub(crate) fn parse(words: &[String], valued: &str) -> Self {
        let valued: Vec<&str> = valued.split_whitespace().collect();
        let mut found = Arguments::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                found.operands.extend(words.cloned());
                break;
            }
            if !word.starts_with('-') || word == "-" {
                found.operands.push(word.clone());
            } else if let Some((name, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
                found.options.push((name.to_owned(), Some(value.to_owned())));
            } else if valued.contains(&word.as_str()) {
                found.options.push((word.clone(), words.next().cloned()));
            } else if let Some((name, value)) = glued(word, &valued) {
                found.options.push((name, Some(value)));
            } else {
                found.options.push((word.clone(), None));
            }
        }
        found
    }

    /// Whether one of these options is there and not switched off by `=false`.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        let mut given = self.options.iter().filter(|(name, _)| names.contains(&name.as_str()));
        given.any(|(_, value)| value.as_deref() != Some("false"))
    }

    /// The values of these options.
    pub(crate) fn values<'a>(&'a self, names: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        let given = self
            .options
            .iter()
            .filter(move |(name, _)| names.contains(&name.as_str()));
        given.filter_map(|(_, value)| value.as_deref())
    }

    /// The last value of these options, which is the one that counts with most tools.
    pub(crate) fn value<'a>(&'a self, names: &'a [&'a str]) -> Option<&'a str> {
        self.values(names).last()
    }
}

/// `-rfile` as `-r` and `file`.
fn glued(word: &str, valued: &[&str]) -> Option<(String, String)> {
    let split = word.char_indices().nth(2)?.0;
    let (name, value) = word.split_at_checked(split)?;
    (!word.starts_with("--") && valued.contains(&name)).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_options_from_operands() {
        let words = ["-r", "a.txt", "--no-deps", "-cb.txt", "--prefix=/x", "pkg", "--", "-e"].map(str::to_owned);
        let found = Arguments::parse(&words, "-r -c --prefix");
        assert_eq!(found.operands, ["pkg", "-e"]);
        assert_eq!(found.value(&["-r"]), Some("a.txt"));
        assert_eq!(found.value(&["-c"]), Some("b.txt"));
        assert_eq!(found.value(&["--prefix"]), Some("/x"));
        assert!(found.has(&["--no-deps"]) && !found.has(&["--deps"]));
    }
}
