//! The words of a command, and how the table of its program reads them.

use std::ops::{Deref, Range};
use std::sync::OnceLock;

use crate::knowledge::{CommandTable, Reading, command_table};

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it stands in the script.
    pub span: Range<usize>,
    /// As written.
    pub text: String,
    /// Its value where every build gives the same.
    pub value: Option<String>,
}

/// The words of a command. They never change, so that they are read at most once, however many rules ask.
#[derive(Clone, Debug)]
pub struct Words {
    list: Vec<Word>,
    table: Option<&'static CommandTable>,
    reading: OnceLock<Option<Reading<'static>>>,
}

impl Words {
    /// The table of the program; `None` for a program of the project, whatever it is called, and for one that no table
    /// describes.
    pub(super) fn table(&self) -> Option<&'static CommandTable> {
        self.table
    }

    /// What the table makes of them.
    pub(super) fn reading(&self) -> Option<&Reading<'static>> {
        let read = || {
            let arguments = self.list.iter().skip(1);
            let words: Vec<(Option<&str>, &str)> = arguments.map(|word| (word.value.as_deref(), &*word.text)).collect();
            Some(self.table?.read_with_texts(&words))
        };
        self.reading.get_or_init(read).as_ref()
    }
}

impl From<Vec<Word>> for Words {
    fn from(list: Vec<Word>) -> Words {
        Words {
            table: list.first().and_then(|word| table_of(word.value.as_deref()?)),
            list,
            reading: OnceLock::new(),
        }
    }
}

fn table_of(program: &str) -> Option<&'static CommandTable> {
    let (folder, name) = program.rsplit_once('/').unwrap_or(("/usr/bin", program));
    let is_of_system = matches!(
        folder,
        "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin" | "/usr/local/bin" | "/usr/local/sbin"
    );
    is_of_system.then(|| command_table(name)).flatten()
}

impl FromIterator<Word> for Words {
    fn from_iter<I: IntoIterator<Item = Word>>(words: I) -> Words {
        Words::from(words.into_iter().collect::<Vec<_>>())
    }
}

impl Deref for Words {
    type Target = [Word];

    fn deref(&self) -> &[Word] {
        &self.list
    }
}

impl<'w> IntoIterator for &'w Words {
    type Item = &'w Word;
    type IntoIter = std::slice::Iter<'w, Word>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_once() {
        let word = |text: &str| Word {
            span: 0..0,
            text: text.to_owned(),
            value: Some(text.to_owned()),
        };
        let words: Words = ["rm", "-f", "/a"].map(word).into_iter().collect();
        let (first, second) = (words.reading().unwrap(), words.reading().unwrap());
        assert!(std::ptr::eq(first, second));
        // Other words are other commands, although one was made of the other.
        let others: Words = words.iter().skip(1).cloned().collect();
        assert!(others.reading().is_none());
    }
}
