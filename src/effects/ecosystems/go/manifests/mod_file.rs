//! `go.mod` and `go.work`, which share a syntax: directives on a line, or several of a kind in parentheses ("Go Modules
//! Reference", "go.mod files").

use crate::context::Files;
use crate::effects::ecosystems::manifests::dependency::Dependency;
use crate::effects::ecosystems::manifests::paths;

/// A directive: its keyword and its words, without comments and quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// `require`, `replace`, `use`.
    pub keyword: String,
    /// What follows it.
    pub words: Vec<String>,
    /// Whether the line is marked `// indirect`.
    pub indirect: bool,
}

/// The directives of `text`.
pub(super) fn parse(text: &str) -> Vec<Directive> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let mut words = code
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '`']).to_owned());
        let indirect = comment.trim().starts_with("indirect");
        let Some(first) = words.next() else { continue };
        let rest: Vec<String> = words.collect();
        if first == ")" {
            block = None;
        } else if let Some(keyword) = &block {
            let words = [vec![first], rest].concat();
            found.push(Directive {
                keyword: keyword.clone(),
                words,
                indirect,
            });
        } else if rest.first().is_some_and(|word| word == "(") {
            block = Some(first);
        } else {
            found.push(Directive {
                keyword: first,
                words: rest,
                indirect,
            });
        }
    }
    found
}

/// The folders that `replace` puts in the place of modules, as written: a path begins with `./` or `../` or is absolute.
pub(super) fn local_replacements(directives: &[Directive]) -> impl Iterator<Item = &str> {
    let targets = directives
        .iter()
        .filter(|directive| directive.keyword == "replace")
        .filter_map(|directive| {
            let arrow = directive.words.iter().position(|word| word == "=>")?;
            directive.words.get(arrow + 1).map(String::as_str)
        });
    targets.filter(|target| target.starts_with(['.', '/']))
}

/// The direct dependencies of the `go.mod` in `folder`.
pub(crate) fn declared(folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let path = paths::join(folder, "go.mod");
    let directives = files.read(&path).map(|text| parse(&text)).unwrap_or_default();
    let direct = directives
        .into_iter()
        .filter(|directive| directive.keyword == "require" && !directive.indirect);
    let named = direct.filter_map(|directive| directive.words.into_iter().next());
    let all = named.map(|name| Dependency {
        name,
        group: "require".to_owned(),
        dev: false,
        manifest: path.clone(),
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_and_blocks() {
        let text = "module example.org/app // the app\n\ngo 1.22\nrequire (\n\texample.org/a v1.0.0\n\t\"example.org/b\" v2.0.0 // indirect\n)\nreplace example.org/a v1.0.0 => ../a\nreplace (\n\texample.org/c => example.org/d v1.0.0\n\texample.org/e => ./e\n)\n";
        let found = parse(text);
        assert_eq!(local_replacements(&found).collect::<Vec<_>>(), ["../a", "./e"]);
        let direct = found.iter().filter(|one| one.keyword == "require" && !one.indirect);
        assert_eq!(
            direct.map(|one| one.words[0].as_str()).collect::<Vec<_>>(),
            ["example.org/a"]
        );
        assert_eq!(
            parse("use (\n ./x\n"),
            [Directive {
                keyword: "use".into(),
                words: vec!["./x".into()],
                indirect: false
            }]
        );
    }
}
