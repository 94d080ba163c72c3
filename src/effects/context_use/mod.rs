//! What one Dockerfile does with the context: what it takes, and what its stages run.

pub(crate) mod others;
pub(crate) mod tests_run;

use std::collections::HashSet;
use std::ops::Range;

use crate::context::{ContextSource, matches_name};
use crate::facts::{Base, Facts, Stage, absolute};
use crate::knowledge::ignore_patterns::catalog;
use crate::knowledge::{Action, command_table};
use crate::syntax::{Dockerfile, Instruction, Keyword};

/// A Dockerfile that is built with the context.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// What messages call it.
    pub(crate) name: String,
    /// What it takes from the context.
    pub(crate) takes: Vec<Take>,
    /// Its commands.
    pub(crate) commands: Vec<Called>,
    /// Everything but FROM, COPY, ADD and LABEL, with the lines.
    pub(crate) texts: Vec<(usize, String)>,
    /// The images that stages stand on, as written, with the lines.
    pub(crate) images: Vec<(usize, String)>,
    stages: Vec<StageInfo>,
}

/// A source of COPY, ADD or a bind mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Take {
    stage: usize,
    pub(crate) line: usize,
    /// The source as written, relative to the root; `*` where a variable stands.
    pub(crate) pattern: String,
    /// The paths in the context that it means now; the empty path is the whole context.
    paths: Vec<String>,
    /// Where in the image it comes to, if that is known.
    target: Option<String>,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    stage: usize,
    pub(crate) line: usize,
    pub(crate) program: String,
    pub(crate) words: Vec<String>,
    /// The folder that it runs in, where that is known.
    pub(crate) workdir: Option<String>,
    manager: Option<(String, Action, bool)>,
    /// Whether it is known what its program does: by a table, or as a package manager that runs nothing else.
    is_known: bool,
    /// Whether it starts the image.
    is_start: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StageInfo {
    base: Option<usize>,
    /// The official image that it stands on, if it does.
    image: Option<String>,
    /// Whether it stands on an image of which nothing is known.
    is_foreign: bool,
    /// Whether it is told what starts it.
    is_started: bool,
    /// Whether something in it serves a folder as it is.
    serves: bool,
    /// What later stages copy from it: the stage and the path, where that is known.
    taken: Vec<(usize, Option<String>)>,
}

impl Build {
    /// A file that is too large to look into: it may take anything, and names what its text contains.
    pub(crate) fn unread(file: &Dockerfile, context: &ContextSource) -> Build {
        let lines = file.instructions.iter().enumerate();
        Build {
            name: file.name.clone(),
            takes: vec![Take::of(".", 0, 1, context)],
            commands: Vec::new(),
            texts: lines
                .map(|(index, instruction)| (file.line_of(index), instruction.text().to_owned()))
                .collect(),
            images: Vec::new(),
            stages: Vec::new(),
        }
    }

    /// Reads `file`, which is built with `context`.
    pub(crate) fn of(file: &Dockerfile, facts: &Facts, context: &ContextSource) -> Build {
        let mut build = Build {
            name: file.name.clone(),
            takes: Vec::new(),
            commands: Vec::new(),
            texts: Vec::new(),
            images: Vec::new(),
            stages: facts.stages.iter().map(|stage| StageInfo::of(stage, facts)).collect(),
        };
        for (index, instruction) in file.instructions.iter().enumerate() {
            let Some(stage) = facts.stage_of(index) else { continue };
            let line = file.line_of(index);
            let workdir = facts.scope(index).and_then(|scope| scope.workdir.as_deref());
            build.read(instruction, (stage, workdir), line, context);
            let Some(execution) = facts
                .instructions
                .get(index)
                .and_then(|facts| facts.execution.as_deref())
            else {
                continue;
            };
            for mount in &execution.mounts {
                if mount.kind == "bind" && mount.field(&["from"]).is_none() {
                    let source = mount.field(&["source", "src"]).unwrap_or(".");
                    build.takes.push(Take::of(source, stage, line, context));
                }
            }
            for command in &execution.commands {
                let words = command.words.iter();
                let words = words.map(|word| word.value.clone().unwrap_or_else(|| word.text.clone()));
                let used = command.manager.as_ref();
                build.commands.push(Called {
                    stage,
                    line,
                    program: command.program().unwrap_or_default().to_owned(),
                    words: words.collect(),
                    workdir: command.workdir.clone(),
                    manager: used.map(|used| (used.manager.id.clone(), used.action, !used.packages.is_empty())),
                    is_known: is_known(command),
                    is_start: matches!(instruction.keyword(), Keyword::Cmd | Keyword::Entrypoint),
                });
            }
        }
        for command in build.commands.iter().filter(|command| command.serves()) {
            if let Some(info) = build.stages.get_mut(command.stage) {
                info.serves = true;
            }
        }
        build
    }

