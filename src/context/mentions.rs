//! What the files of a project name: folders, files, tools.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rayon::prelude::*;
use regex::{Regex, RegexBuilder};

use crate::context::{ContextSource, DockerIgnore, Entry, Kind, Verdict, matches_name};

use crate::knowledge::ignore_patterns::{Mentions, catalog};

/// Larger files are data or generated.
const LARGEST_FILE: u64 = 512 * 1024;

/// Larger files without an ending are data.
const LARGEST_NAMELESS: u64 = 64 * 1024;

/// More text than this is not read.
const MOST_BYTES: u64 = 96 * 1024 * 1024;

/// A place that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) path: String,
    pub(crate) line: usize,
    is_code: bool,
    /// Whether it is a script or Makefile, which counts only where something calls it.
    is_script: bool,
}

/// All mentions of some words.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// By the number of the word.
    by_word: Vec<Vec<Mention>>,
    words: Vec<String>,
    called: BTreeSet<String>,
    /// The wildcards that stand somewhere, each once for a file.
    globs: Vec<(String, Mention)>,
    /// The places that go through the whole folder of the project.
    walks: Vec<Mention>,
    /// Whether there was too much to read.
    pub(crate) is_incomplete: bool,
}

impl Mention {
    fn is_served(&self) -> bool {
        let ending = ending(name_of(&self.path));
        let is_script_language = catalog().mentions.javascript.iter().any(|known| known == ending);
        self.is_code && !is_script_language || ending == "conf"
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Code,
    Config,
    /// Any other text, in which only what looks like a path counts.
    Other,
    /// Settings of a tool of the developer: only the names of tools count.
    Aside,
}

/// What is looked for.
pub(crate) struct Wanted<'w> {
    /// Names of files and folders.
    pub(crate) names: &'w BTreeSet<String>,
    /// Names of tools, in any case.
    pub(crate) tools: &'w BTreeSet<String>,
    /// Those of them that also count as a part of a word.
    pub(crate) parts: &'w [String],
}

impl Wanted<'_> {
    /// Whether `word` is a name and no tool.
    fn is_name(&self, word: &str) -> bool {
        self.names.contains(word)
    }

    /// Whether the word counts where it stands.
    fn is_whole(&self, word: &str, line: &str, range: std::ops::Range<usize>) -> bool {
        match () {
            () if self.is_name(word) => is_bounded(line, range),
            () => self.parts.iter().any(|part| part == word) || is_apart(line, range),
        }
    }
}

/// Which mentions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    All,
    CodeAlone,
    /// Pages, programs in other languages than JavaScript, and settings of web servers.
    Served,
}

