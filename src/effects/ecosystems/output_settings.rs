//! Where settings of build tools send results: files such as `vite.config.js`, `pom.xml` and `CMakeLists.txt`, as far as plain
//! text tells.

use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, Place, is_standard_folder};
use crate::knowledge::{OutputSettings, output_settings};

use super::Output;
use super::elsewhere::Build;

/// How far folders of a project are looked through.
const DEEPEST: usize = 5;

/// The most folders of a project that are looked through.
const MOST_FOLDERS: usize = 300;

impl Build<'_> {
    /// What settings of build tools in the project send outside of it.
    ///
    /// # Errors
    /// A place outside of the project to which a build may write.
    pub(super) fn by_settings(&self) -> Result<Vec<Output>, Obstacle> {
        let mut found = Vec::new();
        for settings in output_settings() {
            let root = self.root_of(settings);
            let mut folders = vec![(root.clone(), 0)];
            let mut looked = 0;
            while let Some((folder, depth)) = folders.pop() {
                looked += 1;
                let names = self.files.list(folder.relative());
                let own: Vec<&String> = names.iter().filter(|name| settings.is_in(name)).collect();
                for name in &own {
                    found.extend(self.by_file(settings, &root, &folder, name)?);
                }
                if !own.is_empty() && settings.nested && depth < DEEPEST && looked < MOST_FOLDERS {
                    let below = names.iter().filter_map(|name| name.strip_suffix('/'));
                    folders.extend(below.map(|name| (folder.join(name), depth + 1)));
                }
            }
        }
        Ok(found)
    }

    /// The outermost folder that has such settings, as a build may run in a folder below: `cd build && cmake ..`.
    fn root_of(&self, settings: &OutputSettings) -> AbsolutePath {
        let has_some = |folder: &AbsolutePath| {
            self.files
                .list(folder.relative())
                .iter()
                .any(|name| settings.is_in(name))
        };
        let above = self.project.ancestors().filter(|_| settings.nested);
        let above = above.filter(|folder| folder.as_str() != "/" && has_some(folder));
        above.last().unwrap_or_else(|| self.project.clone())
    }

    fn by_file(
        &self,
        settings: &OutputSettings,
        root: &AbsolutePath,
        folder: &AbsolutePath,
        name: &str,
    ) -> Result<Vec<Output>, Obstacle> {
        let path = folder.join(name);
        let text = self.files.read(path.relative()).unwrap_or_default();
        let mut found = Vec::new();
        for literals in outputs_in(&text, settings) {
            let place = literals
                .iter()
                .fold(folder.clone(), |place, literal| place.join(literal));
            let leads_out = |literal: &String| literal.starts_with('/') || literal.contains("..");
            if !literals.iter().any(leads_out) || self.is_own(&place, root) {
                continue;
            }
            if !settings.crosses {
                return Err(Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    format!("{path} lets the build write to {place}, outside of the project"),
                    "let it write below the project, and copy the result in a separate RUN",
                ));
            }
            if !is_standard_folder(&place) {
                found.push(Output::Path(place.to_string()));
            }
        }
        Ok(found)
    }

    /// Whether what is written to `place` is with the project, or of no use later.
    fn is_own(&self, place: &AbsolutePath, root: &AbsolutePath) -> bool {
        place.is_within(&self.project) || place.is_within(root) || Place::Exactly(place.clone()).is_within_scratch()
    }
}

/// The literals of each value in a settings file that belongs to a key for outputs, in their order.
fn outputs_in(text: &str, settings: &OutputSettings) -> Vec<Vec<String>> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_of_name) {
        let word = rest.get(start..).unwrap_or_default();
        let end = word.find(|c| !is_of_name(c)).unwrap_or(word.len());
        let (key, behind) = word.split_at(end);
        rest = behind;
        let value = settings.is_output(key).then(|| settings.value_in(behind)).flatten();
        // A call such as `path.resolve(__dirname, '..', 'public')` joins its literals.
        let literals = value.map(|value| literals(value_of(value))).unwrap_or_default();
        match value
            .map(plain_word)
            .filter(|_| literals.is_empty() && !settings.crosses)
        {
            Some(plain) => found.push(vec![plain.to_owned()]),
            None if !literals.is_empty() => found.push(literals.into_iter().map(str::to_owned).collect()),
            None => {}
        }
    }
    found
}

/// The word without quotes that begins `text`.
fn plain_word(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || "<>(){},;\"'".contains(c));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
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
pub(super) fn literals(code: &str) -> Vec<&str> {
    let (mut found, mut open) = (Vec::new(), None);
    for (at, c) in code.char_indices() {
        match open {
            Some((quote, start)) if c == quote => {
                found.push(code.get(start..at).unwrap_or_default());
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

    fn outputs(name: &str, text: &str) -> Vec<Vec<String>> {
        let settings = output_settings().iter().find(|settings| settings.is_in(name)).unwrap();
        outputs_in(text, settings)
    }

    #[test]
    fn values_of_keys_for_outputs() {
        let text = "export default { base: '/app/', build: { outDir: '../public', x: 1 },\n\
                    output: { path: path.resolve(__dirname, '..', 'out') }, proxy: { '/api': 'http://x' } }";
        assert_eq!(
            outputs("vite.config.js", text),
            [vec!["../public".to_owned()], vec!["..".to_owned(), "out".to_owned()]]
        );
        assert_eq!(
            outputs("tsconfig.json", "{ \"compilerOptions\": { \"outDir\": \"/dist\" } }"),
            [vec!["/dist".to_owned()]]
        );
        assert!(outputs("vite.config.js", "{ outDir: build }").is_empty());
    }

    #[test]
    fn values_without_quotes() {
        let of = |name, text| outputs(name, text).concat();
        assert_eq!(
            of("pom.xml", "<outputDirectory>/opt/lib</outputDirectory>\n<a>"),
            ["/opt/lib", ""]
        );
        assert_eq!(of("pom.xml", "<copy todir=\"/opt\"/>"), ["/opt"]);
        assert_eq!(
            of("CMakeLists.txt", "install(FILES a.conf DESTINATION /etc/a)"),
            ["/etc/a"]
        );
        assert_eq!(
            of("build.gradle", "into file('/opt/app')\ninto(\"/opt\")"),
            ["/opt/app", "/opt"]
        );
        assert_eq!(of("_config.yml", "destination: /srv/site\n"), ["/srv/site"]);
        assert_eq!(of("meson.build", "install_data('a', install_dir: '/etc')"), ["/etc"]);
    }
}
