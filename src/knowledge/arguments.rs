//! The one reader of argument lists: options with their values, and operands.
//!
//! It serves the tables of package managers and those of other programs. What an option is, the table says; how words are
//! taken apart, this file.

use std::borrow::Cow;

/// What a table says of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OptionKind<R> {
    /// It takes no value.
    Flag,
    /// It takes a value in the same word, or none.
    Optional,
    /// It takes a value, in the same word or the next.
    Value(R),
    /// No row names it.
    Unlisted,
}

/// How words are taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conventions {
    /// `-yq` is `-y -q`, and `-ofile` is `-o file`.
    pub(super) clusters: bool,
    /// Options may come after operands.
    pub(super) anywhere: bool,
    /// Every word is an operand.
    pub(super) plain: bool,
}

/// An option as it was given.
#[derive(Clone, Debug)]
pub(super) struct Given<'a, R> {
    /// With its dashes and without its value.
    pub(super) name: Cow<'a, str>,
    /// What the table says of it.
    pub(super) kind: OptionKind<R>,
    /// Its value, `Some(None)` for one that is not literal, and the word that it is in.
    pub(super) value: Option<(Option<&'a str>, usize)>,
    /// The word that it is in.
    pub(super) at: usize,
}

/// The words of a command, taken apart.
#[derive(Debug)]
pub(super) struct Split<'a, R> {
    /// The options in their order.
    pub(super) options: Vec<Given<'a, R>>,
    /// The other words, with their number; `None` for one that is not literal.
    pub(super) operands: Vec<(usize, Option<&'a str>)>,
}

/// Takes the words after the program's name, `None` for one that is not literal, the conventions and what the table says of
/// an option by its name with dashes; returns options and operands.
///
/// `is_bundle` says of a word, and of whether it is the first one, whether it is a cluster of options without a dash.
pub(super) fn split<'a, R: Copy>(
    words: &[Option<&'a str>],
    conventions: Conventions,
    look_up: &dyn Fn(&str) -> OptionKind<R>,
    is_bundle: &dyn Fn(&str, bool) -> bool,
) -> Split<'a, R> {
    let mut reader = Reader {
        look_up,
        conventions,
        options: Vec::new(),
    };
    let mut operands = Vec::new();
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        match word {
            Some("--") if !conventions.plain => {
                operands.extend(words.iter().copied().enumerate().skip(at + 1));
                break;
            }
            // The values of such a cluster's letters are the next words, in the order of the letters.
            Some(text) if is_bundle(text, at == 0) => {
                for letter in text.chars() {
                    let name = format!("-{letter}");
                    let kind = (reader.look_up)(&name);
                    reader.push(name.into(), kind, None, 0);
                    if matches!(kind, OptionKind::Value(_))
                        && let Some(&next) = words.get(at + 1)
                    {
                        at += 1;
                        reader.take(next, at);
                    }
                }
            }
            Some(text) if !conventions.plain && text.len() > 1 && text.starts_with('-') => {
                if reader.option(text, at)
                    && let Some(&next) = words.get(at + 1)
                {
                    at += 1;
                    reader.take(next, at);
                }
            }
            other => {
                operands.push((at, other));
                if !conventions.anywhere {
                    operands.extend(words.iter().copied().enumerate().skip(at + 1));
                    break;
                }
            }
        }
        at += 1;
    }
    Split {
        options: reader.options,
        operands,
    }
}

struct Reader<'a, 'l, R> {
    look_up: &'l dyn Fn(&str) -> OptionKind<R>,
    conventions: Conventions,
    options: Vec<Given<'a, R>>,
}

impl<'a, R: Copy> Reader<'a, '_, R> {
    fn push(&mut self, name: Cow<'a, str>, kind: OptionKind<R>, value: Option<&'a str>, at: usize) {
        let value = value.map(|text| (Some(text), at));
        self.options.push(Given { name, kind, value, at });
    }

    /// Gives the last option its value.
    fn take(&mut self, value: Option<&'a str>, at: usize) {
        if let Some(option) = self.options.last_mut() {
            option.value = Some((value, at));
        }
    }

    /// Notes the options in a word. Returns whether the last of them takes the next word.
    fn option(&mut self, text: &'a str, at: usize) -> bool {
        let whole = (self.look_up)(text);
        if !matches!(whole, OptionKind::Unlisted) {
            self.push(text.into(), whole, None, at);
            return matches!(whole, OptionKind::Value(_));
        }
        if let Some((name, value)) = text.split_once('=') {
            let kind = (self.look_up)(name);
            if name.starts_with("--") || !self.conventions.clusters || !matches!(kind, OptionKind::Unlisted) {
                self.push(name.into(), kind, Some(value), at);
                return false;
            }
        }
        if text.starts_with("--") || !self.conventions.clusters {
            self.push(text.into(), OptionKind::Unlisted, None, at);
            return false;
        }
        self.cluster(text, at)
    }

    /// Notes the letters of a cluster, the last with the rest of the word as its value.
    fn cluster(&mut self, text: &'a str, at: usize) -> bool {
        for (position, letter) in text.char_indices().skip(1) {
            let name = format!("-{letter}");
            let kind = (self.look_up)(&name);
            let rest = text.get(position + letter.len_utf8()..).unwrap_or_default();
            let takes = matches!(kind, OptionKind::Value(_) | OptionKind::Optional);
            let value = (takes && !rest.is_empty()).then_some(rest);
            self.push(name.into(), kind, value, at);
            if takes {
                return matches!(kind, OptionKind::Value(_)) && rest.is_empty();
            }
        }
        false
    }
}