    fn read(
        &mut self,
        instruction: &Instruction,
        (stage, workdir): (usize, Option<&str>),
        line: usize,
        context: &ContextSource,
    ) {
        let node = instruction.node();
        if let (Keyword::Cmd | Keyword::Entrypoint, Some(info)) = (node.keyword, self.stages.get_mut(stage)) {
            info.is_started = true;
        }
        match node.keyword {
            Keyword::Copy | Keyword::Add if node.flag("from").is_none() => {
                let sources = node.sources();
                let target = node.words().last().map(|target| target.value.as_str());
                let target = target.filter(|target| !target.contains('$'));
                let target = target.and_then(|target| absolute(target, workdir));
                for source in sources.iter().map(|source| source.value.as_str()) {
                    if !is_elsewhere(source) {
                        let take = Take::of(source, stage, line, context);
                        self.takes.push(Take {
                            target: target.clone(),
                            ..take
                        });
                    }
                }
            }
            Keyword::From => {
                let image = node.words().first().map(|image| image.value.clone());
                self.images.extend(image.map(|image| (line, image)));
            }
            Keyword::Copy | Keyword::Add | Keyword::Label => {}
            _ => self.texts.push((line, instruction.text().to_owned())),
        }
    }

    /// Whether another one takes the same and runs the same, whatever messages call it.
    pub(crate) fn does_the_same(&self, other: &Build) -> bool {
        self.takes == other.takes
            && self.commands == other.commands
            && self.texts == other.texts
            && self.stages == other.stages
    }

    /// The take that names `path`, something around which it is, or something in it, so that it must stay; the whole
    /// context is nobody's name.
    pub(crate) fn naming(&self, path: &str, is_file: bool) -> Option<&Take> {
        self.takes.iter().find(|take| take.names(path, is_file))
    }

    /// The take of a folder that `path` is in, other than the whole context.
    pub(crate) fn holding(&self, path: &str) -> Option<&Take> {
        self.takes.iter().find(|take| take.holds(path))
    }

    /// Whether something takes the whole context.
    pub(crate) fn takes_everything(&self) -> bool {
        self.takes.iter().any(Take::is_everything)
    }

    /// The takes of `path`, one for each stage.
    pub(crate) fn taking<'b>(&'b self, path: &'b str) -> impl Iterator<Item = &'b Take> {
        self.takes.iter().filter(move |take| take.reaches(path))
    }

    /// Whether every image in which `take` ends up is made with a command that fits.
    pub(crate) fn always(&self, take: &Take, fits: impl Fn(&Called) -> bool) -> bool {
        let has = |leaf: usize| {
            let chain = self.chain(leaf);
            self.commands
                .iter()
                .any(|command| chain.contains(&command.stage) && fits(command))
        };
        self.leaves(take.stage).into_iter().all(has)
    }