impl Found {
    /// Looks for what is wanted in everything that `is_kept`. `commands` is the text of what the builds run, which tells
    /// which scripts are called.
    pub(crate) fn look(context: &ContextSource, entries: &[&Entry], wanted: &Wanted<'_>, commands: &str) -> Found {
        let table = &catalog().mentions;
        let texts = entries.iter().filter_map(|entry| Some((*entry, class(entry, table)?)));
        let texts: Vec<(&Entry, Class)> = texts.collect();
        let scripts: Vec<&Entry> = texts
            .iter()
            .map(|(entry, _)| *entry)
            .filter(|entry| is_script(&entry.path))
            .collect();
        let script_names: BTreeSet<String> = scripts
            .iter()
            .map(|entry| name_of(&entry.path))
            .filter(|name| name.contains('.'))
            .map(str::to_owned)
            .collect();
        let names: BTreeSet<String> = wanted.names.union(&script_names).cloned().collect();
        let wanted = &Wanted {
            names: &names,
            ..*wanted
        };
        let mut words: Vec<String> = names.union(wanted.tools).cloned().collect();
        // Of several words that begin alike the longest is wanted.
        words.sort_by_key(|word| (std::cmp::Reverse(word.len()), word.clone()));
        let one = |word: &String| match wanted.is_name(word) {
            true => regex::escape(word),
            false => format!("(?i:{})", regex::escape(word)),
        };
        let escaped: Vec<String> = words.iter().map(one).collect();
        let expression = RegexBuilder::new(&escaped.join("|")).size_limit(1 << 26).build();
        let Some(expression) = expression.ok().filter(|_| !words.is_empty()) else {
            return Found {
                is_incomplete: !words.is_empty(),
                ..Found::default()
            };
        };
        let total: u64 = texts.iter().map(|(entry, _)| entry.size).sum();
        if total > MOST_BYTES {
            return Found {
                is_incomplete: true,
                ..Found::default()
            };
        }
        let searches: Vec<Search> = texts
            .par_iter()
            .map(|(entry, class)| {
                let text = context.read_unfiltered(&entry.path).unwrap_or_default();
                let mut search = Search::of(&entry.path, *class);
                search.read(&text, &expression, &words, wanted, commands);
                search
            })
            .collect();
        let mut found = Found {
            by_word: vec![Vec::new(); words.len()],
            words,
            ..Found::default()
        };
        for search in searches {
            for (word, mention) in search.found {
                if let Some(mentions) = found.by_word.get_mut(word) {
                    mentions.push(mention);
                }
            }
            found.globs.extend(search.globs);
            found.walks.extend(search.walk);
        }
        let named = script_names.iter().filter(|name| {
            let number = found.words.iter().position(|word| word == *name);
            let mentions = number.and_then(|number| found.by_word.get(number));
            mentions.is_some_and(|mentions| mentions.iter().any(|mention| !mention.is_script))
        });
        let named: Vec<&str> = named.map(String::as_str).collect();
        found.called = called_scripts(context, &scripts, &format!("{commands}\n{}", named.join("\n")));
        found
    }

    /// The scripts that something calls.
    pub(crate) fn called(&self) -> impl Iterator<Item = &str> {
        self.called.iter().map(String::as_str)
    }

    /// Whether the mention stands in something that stays and is run or read.
    fn stands(&self, mention: &Mention, is_gone: &impl Fn(&str) -> bool) -> bool {
        (!mention.is_script || self.called.contains(&mention.path)) && !is_gone(&mention.path)
    }

    /// The first wildcard that matches one of `paths`, or the first place that goes through the whole folder.
    pub(crate) fn matching<'p>(
        &self,
        paths: impl Iterator<Item = &'p str> + Clone,
        is_gone: impl Fn(&str) -> bool,
    ) -> Option<(&str, &Mention)> {
        let walk = self.walks.iter().find(|mention| self.stands(mention, &is_gone));
        let glob = || {
            self.globs.iter().find(|(glob, mention)| {
                self.stands(mention, &is_gone) && paths.clone().any(|path| is_match(glob, path))
            })
        };
        let globbed = || glob().map(|(glob, mention)| (glob.as_str(), mention));
        walk.map(|mention| (".", mention)).or_else(globbed)
    }

    /// The first place outside of `own` that names `word` and counts; `is_gone` says of a file that it is kept out.
    pub(crate) fn first(&self, word: &str, count: Count, is_gone: impl Fn(&str) -> bool) -> Option<&Mention> {
        let number = self.words.iter().position(|known| known == word)?;
        self.by_word.get(number)?.iter().find(|mention| {
            let counts = match count {
                Count::All => true,
                Count::CodeAlone => mention.is_code,
                Count::Served => mention.is_served(),
            };
            counts && self.stands(mention, &is_gone)
        })
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The ending of a name, or the whole name where it has none.
fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, ending)| ending)
}

/// Whether a file is code by its name.
pub(crate) fn is_code(path: &str) -> bool {
    let table = &catalog().mentions;
    table.code.iter().any(|known| known == ending(name_of(path)))
}

/// Whether the name of a file tells nothing of what is in it.
pub(crate) fn is_without_format(name: &str) -> bool {
    let table = &catalog().mentions;
    let lists = [
        &table.code,
        &table.config,
        &table.no_text,
        &table.locks,
        &table.passed_over,
    ];
    let is_listed = |list: &&Vec<String>| list.iter().any(|known| known == name || known == ending(name));
    !lists.iter().any(is_listed)
}

