//! Where builds of a project write outside of its folder: by their words, the scripts that they run and their settings.

use crate::context::Files;
use crate::effects::command::of_command;
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, Place};
use crate::facts::{Command, Execution, Scope};
use crate::knowledge::{is_node_output_key, says_node_output};

use super::Output;

/// How deep scripts that run scripts are followed.
const DEEPEST: usize = 6;

/// A build of a project.
pub(super) struct Build<'b> {
    pub(super) scope: &'b Scope,
    pub(super) files: &'b dyn Files,
    /// The folder of the project.
    pub(super) project: AbsolutePath,
}

impl Build<'_> {
    /// What one command writes outside of the project.
    ///
    /// # Errors
    /// Where it cannot be told whether it writes what it names.
    pub(super) fn by_command(&self, command: &Command) -> Result<Vec<Output>, Obstacle> {
        let effects = of_command(command, &());
        let outside = |place: &&Place| !place.is_within(&self.project) && !place.is_within_scratch();
        if effects.unknown.is_some() {
            return self.by_words(command);
        }
        let outer = effects.written_paths().into_iter();
        let is_outside = |path: &&AbsolutePath| outside(&&Place::Exactly((*path).clone()));
        let paths: Vec<&AbsolutePath> = outer.filter(is_outside).collect();
        match paths.first() {
            Some(path) if command.context.conditional => Err(maybe(path)),
            _ => Ok(paths.iter().map(|path| Output::Path(path.to_string())).collect()),
        }
    }

    /// Refuses a command without a table that names a path outside of the project: it may write there.
    fn by_words(&self, command: &Command) -> Result<Vec<Output>, Obstacle> {
        let values = command.literal_arguments();
        let parts = values
            .flat_map(|value| value.split(['=', ',']))
            .filter(|part| part.starts_with('/') && part.len() > 1);
        let paths = parts.filter_map(|part| AbsolutePath::of(part, None));
        let mut outside =
            paths.filter(|path| !path.is_within(&self.project) && !Place::Exactly(path.clone()).is_within_scratch());
        match outside.next() {
            Some(path) if !self.files.exists(path.relative()) => Err(maybe(&path)),
            _ => Ok(Vec::new()),
        }
    }

    /// What a text of the shell writes outside of the project.
    pub(super) fn by_script(&self, text: &str, depth: usize) -> Result<Vec<Output>, Obstacle> {
        let Ok(script) = Execution::of_script(text, self.scope, Some(self.project.as_str())) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for command in &script.commands {
            match &command.manager {
                Some(used) if used.is_node() => {
                    let words: Vec<&str> = command.literal_arguments().collect();
                    found.extend(self.by_package_script(&words, depth + 1)?);
                }
                Some(_) => {}
                None => found.extend(self.by_command(command)?),
            }
        }
        Ok(found)
    }

    /// What `npm run NAME -- ARGUMENTS` writes outside of the project; `words` are those after the program.
    pub(super) fn by_package_script(&self, words: &[&str], depth: usize) -> Result<Vec<Output>, Obstacle> {
        let path = self.project.join("package.json");
        let manifest = self.files.read(path.relative());
        let manifest = manifest.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let Some(manifest) = manifest.filter(|_| depth < DEEPEST) else {
            return Ok(Vec::new());
        };
        let script = |name: &str| Some(manifest.get("scripts")?.get(name)?.as_str()?.to_owned());
        let operands = words
            .iter()
            .take_while(|word| **word != "--")
            .filter(|word| !word.starts_with('-'));
        let Some(name) = operands
            .copied()
            .find(|word| !matches!(*word, "run" | "run-script") && script(word).is_some())
        else {
            return Ok(Vec::new());
        };
        let at = words.iter().position(|word| *word == name).map_or(0, |at| at + 1);
        let arguments = words.get(at..).unwrap_or_default().iter().filter(|word| **word != "--");
        let mut found = Vec::new();
        for stage in ["pre", "", "post"] {
            let Some(mut text) = script(&format!("{stage}{name}")) else {
                continue;
            };
            if stage.is_empty() {
                arguments.clone().for_each(|word| text.push_str(&format!(" '{word}'")));
            }
            found.extend(self.by_script(&text, depth + 1)?);
        }
        Ok(found)
    }

    /// What settings of build tools in the project send outside of it.
    ///
    /// # Errors
    /// Where a setting is no plain path.
    pub(super) fn by_settings(&self) -> Result<Vec<Output>, Obstacle> {
        let mut found = Vec::new();
        for name in self.files.list(self.project.relative()) {
            if !says_node_output(&name) {
                continue;
            }
            let path = self.project.join(&name);
            for literals in self
                .files
                .read(path.relative())
                .iter()
                .flat_map(|text| outputs_in(text))
            {
                let mut place = self.project.clone();
                for literal in &literals {
                    place = place.join(literal);
                }
                let leaves = literals
                    .iter()
                    .any(|literal| literal.starts_with('/') || literal.contains(".."));
                if leaves && !place.is_within(&self.project) && !crate::effects::is_standard_folder(&place) {
                    found.push(Output::Path(place.to_string()));
                }
            }
        }
        Ok(found)
    }
}

fn maybe(path: &AbsolutePath) -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownPlace,
        format!("a build names {path}, and it is not known whether it writes there"),
        "let the build write below the project, and copy the result in a separate RUN",
    )
}

/// The string literals of each value in a settings file that belongs to a key for outputs, in their order.
fn outputs_in(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(':') {
        let before = text
            .get(..at)
            .unwrap_or_default()
            .trim_end()
            .trim_end_matches(['"', '\'']);
        let start = before
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .map_or(0, |at| at + 1);
        if !is_node_output_key(before.get(start..).unwrap_or_default()) {
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or_default();
        let literals = literals(value_of(rest));
        // A call such as `path.resolve(__dirname, '..', 'public')` joins its literals.
        if !literals.is_empty() {
            found.push(literals);
        }
    }
    found
}

/// The value that begins `text`: up to the comma, bracket or line that ends it.
fn value_of(text: &str) -> &str {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') if depth > 0 => depth -= 1,
            (None, '{' | '}' | ',' | ';' | '\n' | ')' | ']') if depth == 0 => {
                return text.get(..at).unwrap_or_default();
            }
            _ => {}
        }
    }
    text
}

/// The string literals in a piece of code.
fn literals(code: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None);
    for (at, c) in code.char_indices() {
        match open {
            Some((quote, start)) if c == quote => {
                found.push(code.get(start..at).unwrap_or_default().to_owned());
                open = None;
            }
            None if matches!(c, '"' | '\'' | '`') => open = Some((c, at + 1)),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_keys_for_outputs() {
        let text = "export default { base: '/app/', build: { outDir: '../public', x: 1 },\n\
                    output: { path: path.resolve(__dirname, '..', 'out') }, proxy: { '/api': 'http://x' } }";
        assert_eq!(
            outputs_in(text),
            [vec!["../public".to_owned()], vec!["..".to_owned(), "out".to_owned()]]
        );
        assert_eq!(
            outputs_in("{ \"compilerOptions\": { \"outDir\": \"/dist\" } }"),
            [vec!["/dist".to_owned()]]
        );
        assert!(outputs_in("{ outDir: build }").is_empty());
    }
}
