//! Code that a command gives to an interpreter, `python -c '…'` or in a here-document: its calls are read as those of a
//! source.

use crate::context::Files as _;
use crate::knowledge::{
    ArgumentRole, ArgumentUse, Takes, command_table, is_shell, language_of, language_of_interpreter,
};

use super::calls::{Call, calls_of_text, texts as texts_of};
use super::commands::{Commands, is_unknown, name_of, program};
use super::sources::Said;
use super::started::{By, DEEPEST, Reader, absolute};

/// What a command says of the code that it gives to an interpreter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// It gives none.
    None,
    /// It cannot be read.
    Unread,
    /// What it calls.
    Calls(Vec<Call>),
}

impl Code {
    /// The code in the words of a command; a word that is not literal is `None`.
    pub(crate) fn of(words: &[Option<&str>]) -> Code {
        let program = words.first().copied().flatten().map_or("", name_of);
        let Some(table) = command_table(program) else {
            return Code::None;
        };
        let reading = table.read(words.get(1..).unwrap_or_default());
        let mut codes = reading
            .arguments
            .iter()
            .filter(|argument| argument.role == ArgumentRole::Code);
        let Some(code) = codes.next() else { return Code::None };
        // Behind letters of options in one word, it may be more letters: `perl -pe`.
        let is_own_word = words
            .get(code.at)
            .copied()
            .flatten()
            .is_some_and(|word| Some(word) == code.text.as_deref());
        let text = code.text.as_deref().filter(|_| is_own_word && codes.next().is_none());
        match (text, language_of_interpreter(program)) {
            (Some(text), Some(language)) => Code::Calls(calls_of_text(text, language)),
            _ => Code::Unread,
        }
    }

    /// The string literals of the code in the words of a command.
    pub(crate) fn texts(words: &[Option<&str>]) -> Vec<String> {
        let program = words.first().copied().flatten().map_or("", name_of);
        let (Some(table), Some(language)) = (command_table(program), language_of_interpreter(program)) else {
            return Vec::new();
        };
        let reading = table.read(words.get(1..).unwrap_or_default());
        let of_code = |argument: &&ArgumentUse| argument.role == ArgumentRole::Code;
        let codes = reading.arguments.iter().filter(of_code);
        let texts = codes.filter_map(|code| code.text.as_deref());
        texts
            .flat_map(|code| texts_of(code, language))
            .map(|(text, _)| text)
            .collect()
    }

    /// The programs that it starts, if all are known.
    pub(crate) fn programs(&self) -> Option<Vec<String>> {
        let Code::Calls(calls) = self else { return None };
        let mut programs = Vec::new();
        for call in calls {
            let read: Vec<Commands> = call.read().collect();
            let is_known = |commands: &Commands| {
                commands.unread.is_empty() && !commands.list.iter().any(|words| is_unknown(words))
            };
            if !call.is_known || !call.starts_programs() || !read.iter().all(is_known) {
                return None;
            }
            let words = read.iter().flat_map(|commands| &commands.list);
            programs.extend(words.map(|words| program(words).to_owned()));
        }
        Some(programs)
    }
}

impl Reader<'_, '_> {
    /// Reads code that a command gives to an interpreter.
    pub(super) fn code(&mut self, words: &[String], workdir: Option<&str>, place: &str, depth: usize) {
        let words: Vec<Option<&str>> = words.iter().map(|word| Some(word.as_str())).collect();
        match Code::of(&words) {
            Code::None => {}
            Code::Unread => self.needs.unknown_call(place, "runs code that cannot be read", false),
            Code::Calls(calls) => self.calls(&calls, workdir, place, depth),
        }
    }

    /// Reads what a program gets on its standard input: a script, if it is a shell, or code.
    pub(super) fn here_document(
        &mut self,
        program: &str,
        text: &str,
        workdir: Option<&str>,
        place: &str,
        depth: usize,
    ) {
        if depth >= DEEPEST {
            return;
        }
        if is_shell(program) {
            self.script(text, workdir, place, depth + 1);
        } else if let Some(language) = language_of_interpreter(program) {
            self.calls(&calls_of_text(text, language), workdir, place, depth);
        }
    }

