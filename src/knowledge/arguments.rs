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
    /// It takes the next two words.
    Pair,
    /// It takes a command, which ends with `;` or `+`.
    Command,
    /// No row names it.
    Unlisted,
}

/// What a word before the first operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leading {
    /// What it looks like.
    Ordinary,
    /// A cluster of options without a dash: `tar xzf`.
    Bundle,
    /// An option as a whole: `+nightly`.
    Option,
}

/// What a table says of the words.
pub(super) trait Rows<R> {
    /// What the option is that is called so, with its dashes.
    fn look_up(&self, name: &str) -> OptionKind<R>;

    /// Whether a row names the option in full, and not by how it begins.
    fn names(&self, name: &str) -> bool;

    /// What a word is before which no operand comes. `at` is its number.
    fn leading(&self, text: &str, at: usize) -> Leading;
}

/// How words are taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conventions {
    /// `-yq` is `-y -q`, and `-ofile` is `-o file`.
    pub(super) clusters: bool,
    /// A value may follow an option of one letter in the same word although there are no clusters.
    pub(super) glued: bool,
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
    /// The word after its last one.
    pub(super) end: usize,
}

/// The words of a command, taken apart.
#[derive(Debug)]
pub(super) struct Split<'a, R> {
    /// The options in their order.
    pub(super) options: Vec<Given<'a, R>>,
    /// The other words, with their number; `None` for one that is not literal.
    pub(super) operands: Vec<(usize, Option<&'a str>)>,
}

impl<R> Split<'_, R> {
    /// These words with those of `next` behind them, which begin after `by` words.
    pub(super) fn before(mut self, next: Self, by: usize) -> Self {
        self.options.extend(next.options.into_iter().map(|option| Given {
            value: option.value.map(|(text, at)| (text, at + by)),
            at: option.at + by,
            end: option.end + by,
            ..option
        }));
        self.operands
            .extend(next.operands.into_iter().map(|(at, text)| (at + by, text)));
        self
    }
}

/// Takes the words after the program's name, `None` for one that is not literal, the conventions and the rows of the
/// table; returns options and operands.
pub(super) fn split<'a, R: Copy>(
    words: &[Option<&'a str>],
    conventions: Conventions,
    rows: &dyn Rows<R>,
) -> Split<'a, R> {
    let mut reader = Reader {
        words,
        rows,
        conventions,
        options: Vec::new(),
    };
    let mut operands = Vec::new();
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        let leading = match word {
            Some(text) if operands.is_empty() => rows.leading(text, at),
            _ => Leading::Ordinary,
        };
        match word {
            Some("--") if !conventions.plain && matches!(rows.look_up("--"), OptionKind::Unlisted) => {
                operands.extend(words.iter().copied().enumerate().skip(at + 1));
                break;
            }
            Some(text) if leading == Leading::Bundle => at = reader.bundle(text),
            Some(text) if leading == Leading::Option => {
                reader.push(text.into(), OptionKind::Unlisted, None, at);
                at += 1;
            }
            Some(text) if reader.is_option(text) => at = reader.option(text, at),
            other => {
                if !conventions.anywhere {
                    operands.extend(words.iter().copied().enumerate().skip(at));
                    break;
                }
                operands.push((at, other));
                at += 1;
            }
        }
    }
    Split {
        options: reader.options,
        operands,
    }
}

struct Reader<'a, 'l, R> {
    words: &'l [Option<&'a str>],
    rows: &'l dyn Rows<R>,
    conventions: Conventions,
    options: Vec<Given<'a, R>>,
}

