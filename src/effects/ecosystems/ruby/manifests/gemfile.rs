//! The static part of a `Gemfile`, which is Ruby code that is never run here.

use crate::context::Files;
use crate::effects::ecosystems::manifests::dependency::{Dependency, is_dev_group};
use crate::effects::ecosystems::manifests::paths;

/// Calls whose result only a run knows.
const DYNAMIC: &[&str] = &[
    "Dir[",
    "Dir.glob",
    "Dir.",
    "instance_eval",
    "File.read",
    "IO.read",
    "YAML.load",
    "JSON.parse",
    "require_relative",
    "load ",
    "system(",
    "`",
    "Bundler.read_file",
];

/// What the text of a Gemfile names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gemfile {
    /// The gems: name and groups.
    pub gems: Vec<(String, Vec<String>)>,
    /// The folders of `path:` options and `path … do` blocks.
    pub paths: Vec<String>,
    /// The files of `eval_gemfile`.
    pub included: Vec<String>,
    /// The files of `ruby file:`.
    pub ruby_files: Vec<String>,
    /// Whether there is a `gemspec` line, and the `path:` of each.
    pub gemspecs: Vec<String>,
    /// The first line that a reader cannot follow.
    pub dynamic: Option<String>,
}

/// Reads the text of a Gemfile.
pub(super) fn parse(text: &str) -> Gemfile {
    let mut found = Gemfile::default();
    let mut blocks: Vec<Vec<String>> = Vec::new();
    let mut joined = String::new();
    for line in text.lines().map(without_comment) {
        // A call goes on behind a comma.
        joined.push_str(line.trim());
        if joined.ends_with(',') {
            joined.push(' ');
            continue;
        }
        let line = std::mem::take(&mut joined);
        statement(&line, &mut blocks, &mut found);
    }
    statement(&joined, &mut blocks, &mut found);
    found
}

fn statement(line: &str, blocks: &mut Vec<Vec<String>>, found: &mut Gemfile) {
    if line.is_empty() {
        return;
    }
    if found.dynamic.is_none() && DYNAMIC.iter().any(|call| line.contains(call)) {
        found.dynamic = Some(line.to_owned());
    }
    let opens = line.ends_with(" do") || line.contains(" do |");
    let keyword = line.split([' ', '(']).next().unwrap_or_default();
    match keyword {
        "gem" => {
            let mut groups: Vec<String> = blocks.iter().flatten().cloned().collect();
            groups.extend(
                option(line, "group")
                    .or_else(|| option(line, "groups"))
                    .map(symbols)
                    .unwrap_or_default(),
            );
            found
                .gems
                .extend(literals(line).into_iter().next().map(|name| (name, groups)));
            found
                .paths
                .extend(option(line, "path").and_then(|rest| literals(rest).into_iter().next()));
        }
        "path" => found.paths.extend(literals(line).into_iter().next()),
        "gemspec" => {
            let path = option(line, "path").and_then(|rest| literals(rest).into_iter().next());
            found.gemspecs.push(path.unwrap_or_else(|| ".".to_owned()));
        }
        "eval_gemfile" => match literals(line).into_iter().next() {
            Some(name) => found.included.push(name),
            None => found.dynamic = found.dynamic.take().or(Some(line.to_owned())),
        },
        "ruby" => found
            .ruby_files
            .extend(option(line, "file").and_then(|rest| literals(rest).into_iter().next())),
        "end" => drop(blocks.pop()),
        _ => {}
    }
    let block_keyword = matches!(keyword, "if" | "unless" | "case" | "begin" | "def" | "while");
    if opens || block_keyword {
        blocks.push(if keyword == "group" { symbols(line) } else { Vec::new() });
    }
}

/// `line` up to a `#` that is not in a string.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line.get(..at).unwrap_or(line),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    line
}

/// What stands behind `name:` or `:name =>` in a call.
fn option<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let arrow = line.split_once(&format!(":{name} =>")).map(|(_, rest)| rest);
    let colon = line.match_indices(&format!("{name}:")).find(|(at, _)| {
        let before = line.get(..*at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| matches!(c, ' ' | ',' | '('))
    });
    arrow.or_else(|| line.get(colon?.0 + name.len() + 1..))
}

fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let from = rest.get(at..).unwrap_or_default();
        let Some(quote) = from.chars().next() else { break };
        let Some((literal, after)) = from.get(1..).unwrap_or_default().split_once(quote) else {
            break;
        };
        found.push(literal.to_owned());
        rest = after;
    }
    found
}

/// The symbols (`:development`, `%i[development test]`) and strings of a call, up to its next option.
fn symbols(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let symbols = words
        .filter_map(|word| word.strip_prefix(':'))
        .filter(|word| !word.is_empty() && !word.contains(':'));
    let mut found: Vec<String> = symbols.map(str::to_owned).collect();
    if let Some((_, list)) = text.split_once("%i[").or_else(|| text.split_once("%w[")) {
        found.extend(
            list.split(']')
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned),
        );
    }
    found.extend(literals(text));
    found
}

/// The direct dependencies of the `Gemfile` in `folder`; the first group of each counts.
pub(crate) fn declared(folder: &str, files: &dyn Files) -> Vec<Dependency> {
    let path = paths::join(folder, "Gemfile");
    let gemfile = files.read(&path).map(|text| parse(&text)).unwrap_or_default();
    let all = gemfile.gems.into_iter().map(|(name, groups)| Dependency {
        name,
        // A gem in several groups is for development only if all of them are.
        dev: !groups.is_empty() && groups.iter().all(|group| is_dev_group(group)),
        group: groups.into_iter().next().unwrap_or_else(|| "default".to_owned()),
        manifest: path.clone(),
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_static_part() {
        let text = "\
source 'https://example.org'
ruby file: '.ruby-version'
gem 'rails', '~> 7' # web
gem 'shared', path: 'gems/shared'
gem \"old\", :path => \"gems/old\"
gem 'multi',
    '1.0',
    group: :test
group :development, :test do
  gem 'rspec'
end
group :assets do
  gem 'sass'
end
path 'engines' do
  gem 'admin'
end
gemspec path: 'core'
eval_gemfile 'Gemfile.local'
";
        let found = parse(text);
        assert_eq!(found.paths, ["gems/shared", "gems/old", "engines"]);
        assert_eq!(found.gemspecs, ["core"]);
        assert_eq!(found.included, ["Gemfile.local"]);
        assert_eq!(found.ruby_files, [".ruby-version"]);
        assert_eq!(found.dynamic, None);
        let groups = |name: &str| {
            found
                .gems
                .iter()
                .find(|(gem, _)| gem == name)
                .map(|(_, groups)| groups.join(" "))
        };
        assert_eq!(groups("rspec").unwrap(), "development test");
        assert_eq!(groups("multi").unwrap(), "test");
        assert_eq!(groups("admin").unwrap(), "");
        assert_eq!(
            parse("gem 'x', File.read('v')").dynamic.as_deref(),
            Some("gem 'x', File.read('v')")
        );
    }
}