    /// Whether something serves, as it is, the folder that `take` fills.
    pub(crate) fn is_served(&self, take: &Take) -> bool {
        let serves = |stage: usize| {
            let chain = self.chain(stage);
            chain
                .iter()
                .any(|stage| self.stages.get(*stage).is_some_and(|info| info.serves))
        };
        let leaves = || self.leaves(take.stage).into_iter();
        let is_root = |target: &str| {
            let mut roots = catalog().served.roots.iter();
            roots.any(|root| target == root || is_in(target, root))
        };
        // Another stage may take the folder as a whole.
        let family: Vec<usize> = leaves().flat_map(|leaf| self.chain(leaf)).collect();
        let copies = family.iter().filter_map(|stage| self.stages.get(*stage));
        let is_whole = |path: &Option<String>| match (path, &take.target) {
            (Some(path), Some(target)) => {
                let path = path.trim_end_matches(['/', '.']);
                path == target || is_in(target, path) || path.is_empty()
            }
            _ => true,
        };
        let mut taken = copies.flat_map(|info| &info.taken);
        leaves().any(serves)
            || take.target.as_deref().is_some_and(is_root)
            || taken.any(|(stage, path)| is_whole(path) && self.leaves(*stage).into_iter().any(serves))
    }

    /// The line of an image that takes from the context and of which nothing tells what it starts.
    pub(crate) fn started_by_its_base(&self) -> Option<usize> {
        let is_unknown = |leaf: usize| {
            let infos: Vec<&StageInfo> = self
                .chain(leaf)
                .iter()
                .filter_map(|stage| self.stages.get(*stage))
                .collect();
            infos.iter().any(|info| info.is_foreign) && !infos.iter().any(|info| info.is_started)
        };
        let ends = |stage: usize| self.stages.get(stage).is_some_and(|info| info.taken.is_empty());
        let mut takes = self.takes.iter();
        let take = takes.find(|take| {
            self.leaves(take.stage)
                .into_iter()
                .any(|leaf| ends(leaf) && is_unknown(leaf))
        })?;
        Some(take.line)
    }

    /// Whether nothing in the images in which `take` ends up can run JavaScript.
    pub(crate) fn is_without_node(&self, take: &Take) -> bool {
        self.leaves(take.stage).into_iter().all(|leaf| {
            let chain = self.chain(leaf);
            let image = chain.last().and_then(|stage| self.stages.get(*stage)?.image.as_deref());
            let is_plain = image.is_some_and(|image| catalog().node.images_without.iter().any(|plain| plain == image));
            let of_chain = self.commands.iter().filter(|command| chain.contains(&command.stage));
            let names_node = |word: &String| {
                let mut parts = word.split(|c: char| !c.is_ascii_alphanumeric());
                parts.any(|part| catalog().node.programs.iter().any(|program| program == part))
            };
            is_plain
                && of_chain
                    .flat_map(|command| &command.words)
                    .all(|word| !names_node(word))
        })
    }

    /// The stages that stand on `stage` and on which none stands, or itself.
    fn leaves(&self, stage: usize) -> Vec<usize> {
        let children: Vec<usize> = (0..self.stages.len())
            .filter(|number| self.stages.get(*number).is_some_and(|info| info.base == Some(stage)))
            .collect();
        if children.is_empty() {
            return vec![stage];
        }
        children.into_iter().flat_map(|child| self.leaves(child)).collect()
    }

    /// `stage` and what it stands on, the lowest last.
    fn chain(&self, stage: usize) -> Vec<usize> {
        let base = |stage: &usize| self.stages.get(*stage)?.base.filter(|base| base < stage);
        std::iter::successors(Some(stage), base).collect()
    }
}

impl StageInfo {
    fn of(stage: &Stage, facts: &Facts) -> StageInfo {
        let mut info = StageInfo {
            base: None,
            image: None,
            is_foreign: false,
            is_started: false,
            serves: false,
            taken: Vec::new(),
        };
        match &stage.base {
            Base::Stage(number) => info.base = Some(*number),
            Base::Image(image) => {
                let repository = image.repository();
                let name = repository.rsplit('/').next().unwrap_or(&repository);
                info.image = image.official_name().map(str::to_owned);
                info.is_foreign = info.image.is_none();
                info.serves = catalog().served.images.iter().any(|known| known == name);
            }
            Base::Unknown => info.is_foreign = true,
            Base::Scratch => {}
        }
        let taken = stage.taken.iter();
        let taken = taken.filter_map(|taken| Some((facts.stage_of(taken.instruction)?, taken.path.clone())));
        info.taken = taken.collect();
        info
    }
}