fn class(entry: &Entry, table: &Mentions) -> Option<Class> {
    let name = name_of(&entry.path);
    let is_foreign = entry
        .path
        .split('/')
        .any(|part| table.foreign.iter().any(|known| known == part));
    if entry.kind != Kind::File || entry.size > LARGEST_FILE || is_foreign || is_test(name) {
        return None;
    }
    let listed = |list: &[String]| list.iter().any(|known| known == name || known == ending(name));
    if listed(&table.locks) || is_prose(name) {
        return None;
    }
    if listed(&table.passed_over) {
        return listed(&table.asides).then_some(Class::Aside);
    }
    if listed(&table.code) {
        return Some(Class::Code);
    }
    // A small file without an ending is mostly a script or a file of settings.
    let is_nameless = !name.contains('.') && entry.size < LARGEST_NAMELESS;
    if listed(&table.config) || is_nameless {
        return Some(Class::Config);
    }
    (!listed(&table.no_text)).then_some(Class::Other)
}

fn is_prose(name: &str) -> bool {
    let is_title = name.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '_' | '-'));
    is_title && !matches!(name, "BUILD" | "WORKSPACE") || name.starts_with("Dockerfile")
}

/// Whether a file is a test by its name.
fn is_test(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    name.contains(".test.")
        || name.contains(".spec.")
        || stem.ends_with("_test")
        || stem.starts_with("test_")
        || name == "conftest.py"
}

fn is_script(path: &str) -> bool {
    let name = name_of(path);
    matches!(
        ending(name),
        "sh" | "bash" | "zsh" | "ps1" | "bat" | "cmd" | "mk" | "mak"
    ) || name.to_lowercase().contains("makefile")
        || matches!(name, "Justfile" | "justfile" | "Rakefile" | "Procfile" | "Vagrantfile")
        || !name.contains('.')
}

/// The scripts that `called` names, and those that they name.
fn called_scripts(context: &ContextSource, scripts: &[&Entry], called: &str) -> BTreeSet<String> {
    let mut text = called.to_owned();
    let mut found = BTreeSet::new();
    loop {
        let named = |entry: &&&Entry| {
            let name = name_of(&entry.path);
            let maker = match name.to_lowercase() {
                name if name.contains("makefile") || name.ends_with(".mk") => "make",
                name if name.contains("justfile") => "just",
                name if name.contains("rakefile") => "rake",
                _ => name,
            };
            !found.contains(&entry.path) && text.contains(maker)
        };
        let new: Vec<&&Entry> = scripts.iter().filter(named).collect();
        if new.is_empty() {
            return found;
        }
        let mut more = String::new();
        for entry in new {
            found.insert(entry.path.clone());
            more.push_str(&context.read_unfiltered(&entry.path).unwrap_or_default());
        }
        text = more;
    }
}

/// What is found in one file.
struct Search<'f> {
    path: &'f str,
    class: Class,
    found: Vec<(usize, Mention)>,
    globs: Vec<(String, Mention)>,
    walk: Option<Mention>,
}

