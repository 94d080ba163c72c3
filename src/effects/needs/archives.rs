//! The programs that a command of a RUN starts for a file whose name it does not say: `tar xf /tmp/$F`, or
//! `curl -o /tmp/x https://host/x.tar.xz` before it.

use crate::effects::command::urls_of;
use crate::effects::download::{absolute, downloaded};
use crate::facts::{Command, Scope};
use crate::knowledge::command_table;
use crate::syntax::{Keyword, Node};

/// The files that steps so far downloaded, each with the URL that it came from.
#[derive(Debug, Default)]
pub(super) struct Downloads(Vec<(String, String)>);

impl Downloads {
    /// Notes what an ADD downloads.
    pub(super) fn add(&mut self, node: &Node, scope: &Scope, escape: char) {
        let sources = node.sources();
        let ([source], Some(to)) = (sources, node.words().last()) else {
            return;
        };
        if node.keyword == Keyword::Add && source.value.contains("://") {
            let url = scope
                .likely(&source.value, escape)
                .unwrap_or_else(|| source.value.clone());
            self.0.extend(scope.absolute(&to.value).map(|path| (path, url)));
        }
    }

    /// Notes what a command of a RUN downloads.
    pub(super) fn command(&mut self, command: &Command, scope: &Scope, escape: char) {
        let mut texts = command.words.iter().map(|word| word.text.as_str());
        let url = urls_of(command).into_iter().next().or_else(|| {
            let text = texts.find(|text| text.contains("://"))?;
            scope.likely(text, escape)
        });
        self.0.extend(downloaded(command).zip(url));
    }

    /// The programs that a command starts for what its words most often stand for, beside those for its words themselves.
    pub(super) fn started_by(&self, command: &Command, scope: &Scope, escape: char) -> Vec<&'static str> {
        let words = command.words.iter().skip(1);
        let known = words.filter_map(|word| match &word.value {
            Some(value) => Some(value.clone()),
            None => scope.likely(&word.text, escape),
        });
        let mut known: Vec<String> = known.collect();
        let paths: Vec<String> = known.iter().filter_map(|word| absolute(command, word)).collect();
        let fetched = self.0.iter().filter(|(path, _)| paths.contains(path));
        known.extend(fetched.map(|(_, url)| url.split(['?', '#']).next().unwrap_or(url).to_owned()));
        let words: Vec<(Option<&str>, &str)> = known.iter().map(|word| (Some(word.as_str()), word.as_str())).collect();
        let table = command.program().and_then(command_table);
        table.map(|table| table.started_by(&words)).unwrap_or_default()
    }
}