/// Whether it is known what a command does: a table describes its program, or it is a package manager that runs nothing
/// that is not known.
fn is_known(command: &crate::facts::Command) -> bool {
    match &command.manager {
        Some(used) if matches!(used.action, Action::Run | Action::Exec) => {
            let inner = used.inner_at.and_then(|at| command.words.get(at));
            inner.is_none_or(|word| word.value.as_deref().is_some_and(|name| command_table(name).is_some()))
        }
        Some(_) => true,
        None => command.table().is_some(),
    }
}

impl Called {
    /// Whether it runs in `folder` of the context, or names that.
    pub(crate) fn is_in(&self, folder: &str) -> bool {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let ends = |workdir: &String| workdir.ends_with(&format!("/{folder}"));
        let says = |word: &String| word.split(['/', '=', '@', ':']).any(|part| part == name);
        self.workdir.as_ref().is_some_and(ends) || self.words.iter().any(says)
    }

    /// Whether it serves a folder as it is.
    fn serves(&self) -> bool {
        let programs = &catalog().served.programs;
        self.words.iter().any(|word| {
            let name = word.rsplit('/').next().unwrap_or(word);
            programs.iter().any(|known| known == name)
        })
    }

    /// Whether it is given the folder of the project as a whole, and may take of what is in it.
    pub(crate) fn takes_the_folder(&self) -> bool {
        let is_spared = || catalog().folder.spared_by.contains(&self.program);
        let mut words = self.words.iter().skip(1);
        let is_all = |word: &String| matches!(word.as_str(), "." | "./" | "*" | "./*" | "*/" | "$PWD");
        self.manager.is_none() && words.any(is_all) && !is_spared()
    }

    /// Whether what it runs may be anything, tests included: a program of which nothing is known, other than the one
    /// that the image is for.
    pub(crate) fn may_run_anything(&self) -> bool {
        let is_own = self.program.starts_with('/') || self.is_start && self.program.contains('/');
        let is_script = self.program.contains('/') && self.program.contains('.');
        let harmless = &catalog().tests.harmless;
        !self.program.is_empty() && !self.is_known && !is_own && !is_script && !harmless.contains(&self.program)
    }

    /// Whether it works in a folder below that of the project, as its options or its working folder say.
    fn is_below(&self, context: &ContextSource) -> bool {
        let options = &catalog().dependencies.folders;
        let mut pairs = self.words.iter().zip(self.words.iter().skip(1).map(Some).chain([None]));
        let is_told = pairs.any(|(word, next)| {
            let value = match word.split_once('=') {
                Some((option, value)) => options.iter().any(|known| known == option).then_some(value),
                None => next.map(String::as_str).filter(|_| options.contains(word)),
            };
            value.is_some_and(|value| !matches!(value, "." | "./" | "/app" | "/"))
        });
        let is_folder = || {
            let workdir = self.workdir.as_deref().unwrap_or_default();
            let mut tails = workdir.match_indices('/').filter_map(|(at, _)| workdir.get(at + 1..));
            tails.any(|tail| !tail.is_empty() && context.read_unfiltered(&format!("{tail}/package.json")).is_some())
        };
        is_told || is_folder()
    }

    /// Whether it installs what the root of the project declares, with one of `managers`.
    pub(crate) fn installs_at_root(&self, managers: &[String], context: &ContextSource) -> bool {
        self.installs(managers) && !self.is_below(context)
    }

    /// Whether it installs what the project declares, with one of `managers`.
    pub(crate) fn installs(&self, managers: &[String]) -> bool {
        let nothing = &catalog().dependencies.install_nothing;
        if self.words.iter().any(|word| nothing.contains(word)) {
            return false;
        }
        let uses = self.manager.as_ref().filter(|(id, ..)| managers.contains(id));
        let is_global = self
            .words
            .iter()
            .any(|word| matches!(word.as_str(), "-g" | "--global" | "global"));
        uses.is_some_and(|(_, action, has_packages)| *action == Action::Install && !has_packages && !is_global)
    }