impl<'f> Search<'f> {
    fn of(path: &'f str, class: Class) -> Search<'f> {
        Search {
            path,
            class,
            found: Vec::new(),
            globs: Vec::new(),
            walk: None,
        }
    }

    fn mention(&self, line: usize) -> Mention {
        Mention {
            path: self.path.to_owned(),
            line,
            is_code: self.class == Class::Code,
            is_script: is_script(self.path),
        }
    }

    fn read(&mut self, text: &str, expression: &Regex, words: &[String], wanted: &Wanted<'_>, commands: &str) {
        if !expression.is_match(text) && !text.contains('*') && !may_walk(text) {
            return;
        }
        let table = &catalog().mentions;
        let is_manifest = name_of(self.path) == "package.json";
        let run = if is_manifest {
            scripts_run(text, commands)
        } else {
            BTreeSet::new()
        };
        let mut is_checkers = false;
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim_start();
            if self.class == Class::Config && trimmed.starts_with('[') {
                let section = trimmed.trim_start_matches('[');
                is_checkers = table.checkers.iter().any(|known| section.starts_with(known.as_str()));
            }
            if is_comment(trimmed, self.class) {
                continue;
            }
            let is_aside = is_checkers
                || self.class == Class::Aside
                || is_manifest && script_of(trimmed).is_some_and(|key| is_developers(key) && !run.contains(key));
            for hit in expression.find_iter(line) {
                self.take(line, number + 1, hit, words, wanted, is_aside);
            }
            if !is_aside {
                self.take_globs(line, number + 1);
                if self.walk.is_none() && may_walk(line) && goes_through_all(line) {
                    self.walk = Some(self.mention(number + 1));
                }
            }
        }
    }

    fn take(
        &mut self,
        line: &str,
        number: usize,
        hit: regex::Match<'_>,
        words: &[String],
        wanted: &Wanted<'_>,
        is_aside: bool,
    ) {
        let text = hit.as_str();
        let exact = words.iter().position(|word| word == text);
        let Some(word) = exact.or_else(|| words.iter().position(|word| word.eq_ignore_ascii_case(text))) else {
            return;
        };
        let Some(known) = words.get(word) else { return };
        let is_name = wanted.is_name(known);
        let counts = wanted.is_whole(known, line, hit.range())
            && !(is_name && (is_aside || self.is_left_out(line, hit.start())))
            && (!is_name || self.class == Class::Config || is_path(line, hit.range()))
            && !is_in_url(line, hit.start());
        if counts && !self.found.iter().any(|(known, _)| *known == word) {
            let mention = self.mention(number);
            self.found.push((word, mention));
        }
    }

    /// Whether what stands at `at` is in a list of what a tool leaves out.
    fn is_left_out(&self, line: &str, at: usize) -> bool {
        let before = line.get(..at).unwrap_or_default();
        let leaves = |word: &String| {
            let from = before.rfind(word.as_str());
            from.is_some_and(|from| !before.get(from..).unwrap_or_default().contains([']', '}', ';']))
        };
        self.class != Class::Code && catalog().mentions.leaves_out.iter().any(leaves)
    }

    fn take_globs(&mut self, line: &str, number: usize) {
        if !line.contains('*') {
            return;
        }
        let Some(expression) = GLOB.as_ref() else { return };
        for hit in expression.find_iter(line) {
            let is_told = self.class == Class::Config && is_script(self.path) || is_path(line, hit.range());
            if is_told && !self.is_left_out(line, hit.start()) && !is_in_url(line, hit.start()) {
                self.globs
                    .extend(glob(hit.as_str()).map(|glob| (glob, self.mention(number))));
            }
        }
    }
}

/// Words with a wildcard.
static GLOB: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:[\w@./~\[\]?*-]|\{[^{}\s]*\})*\*(?:[\w@./~\[\]?*-]|\{[^{}\s]*\})*").ok());

