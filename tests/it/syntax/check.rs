//! What holds for the tree of every file: nothing is lost, and every range covers what its value says.

use std::ops::Range;

use plimsoll::syntax::{Arguments, Dockerfile, Node, Text};

/// Checks `file`, the tree of `text`.
pub fn file(file: &Dockerfile, text: &str) {
    assert_eq!(file.emit(), text);
    let mut line = 1 + newlines(&file.prologue);
    for instruction in &file.instructions {
        let own = instruction.text();
        line += newlines(&instruction.leading);
        let lines = instruction.lines.unwrap();
        assert_eq!((lines.first, lines.last), (line, line + newlines(own)), "{own:?}");
        line += newlines(own) + newlines(&instruction.ending);

        let again = file.instruction(own).unwrap_or_else(|error| panic!("{own:?}: {error}"));
        assert_eq!(again.node(), instruction.node());
        let source = Source {
            text: own,
            escape: file.escape(),
        };
        source.node(instruction.node());
        source.heredocs(instruction.node());
    }
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}

struct Source<'a> {
    text: &'a str,
    escape: char,
}

impl Source<'_> {
    /// What stands at `range`, continuations and what lies between their lines taken out. Written anew here, as plainly
    /// as possible, to check the grammar.
    fn at(&self, range: &Range<usize>) -> String {
        let text = self
            .text
            .get(range.clone())
            .unwrap_or_else(|| panic!("{range:?} in {:?}", self.text));
        let (last, mut result) = (newlines(text), String::new());
        // Whether the last line is blank, its part behind the range tells as well.
        let behind = self.text[range.end..].split('\n').next().unwrap();
        for (index, line) in text.split('\n').enumerate() {
            let whole = format!("{line}{}", if index == last { behind } else { "" });
            let trimmed = whole.trim_start();
            if index > 0 && (trimmed.is_empty() || trimmed.starts_with('#')) {
                continue;
            }
            let before = line.trim_end_matches('\r').trim_end_matches([' ', '\t']);
            match before
                .strip_suffix(self.escape)
                .filter(|before| !before.ends_with(self.escape))
            {
                Some(before) if index != last => result.push_str(before),
                _ => result.push_str(line),
            }
        }
        result
    }

    fn node(&self, node: &Node) {
        assert!(node.keyword.name().eq_ignore_ascii_case(&self.at(&node.keyword_range)));
        for flag in &node.flags {
            let source = self.at(&flag.range);
            assert!(source.starts_with("--"), "{source:?}");
            // With quotes or escapes it differs from what it means.
            if !source.contains(['\'', '"', self.escape]) {
                let value = flag.value.as_ref().map(|value| format!("={value}")).unwrap_or_default();
                assert_eq!(source, format!("--{}{value}", flag.name));
            }
        }
        let arguments = self.at(&node.arguments_range);
        assert!(
            node.arguments_range.is_empty() || arguments.trim() == arguments,
            "{arguments:?}"
        );
        self.arguments(&node.arguments, &arguments);
    }

    fn arguments(&self, arguments: &Arguments, source: &str) {
        match arguments {
            Arguments::Shell(line) => {
                assert!(source.ends_with(line.text()), "{source:?}");
                assert_eq!(self.at(&line.source_range(0..line.text().len())), line.text());
                assert!(line.is_contiguous() || source.len() < self.text.len());
            }
            Arguments::Exec(strings) => {
                for string in strings {
                    let quoted = self.at(&string.range);
                    let inner = quoted
                        .strip_prefix('"')
                        .and_then(|inner| inner.strip_suffix('"'))
                        .unwrap();
                    assert!(inner.contains('\\') || inner == string.value, "{quoted:?}");
                }
            }
            Arguments::Words(words) => words.iter().for_each(|word| self.text(word)),
            Arguments::Rest(text) => self.text(text),
            Arguments::Pairs { pairs, legacy } => {
                for pair in pairs {
                    self.text(&pair.value);
                    let source = self.at(&pair.range);
                    let rest = source
                        .strip_prefix(&pair.name)
                        .unwrap()
                        .strip_suffix(&pair.value.value)
                        .unwrap();
                    assert!(if *legacy { rest.trim().is_empty() } else { rest == "=" }, "{source:?}");
                }
            }
            Arguments::Healthcheck(None) => assert!(source.to_uppercase().starts_with("NONE")),
            Arguments::Healthcheck(Some(command)) => self.arguments(command, source),
            Arguments::Trigger(node) => self.node(node),
        }
    }

    fn text(&self, text: &Text) {
        assert_eq!(self.at(&text.range), text.value);
    }

    fn heredocs(&self, node: &Node) {
        let mut end = 0;
        for heredoc in &node.heredocs {
            assert!(heredoc.body.start >= end);
            let body = self.text.get(heredoc.body.clone()).unwrap();
            assert!(body.is_empty() || body.ends_with('\n'));
            let terminator = self.text[heredoc.body.end..]
                .lines()
                .next()
                .unwrap()
                .trim_end_matches('\r');
            let tabs = if heredoc.strip_tabs { '\t' } else { '\n' };
            assert_eq!(terminator.trim_start_matches(tabs), heredoc.name);
            end = heredoc.body.end + terminator.len();
        }
        if !node.heredocs.is_empty() {
            assert_eq!(self.text.len(), end);
        }
    }
}