    /// Whether it builds the project, with one of `managers`.
    pub(crate) fn builds(&self, managers: &[String]) -> bool {
        // `build:css` builds a part, `build:prod` all.
        let is_whole = |word: &str| match word.split_once([':', '-']) {
            Some((_, part)) => catalog().dependencies.whole_builds.iter().any(|known| known == part),
            None => true,
        };
        let says_build = || {
            let mut words = self.words.iter().skip(1);
            words.any(|word| !word.starts_with('-') && word.contains("build") && is_whole(word))
        };
        self.manager.as_ref().is_some_and(|(id, action, has_packages)| {
            managers.contains(id)
                && match action {
                    Action::Build => true,
                    Action::Install => id == "cargo" && !has_packages,
                    Action::Run | Action::Exec => says_build(),
                    _ => false,
                }
        })
    }
}

impl Take {
    fn of(source: &str, stage: usize, line: usize, context: &ContextSource) -> Take {
        let pattern = without_variables(source.trim_matches(['"', '\'']));
        let clean = format!("/{pattern}");
        let parts = clean.split('/').filter(|part| !matches!(*part, "" | "."));
        let mut inside: Vec<&str> = Vec::new();
        for part in parts {
            match part {
                // `..` stops at the root.
                ".." => drop(inside.pop()),
                part => inside.push(part),
            }
        }
        let pattern = inside.join("/");
        Take {
            stage,
            line,
            paths: context.glob(&pattern),
            pattern,
            target: None,
        }
    }

    fn is_everything(&self) -> bool {
        self.pattern.is_empty()
    }

    /// Whether keeping `path` out would take from what is named: it is a named thing, or holds one, unless it is a file.
    fn names(&self, path: &str, is_file: bool) -> bool {
        if self.is_everything() {
            return false;
        }
        let is_or_holds = |named: &str| named == path || !is_file && is_in(named, path);
        // What is not there now may be there in another checkout.
        let depth = path.matches('/').count();
        let beginning: Vec<&str> = self.pattern.split('/').take(depth + 1).collect();
        is_or_holds(&self.pattern)
            || self.paths.iter().any(|named| is_or_holds(named))
            || beginning.len() == depth + 1
                && (!is_file || beginning.len() == self.pattern.split('/').count())
                && matches_name(&beginning.join("/"), path)
    }

    /// Whether `path` is in a folder that it names.
    fn holds(&self, path: &str) -> bool {
        let named = self.paths.iter().map(String::as_str).chain([self.pattern.as_str()]);
        !self.is_everything() && named.into_iter().any(|named| is_in(path, named))
    }

    fn reaches(&self, path: &str) -> bool {
        self.is_everything() || self.names(path, false) || self.holds(path)
    }

    /// The paths that it names, there or not.
    pub(crate) fn named(&self) -> impl Iterator<Item = &str> {
        let named = self.paths.iter().map(String::as_str).chain([self.pattern.as_str()]);
        named.filter(|path| !path.is_empty())
    }
}

/// What several builds take, for questions about many paths: each costs no more for more builds.
pub(crate) struct Reached<'b> {
    takes_everything: bool,
    named: HashSet<&'b str>,
    /// The folders in which something is named.
    around: HashSet<&'b str>,
    /// Those with a pattern that is no plain path.
    wild: Vec<&'b Take>,
}