/// The folder of the project, as programs write it.
static PROJECT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"["'`]\./?["'`]|__dirname\s*\)|cwd\(\)|CARGO_MANIFEST_DIR["')]"#).ok());

/// The wildcard that a word is, relative to the project; none where it says nothing of a name.
pub(crate) fn glob(word: &str) -> Option<String> {
    let word = word.trim_end_matches('/');
    let mut text = String::new();
    let mut is_choice = false;
    for c in word.chars() {
        match c {
            '{' => is_choice = true,
            '}' => {
                is_choice = false;
                text.push('*');
            }
            c if !is_choice => text.push(c),
            _ => {}
        }
    }
    let inside = text.trim_start_matches("../").trim_start_matches("./");
    // Of a path from the root the part with the wildcard may be in the project.
    let inside = match inside.strip_prefix('/') {
        Some(rest) => {
            let star = rest.find('*')?;
            rest.get(..star)?
                .rfind('/')
                .and_then(|at| rest.get(at + 1..))
                .unwrap_or(rest)
        }
        None => inside,
    };
    let last = inside.rsplit('/').find(|part| !part.is_empty())?;
    let is_telling = inside.chars().any(char::is_alphanumeric) && last != "**";
    is_telling.then(|| inside.to_owned())
}

/// Whether a wildcard of a shell or a program matches a path.
pub(crate) fn is_match(glob: &str, path: &str) -> bool {
    let is_hidden = path.starts_with('.') || path.contains("/.");
    if is_hidden && !(glob.starts_with('.') || glob.contains("/.")) {
        return false;
    }
    if !glob.contains("**") {
        return matches_name(glob, path);
    }
    DockerIgnore::parse(glob.as_bytes()).is_ok_and(|rules| rules.path(path) != Verdict::Sent)
}

fn may_walk(text: &str) -> bool {
    catalog().mentions.walks.iter().any(|word| text.contains(word.as_str()))
}

/// Whether a line of a program names the folder of the project itself.
fn goes_through_all(line: &str) -> bool {
    PROJECT.as_ref().is_some_and(|expression| expression.is_match(line))
}

/// The key of a script in a line of package.json.
fn script_of(line: &str) -> Option<&str> {
    let (key, rest) = line.strip_prefix('"')?.split_once('"')?;
    rest.trim_start().starts_with(':').then_some(key)
}

/// Which scripts of a package.json something calls: a command of a build, or a script that is not the developer's.
fn scripts_run(text: &str, commands: &str) -> BTreeSet<String> {
    let is_run = |line: &&str| !script_of(line.trim_start()).is_some_and(is_developers);
    let words = text.lines().filter(is_run).chain(commands.lines()).flat_map(|line| {
        let parts = line.split(|c: char| !(c.is_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '@' | '/')));
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        let runners = &catalog().node.programs;
        let runs =
            |word: &str| word.starts_with("run") || word == "npm-run-all" || runners.iter().any(|known| known == word);
        match parts.iter().position(|word| runs(word)) {
            Some(first) => parts.get(first + 1..).unwrap_or_default().to_vec(),
            None => Vec::new(),
        }
    });
    words.map(str::to_owned).collect()
}

/// A line that is all comment; what `//go:embed`, `#include` and `# include` begin is none.
fn is_comment(line: &str, class: Class) -> bool {
    let rest = line.trim_start_matches('#').trim_start();
    let is_directive = class == Class::Code && (rest.starts_with("include") || rest.starts_with("embed"));
    let hash = line.starts_with("# ") || line.starts_with("##") || class != Class::Code && line.starts_with('#');
    hash && !is_directive
        || line.starts_with("// ")
        || line.starts_with("* ")
        || line.starts_with("/* ")
        || line.starts_with("-- ")
}

/// Whether no image runs a script of package.json of this name unless a command names it.
fn is_developers(key: &str) -> bool {
    let table = &catalog().mentions;
    table
        .developers_scripts
        .iter()
        .any(|script| key.starts_with(script.as_str()))
        && !table.install_scripts.iter().any(|script| key == script)
}

/// Whether a word stands by itself.
pub(crate) fn is_bounded(line: &str, range: std::ops::Range<usize>) -> bool {
    let word = line.get(range.clone()).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let before = line.get(..range.start).and_then(|text| text.chars().next_back());
    let after = line.get(range.end..).and_then(|text| text.chars().next());
    // `pkg.tests` is something else, `foo.git` too; `./tests` is not.
    let open = !word.starts_with(is_part) && !word.starts_with('.')
        || before.is_none_or(|c| !is_part(c) && c != '.' && c != '$');
    open && (!word.ends_with(is_part) || after.is_none_or(|c| !is_part(c)))
}