impl<'a, R: Copy> Reader<'a, '_, R> {
    fn push(&mut self, name: Cow<'a, str>, kind: OptionKind<R>, value: Option<&'a str>, at: usize) {
        self.options.push(Given {
            name,
            kind,
            value: value.map(|text| (Some(text), at)),
            at,
            end: at + 1,
        });
    }

    /// Whether a word is an option. `of=file` is one where the table has `of=`.
    fn is_option(&self, text: &str) -> bool {
        let is_assignment = || {
            let name = text.split_once('=').map(|(name, _)| format!("{name}="));
            name.is_some_and(|name| matches!(self.rows.look_up(&name), OptionKind::Value(_)))
        };
        let has_dash = text.len() > 1 && text.starts_with('-') && !self.conventions.plain;
        has_dash || is_assignment()
    }

    /// Notes the options in a word, with what they take of the next ones. Returns the number of the word after them.
    fn option(&mut self, text: &'a str, at: usize) -> usize {
        let whole = self.rows.look_up(text);
        if !matches!(whole, OptionKind::Unlisted) && !self.is_parted(text) {
            self.push(text.into(), whole, None, at);
            return self.take(at + 1);
        }
        if let Some((name, value)) = text.split_once('=') {
            let name: Cow<'a, str> = if name.starts_with('-') {
                name.into()
            } else {
                format!("{name}=").into()
            };
            let kind = self.rows.look_up(&name);
            let is_long = name.starts_with("--") || !self.conventions.clusters;
            if is_long && !self.is_glued(text) || !matches!(kind, OptionKind::Unlisted) {
                self.push(name, kind, Some(value), at);
                return at + 1;
            }
        }
        if self.conventions.clusters && !text.starts_with("--") {
            return self.cluster(text, at);
        }
        match text.char_indices().nth(2).filter(|_| self.is_glued(text)) {
            Some((end, _)) => {
                let (name, value) = text.split_at(end);
                let kind = self.rows.look_up(name);
                self.push(name.into(), kind, Some(value), at);
            }
            None => self.push(text.into(), OptionKind::Unlisted, None, at),
        }
        at + 1
    }

    /// Whether a row names the first part of a word, the option, but only rows such as `-*` fit the whole: then the rest
    /// is the value of that option.
    fn is_parted(&self, text: &str) -> bool {
        let has_row = |name: &str| self.rows.names(name);
        let is_assigned = || text.split_once('=').is_some_and(|(name, _)| has_row(name));
        let is_letter = || {
            let letter = text.char_indices().nth(2).and_then(|(end, _)| text.get(..end));
            let takes = |name: &str| matches!(self.rows.look_up(name), OptionKind::Value(_));
            self.conventions.clusters && letter.is_some_and(|name| name != "--" && has_row(name) && takes(name))
        };
        !has_row(text) && (is_assigned() || is_letter())
    }

    /// Whether a word is an option of one letter with its value, where there are no clusters: `-Idir`.
    fn is_glued(&self, text: &str) -> bool {
        let end = text.char_indices().nth(2).map(|(end, _)| end);
        let name = end.and_then(|end| text.get(..end)).filter(|name| *name != "--");
        self.conventions.glued
            && name.is_some_and(|name| matches!(self.rows.look_up(name), OptionKind::Value(_) | OptionKind::Optional))
    }

    /// Notes the letters of a cluster, the last with the rest of the word as its value.
    fn cluster(&mut self, text: &'a str, at: usize) -> usize {
        for (position, letter) in text.char_indices().skip(1) {
            let name = format!("-{letter}");
            let kind = self.rows.look_up(&name);
            let rest = text.get(position + letter.len_utf8()..).unwrap_or_default();
            let takes = matches!(kind, OptionKind::Value(_) | OptionKind::Optional);
            let value = (takes && !rest.is_empty()).then_some(rest);
            self.push(name.into(), kind, value, at);
            if value.is_some() {
                return at + 1;
            }
            if rest.is_empty() {
                return self.take(at + 1);
            }
        }
        at + 1
    }

    /// Notes the letters of a cluster without a dash, which is the first word. The values of its letters are the next
    /// words, in the order of the letters.
    fn bundle(&mut self, text: &'a str) -> usize {
        let mut next = 1;
        for letter in text.chars() {
            let name = format!("-{letter}");
            let kind = self.rows.look_up(&name);
            self.push(name.into(), kind, None, 0);
            next = self.take(next);
        }
        next
    }

    /// Gives the last option what it takes of the words from number `next` on. Returns the number of the word after it.
    fn take(&mut self, next: usize) -> usize {
        let Some(option) = self.options.last_mut() else {
            return next;
        };
        let end = match option.kind {
            OptionKind::Value(_) if next < self.words.len() => {
                option.value = self.words.get(next).map(|word| (*word, next));
                next + 1
            }
            OptionKind::Pair => (next + 2).min(self.words.len()),
            OptionKind::Command => {
                let rest = self.words.iter().skip(next);
                let length = rest.take_while(|word| !matches!(word, Some(";" | "+"))).count();
                option.end = next + length;
                return (next + length + 1).min(self.words.len());
            }
            _ => next,
        };
        option.end = end;
        end
    }
}