impl<'b> Reached<'b> {
    pub(crate) fn of(builds: &[&'b Build]) -> Reached<'b> {
        let mut found = Reached {
            takes_everything: builds.iter().any(|build| build.takes_everything()),
            named: HashSet::new(),
            around: HashSet::new(),
            wild: Vec::new(),
        };
        for take in builds.iter().flat_map(|build| &build.takes) {
            if take.pattern.contains(['*', '?', '[', '\\']) {
                found.wild.push(take);
                continue;
            }
            for path in take.paths.iter().chain([&take.pattern]) {
                found.named.insert(path);
                found.around.extend(folders(path));
            }
        }
        found
    }

    /// Whether something takes `path`.
    pub(crate) fn reaches(&self, path: &str) -> bool {
        self.takes_everything
            || self.named.contains(path)
            || self.around.contains(path)
            || folders(path).any(|folder| self.named.contains(folder))
            || self.wild.iter().any(|take| take.reaches(path))
    }
}

/// The folders that `path` is in, the root not among them.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// The sources of COPY and ADD that `file` takes from its context, as written.
pub fn copied_sources(file: &Dockerfile) -> Vec<String> {
    let nodes = file.instructions.iter().map(Instruction::node);
    let copies =
        nodes.filter(|node| matches!(node.keyword, Keyword::Copy | Keyword::Add) && node.flag("from").is_none());
    let sources = copies.map(crate::syntax::Node::sources);
    sources.flatten().map(|source| source.value.clone()).collect()
}

fn is_elsewhere(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@") || source.starts_with("<<")
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// `source` with a `*` for each variable.
fn without_variables(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        out.push('*');
        rest = &rest[at + variable(&rest[at..]).end..];
    }
    out + rest
}

/// Where the variable at the beginning of `text` stands.
fn variable(text: &str) -> Range<usize> {
    if text.starts_with("${") {
        return 0..text.find('}').map_or(text.len(), |end| end + 1);
    }
    let name = text.get(1..).unwrap_or_default();
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    0..end.map_or(text.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax;

    fn build(text: &str, files: &[&str]) -> Build {
        let context = ContextSource::in_memory(files.iter().map(|file| (*file, ""))).unwrap();
        let file = syntax::parse("Dockerfile", text).unwrap();
        Build::of(&file, &Facts::of(&file), &context)
    }

    #[test]
    fn names_what_a_copy_needs() {
        let build = build(
            "FROM a\nARG V=1\nCOPY docs/api target/$V/*.jar pack*.json ./\nCOPY . .\nRUN --mount=type=bind,source=web,target=/w ls\n",
            &["docs/api/x", "docs/y", "package.json", "web/a"],
        );
        for path in [
            "docs",
            "docs/api",
            "target",
            "target/2",
            "package.json",
            "web",
            "pack.json",
        ] {
            assert!(build.naming(path, false).is_some(), "{path}");
        }
        for path in ["docs/y", "docs/api/x", "src", "target2", "web/a"] {
            assert!(build.naming(path, false).is_none(), "{path}");
        }
        assert!(build.naming("target", true).is_none(), "a file holds nothing");
        assert!(build.holding("web/a").is_some() && build.holding("src").is_none());
        assert!(build.takes_everything() && Reached::of(&[&build]).reaches("src"));
    }

    #[test]
    fn many_builds_reach_what_one_of_them_takes() {
        let files = &["docs/api/x", "docs/y", "package.json", "web/a", "lib/b/c"];
        let builds = [
            build("FROM a\nARG V=1\nCOPY docs/api target/$V/*.jar pack*.json ./\n", files),
            build("FROM a\nCOPY lib/b ./gone/x /\n", files),
        ];
        let reached = Reached::of(&builds.each_ref());
        let paths = [
            "docs",
            "docs/api",
            "docs/api/x/y",
            "docs/y",
            "target",
            "target/2",
            "pack.json",
            "web",
            "lib",
            "lib/b",
            "lib/b/c",
            "lib/bc",
            "gone",
            "gone/x",
            "gone/y",
            "other",
        ];
        let mut count = 0;
        for path in paths {
            let is_taken = builds.iter().any(|build| build.taking(path).next().is_some());
            assert_eq!(reached.reaches(path), is_taken, "{path}");
            count += usize::from(is_taken);
        }
        assert!(count > 8 && count < paths.len() - 3, "{count}");
    }

    #[test]
    fn variables_become_wildcards() {
        assert_eq!(without_variables("a/${X:-1}/b$Y.c$"), "a/*/b*.c*");
        assert_eq!(without_variables("$A"), "*");
    }

    #[test]
    fn leaves_are_the_images() {
        let build = build(
            "FROM node AS base\nCOPY . .\nFROM base AS a\nRUN npm ci\nFROM base AS b\nRUN true\n",
            &["package.json"],
        );
        let npm = vec!["npm".to_owned()];
        let take = &build.takes[0];
        assert!(!build.always(take, |command| command.installs(&npm)), "b has none");
        assert!(!build.is_without_node(take));
    }
}