/// Whether the name of a tool stands apart from other letters: in `python-dotenv` it does.
pub(crate) fn is_apart(line: &str, range: std::ops::Range<usize>) -> bool {
    let word = line.get(range.clone()).unwrap_or_default();
    let before = line.get(..range.start).and_then(|text| text.chars().next_back());
    let after = line.get(range.end..).and_then(|text| text.chars().next());
    let is_part = |c: char| c.is_alphanumeric();
    (!word.starts_with(is_part) || before.is_none_or(|c| !is_part(c)))
        && (!word.ends_with(is_part) || after.is_none_or(|c| !is_part(c)))
}

/// Whether a word in code looks like a path or a module.
fn is_path(line: &str, range: std::ops::Range<usize>) -> bool {
    let is_mark = |c: char| matches!(c, '"' | '\'' | '`' | '/' | '\\');
    let before = line.get(..range.start).and_then(|text| text.chars().next_back());
    let after = line.get(range.end..).and_then(|text| text.chars().next());
    let line = line.trim_start();
    before.is_some_and(is_mark)
        || after.is_some_and(is_mark)
        || line.starts_with("import ")
        || line.starts_with("from ")
        || line.starts_with("//go:embed")
        || is_in_list_of_words(line)
}

/// Whether a line has a list of words without quotes: `%w[docs pages]`, `qw(docs pages)`, `"docs pages".split()`.
fn is_in_list_of_words(line: &str) -> bool {
    let lists = &catalog().mentions.word_lists;
    lists.iter().any(|list| line.contains(list.as_str()))
}

fn is_in_url(line: &str, at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let token = before
        .rsplit([' ', '"', '\'', '`', '(', '<', ','])
        .next()
        .unwrap_or_default();
    token.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(path: &str, text: &str, word: &str) -> bool {
        let context = ContextSource::in_memory([(path, text)]).unwrap();
        let entries: Vec<&Entry> = context.walk().entries.iter().collect();
        let names = BTreeSet::from([word.to_owned()]);
        let wanted = Wanted {
            names: &names,
            tools: &BTreeSet::new(),
            parts: &[],
        };
        let found = Found::look(&context, &entries, &wanted, "make run.sh");
        found.first(word, Count::All, |_| false).is_some()
    }

    #[test]
    fn paths_count_and_words_do_not() {
        for (path, text) in [
            ("a.py", "open('docs/x')"),
            ("a.py", "from docs import x"),
            ("a.js", "join(__dirname, 'docs')"),
            ("a.go", "//go:embed docs/*"),
            ("a.toml", "readme = \"docs/README.md\""),
            ("Makefile", "all: docs"),
            ("sub/run.sh", "cat ./docs/x"),
            ("a.mdx", "import R from '../docs/x'"),
            (".env", "DIR=./docs/x"),
            ("a.rb", "%w[docs pages].each"),
            ("a.c", "# include \"docs/x.h\""),
            ("angular.json", "{\"input\":\"docs\",\"ignore\":[\"x\"]}"),
            ("package.json", "{\n\"prepublish\": \"cp docs/x y\",\n}"),
            (
                "package.json",
                "{\n\"build\": \"npm run format-docs\",\n\"format-docs\": \"cp docs/x y\"\n}",
            ),
        ] {
            assert!(mentions(path, text, "docs"), "{path}: {text}");
        }
        for (path, text) in [
            ("a.py", "docs = 1"),
            ("a.py", "# see docs/x"),
            ("a.py", "x.docs.y"),
            ("a.js", "get('https://a/docs/b')"),
            ("a.md", "docs/x"),
            ("pyproject.toml", "[tool.ruff]\nsrc = [\"docs\"]"),
            ("tsconfig.json", "\"exclude\": [\"docs\"]"),
            ("package.json", "  \"lint\": \"eslint docs\","),
            ("other.sh", "cat docs/x"),
            ("a_test.go", "open(\"docs/x\")"),
        ] {
            assert!(!mentions(path, text, "docs"), "{path}: {text}");
        }
    }
}