    /// Reads the calls of a source that a command runs. Those of the project's sources count anyway, but for files that only
    /// developers run, and for what compiles where the file itself is run.
    pub(super) fn source(&mut self, words: &[String], workdir: Option<&str>, depth: usize) {
        let Some(script) = script(words) else { return };
        let path = absolute(workdir, &script).unwrap_or(script);
        let path = path.trim_start_matches('/');
        let known = language_of(path)
            .zip(self.image.supplier(path))
            .zip(self.image.read(path));
        let Some(((language, (_, from)), text)) = known else {
            return;
        };
        if !self.seen.insert(format!("{path} as source")) {
            return;
        }
        let counts = |call: &Call| self.by == By::Others || call.takes == Takes::Build;
        let calls: Vec<Call> = calls_of_text(&text, language).into_iter().filter(counts).collect();
        for call in &calls {
            let place = format!("{from}:{}", call.line);
            self.calls(std::slice::from_ref(call), workdir, &place, depth);
        }
    }

    /// Adds what code calls.
    pub(super) fn calls(&mut self, calls: &[Call], workdir: Option<&str>, place: &str, depth: usize) {
        let mut said = Said::default();
        calls.iter().for_each(|call| said.add(call, place));
        self.needs.add(&said.needs);
        said.words.iter().for_each(|word| self.file(word, workdir, depth + 1));
    }
}

/// The file that a command runs: its program by a path, or the script that it gives to an interpreter.
fn script(words: &[String]) -> Option<String> {
    let first = words.first()?;
    if first.contains('/') && language_of(first).is_some() {
        return Some(first.clone());
    }
    let rest: Vec<Option<&str>> = words.iter().skip(1).map(|word| Some(word.as_str())).collect();
    let reading = command_table(program(words))?.read(&rest);
    let mut arguments = reading.arguments.into_iter();
    arguments
        .find(|argument| argument.role == ArgumentRole::Script)?
        .text
        .map(|text| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(words: &[&str]) -> Option<Vec<String>> {
        let words: Vec<Option<&str>> = words.iter().map(|word| Some(*word)).collect();
        Code::of(&words).programs()
    }

    #[test]
    fn code_is_read_in_its_language() {
        let git = Some(vec!["git".to_owned()]);
        assert_eq!(programs(&["python3.11", "-c", "import os; os.system('git pull')"]), git);
        assert_eq!(
            programs(&["/usr/bin/node", "-e", "require('child_process').exec('git pull')"]),
            git
        );
        assert_eq!(
            programs(&["node", "-pe", "require('./package.json').version"]),
            Some(Vec::new())
        );
        assert_eq!(programs(&["ruby", "-e", "system('git', 'pull')"]), git);
        assert_eq!(
            programs(&["python", "-u", "-c", "import nltk; nltk.download('punkt')"]),
            Some(Vec::new())
        );
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let of = |words: &[Option<&str>]| Code::of(words);
        assert_eq!(of(&[Some("python"), Some("-c"), None]), Code::Unread);
        assert_eq!(of(&[Some("perl"), Some("-pe"), Some("system('git')")]), Code::Unread);
        assert_eq!(of(&[Some("Rscript"), Some("-e"), Some("x")]), Code::Unread);
        assert_eq!(of(&[Some("python"), Some("app.py")]), Code::None);
        assert_eq!(
            of(&[Some("node"), Some("-r"), Some("dotenv/config"), Some("app.js")]),
            Code::None
        );
        assert_eq!(
            of(&[Some("java"), Some("-p"), Some("lib"), Some("-m"), Some("app")]),
            Code::None
        );
        assert_eq!(of(&[Some("git"), Some("pull")]), Code::None);
        assert_eq!(
            programs(&["python", "-c", "import os; os.system(os.environ['X'])"]),
            None
        );
    }
}
