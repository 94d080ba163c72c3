//! What must hold before a pattern is written, asked of the Dockerfiles and the sources.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::context::{ContextSource, Entry};
use crate::effects::{Obstacle, ObstacleKind};
use crate::passes::Level;

use super::candidate::{Candidate, Tree};
use super::proposal::Kept;
use crate::context::git_ignored::GitIgnored;
use crate::context::mentions::{Count, Found, Wanted, glob, is_bounded, is_code, is_match};
use crate::effects::context_use::tests_run;
use crate::effects::context_use::{Build, Called};
use crate::knowledge::ignore_patterns::{Guard, catalog};

/// The questions, with what was found out.
pub(super) struct Guards<'a> {
    context: &'a ContextSource,
    tree: &'a Tree<'a>,
    builds: &'a [&'a Build],
    level: Level,
    git: RefCell<GitIgnored<'a>>,
    tests: OnceCell<Option<String>>,
    /// Installed dependencies, caches and their like: what is in them says nothing of the folder around them.
    made: RefCell<BTreeSet<String>>,
}

impl<'a> Guards<'a> {
    pub(super) fn new(context: &'a ContextSource, tree: &'a Tree<'a>, builds: &'a [&'a Build], level: Level) -> Self {
        Guards {
            context,
            tree,
            builds,
            level,
            git: RefCell::new(GitIgnored::new(context)),
            tests: OnceCell::new(),
            made: RefCell::default(),
        }
    }

    /// The candidates that nothing speaks against, and the others with what does.
    pub(super) fn choose<'k>(&self, candidates: Vec<Candidate<'k>>) -> (Vec<Candidate<'k>>, Vec<Kept>) {
        let mut kept: Vec<Kept> = Vec::new();
        let mut refuse = |candidate: &Candidate<'_>, obstacle: Obstacle| {
            // Nothing is to be said of what is not there.
            if !candidate.matches.is_empty() {
                kept.push(Kept::new(candidate.first(), obstacle));
            }
        };
        let made = candidates.iter().filter(|candidate| candidate.group.inside_copied);
        self.made
            .replace(made.flat_map(|candidate| candidate.matches.iter().cloned()).collect());
        let mut chosen: Vec<Candidate<'k>> = Vec::new();
        for candidate in candidates {
            if self.is_tracked(&candidate) {
                continue;
            }
            let asked = || {
                let read = self.read_by_a_tool(&candidate).or_else(|| self.served(&candidate));
                read.or_else(|| self.needed(&candidate))
            };
            match self.named(&candidate).or_else(asked) {
                Some(obstacle) => refuse(&candidate, obstacle),
                None => chosen.push(candidate),
            }
        }
        let found = self.look(&chosen);
        // What stays may name what would go, until nothing changes any more.
        loop {
            let gone: BTreeMap<String, usize> = chosen
                .iter()
                .enumerate()
                .flat_map(|(number, candidate)| candidate.matches.iter().map(move |path| (path.clone(), number)))
                .collect();
            let is_gone = |path: &str| {
                let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
                ends.into_iter().any(|end| gone.contains_key(&path[..end]))
            };
            let answers: Vec<Option<Obstacle>> = chosen
                .iter()
                .map(|candidate| self.mentioned(candidate, &found, &is_gone))
                .collect();
            if answers.iter().all(Option::is_none) {
                return (chosen, kept);
            }
            let mut staying = Vec::new();
            for (candidate, answer) in chosen.into_iter().zip(answers) {
                match answer {
                    Some(obstacle) => refuse(&candidate, obstacle),
                    None => staying.push(candidate),
                }
            }
            chosen = staying;
        }
    }

    /// A COPY that names it.
    fn named(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        self.builds.iter().find_map(|build| {
            let take = candidate.paths().find_map(|path| {
                let holding = || build.holding(path).filter(|_| !candidate.group.inside_copied);
                // The file that is proposed is one, there or not.
                let is_file = self.tree.is_file(path) || candidate.known.guard == Guard::DockersOwn;
                build.naming(path, is_file).or_else(holding)
            })?;
            let (name, line, source) = (&build.name, take.line, &take.pattern);
            Some(Obstacle::new(
                ObstacleKind::InUse,
                format!("{name}:{line} takes `{source}` from the context"),
                "nothing: the build needs it",
            ))
        })
    }

    /// What the Dockerfiles and git say against it.
    fn needed(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let known = candidate.known;
        match known.guard {
            Guard::None | Guard::GitIgnored => None,
            Guard::Unmentioned | Guard::DockersOwn => self.in_dockerfile(candidate),
            Guard::PrivateKey => self.key_tracked(candidate).or_else(|| self.in_dockerfile(candidate)),
            Guard::Git => self.git_asked(),
            Guard::Made | Guard::MadeIgnored => self.not_made(candidate, |command| command.installs(&known.by)),
            Guard::Built | Guard::BuiltIgnored => self.not_built(candidate),
            Guard::Environment => self.environment_used(candidate),
            Guard::Dotenv => self.dotenv_tracked(candidate).or_else(|| self.dotenv_in_dockerfile()),
            Guard::Tests => self
                .tests_run()
                .or_else(|| self.tests_built(candidate))
                .or_else(|| self.is_project(candidate))
                .or_else(|| self.in_dockerfile(candidate)),
            Guard::Documentation => self
                .documentation_made()
                .or_else(|| self.is_project(candidate))
                .or_else(|| self.in_dockerfile(candidate)),
            Guard::Data => self.data(candidate).or_else(|| self.in_dockerfile(candidate)),
        }
    }

    fn git_asked(&self) -> Option<Obstacle> {
        let table = &catalog().git;
        self.builds.iter().find_map(|build| {
            let command = build.commands.iter().find(|command| {
                let names_git = |word: &String| says(word, ".git");
                let verb = command
                    .words
                    .iter()
                    .skip(1)
                    .find(|word| !word.starts_with('-') || word.as_str() == "--version");
                let is_outside = || command.words.iter().any(|word| table.outside.contains(word));
                let is_elsewhere = |verb: &String| table.elsewhere.contains(verb) || is_outside();
                let asks = command.program == "git" && !verb.is_some_and(is_elsewhere);
                asks || command.program != "rm" && command.words.iter().any(names_git)
            });
            let line = command.map(|command| command.line).or_else(|| {
                // Of a command of git itself more is known than its words.
                let is_git = |word: &&String| !word.starts_with("git ") || table.elsewhere.contains(word);
                let asks = |text: &str| table.words.iter().filter(is_git).any(|word| says(text, word));
                build.texts.iter().find(|(_, text)| asks(text)).map(|(line, _)| *line)
            })?;
            let remedy = "pass what the build asks git for as an ARG, then add `.git` yourself";
            let found = format!("{}:{line} asks git, or a tool that does", build.name);
            Some(Obstacle::new(ObstacleKind::InUse, found, remedy))
        })
    }

    /// A tool in the image that reads it by its usual name.
    fn read_by_a_tool(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let readers = &candidate.known.readers;
        self.builds.iter().find_map(|build| {
            let mut texts = build.texts.iter().chain(&build.images);
            let reads = |text: &str| {
                // The words of an exec form are words of a command, too.
                let text = text.to_lowercase().replace("\", \"", " ").replace("\",\"", " ");
                readers.iter().any(|reader| says(&text, reader))
            };
            let (line, _) = texts.find(|(_, text)| reads(text))?;
            let found = format!("{}:{line} has a tool that may read it by its name", build.name);
            Some(Obstacle::new(ObstacleKind::InUse, found, by_hand(candidate)))
        })
    }

    /// An image that serves the folder as it is: whatever could be content stays.
    fn served(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let pattern = &candidate.known.pattern;
        let is_content = match candidate.known.guard {
            Guard::Documentation | Guard::Tests | Guard::Data => true,
            Guard::None | Guard::GitIgnored => !pattern.starts_with(['*', '.']),
            _ => false,
        };
        let served = |build: &&&Build| {
            let mut takes = candidate.paths().flat_map(|path| build.taking(path));
            takes.any(|take| build.is_served(take))
        };
        let build = self.builds.iter().find(served).filter(|_| is_content)?;
        let found = format!(
            "{} serves the folder that it comes to, so that it may be content",
            build.name
        );
        Some(Obstacle::new(ObstacleKind::UnknownNeed, found, by_hand(candidate)))
    }

    /// A key that git keeps is one of the program's own files.
    fn key_tracked(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let mut git = self.git.borrow_mut();
        let is_tracked = candidate.matches.iter().any(|path| !git.holds(path, false));
        let found = "git does not ignore it, so the program may use it";
        is_tracked.then(|| Obstacle::new(ObstacleKind::UnknownNeed, found, by_hand(candidate)))
    }

    /// A manifest that has the tests as a part of the build: a `[[test]]` of Cargo, a project file of .NET, which compiles
    /// all code below it.
    fn tests_built(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let has = |ending: &str| {
            let mut entries = candidate.matches.iter().flat_map(|folder| self.tree.under(folder));
            entries.any(|entry| entry.path.ends_with(ending))
        };
        let names_a_test = || {
            let text = self.context.read_unfiltered("Cargo.toml")?;
            let manifest: toml::Table = toml::from_str(&text).ok()?;
            manifest.contains_key("test").then(|| "Cargo.toml".to_owned())
        };
        let compiles = || {
            let mut entries = self.tree.entries.iter();
            let project = entries.find(|entry| !entry.path.contains('/') && entry.path.ends_with(".csproj"))?;
            has(".cs").then(|| project.path.clone())
        };
        let manifest = names_a_test().or_else(compiles)?;
        let found = format!("{manifest} has it as a part of the build");
        Some(Obstacle::new(ObstacleKind::InUse, found, by_hand(candidate)))
    }

    /// A folder of the name of an output that git keeps is most likely a part of the sources. It is left without a word.
    fn is_tracked(&self, candidate: &Candidate<'_>) -> bool {
        if !matches!(
            candidate.known.guard,
            Guard::GitIgnored | Guard::MadeIgnored | Guard::BuiltIgnored
        ) {
            return false;
        }
        let mut git = self.git.borrow_mut();
        let mut paths = candidate.matches.iter();
        paths.any(|path| !git.holds(path, !self.tree.is_file(path)))
    }

    /// A stage that takes it and makes none of its own.
    fn not_made(&self, candidate: &Candidate<'_>, fits: impl Fn(&Called) -> bool) -> Option<Obstacle> {
        // Dependencies of other languages may run in any image.
        let is_node = candidate.known.by.iter().any(|id| id == "npm");
        for build in self.builds {
            for path in candidate.paths() {
                // An install in a folder below makes none at the root.
                let is_root = is_node && !path.contains('/') && candidate.matches.iter().any(|found| found == path);
                let fits = |command: &Called| {
                    fits(command) && (!is_root || command.installs_at_root(&candidate.known.by, self.context))
                };
                let unserved = build
                    .taking(path)
                    .find(|take| !(build.always(take, fits) || is_node && build.is_without_node(take)));
                if let Some(take) = unserved {
                    let obstacle = format!(
                        "{}:{} takes it, and no command there that is known installs it: the image may run with this one",
                        build.name, take.line
                    );
                    return Some(Obstacle::new(
                        ObstacleKind::NeededAtRunTime,
                        obstacle,
                        "install in the Dockerfile, from the lock file",
                    ));
                }
            }
            if let Some(obstacle) = self.other_project(candidate, build, &fits) {
                return Some(obstacle);
            }
        }
        None
    }

    /// Dependencies of a folder in which something runs and nothing installs.
    fn other_project(
        &self,
        candidate: &Candidate<'_>,
        build: &Build,
        fits: &impl Fn(&Called) -> bool,
    ) -> Option<Obstacle> {
        let root = self.context.read_unfiltered("package.json").unwrap_or_default();
        let is_workspace = root.contains("\"workspaces\"")
            || ["pnpm-workspace.yaml", "lerna.json"]
                .iter()
                .any(|file| self.context.read_unfiltered(file).is_some());
        if is_workspace {
            return None;
        }
        for path in &candidate.matches {
            let Some((folder, _)) = path.rsplit_once('/') else {
                continue;
            };
            let name = folder.rsplit('/').next().unwrap_or(folder);
            let says = |text: &str| says(text, name);
            let is_used = build.texts.iter().any(|(_, text)| says(text)) || root.lines().any(says);
            let is_installed = build
                .commands
                .iter()
                .any(|command| fits(command) && command.is_in(folder))
                || root.lines().any(|line| says(line) && line.contains("install"));
            if is_used && !is_installed && !build.taking(path).all(|take| build.is_without_node(take)) {
                let obstacle = format!(
                    "{} uses `{folder}`, and nothing shows that it installs there",
                    build.name
                );
                return Some(Obstacle::new(
                    ObstacleKind::InUse,
                    obstacle,
                    format!("install in `{folder}` in a RUN of its own"),
                ));
            }
        }
        None
    }

    fn not_built(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let by = &candidate.known.by;
        for build in self.builds {
            for path in candidate.paths() {
                let unserved = build
                    .taking(path)
                    .find(|take| !build.always(take, |command| command.builds(by)));
                let unserved = unserved.or_else(|| {
                    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                    // A script of one package builds that package, not those beside it.
                    let is_alone = !parent.is_empty() && by.iter().any(|id| id == "npm");
                    let builds_there = |command: &Called| command.builds(by) && command.is_in(parent);
                    build
                        .taking(path)
                        .find(|take| is_alone && !build.always(take, builds_there))
                });
                if let Some(take) = unserved {
                    let obstacle = format!(
                        "{}:{} takes it, and no command there that is known builds it: the image may need this one",
                        build.name, take.line
                    );
                    return Some(Obstacle::new(
                        ObstacleKind::NeededAtRunTime,
                        obstacle,
                        "build in the Dockerfile, or copy the output by its name",
                    ));
                }
            }
        }
        None
    }

    /// A command that uses a virtual environment of this name where none makes one.
    fn environment_used(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let names = names_of(candidate);
        self.builds.iter().find_map(|build| {
            let line = line_naming(build, &names)?;
            if self.makes_environments(build, candidate) {
                return None;
            }
            let obstacle = format!("{}:{line} uses it, and no command there makes one", build.name);
            Some(Obstacle::new(
                ObstacleKind::InUse,
                obstacle,
                "make it in the Dockerfile: one of this machine works nowhere else",
            ))
        })
    }

    /// Whether every image of `build` that takes it makes an environment of its own.
    fn makes_environments(&self, build: &Build, candidate: &Candidate<'_>) -> bool {
        let environments = &catalog().environments;
        let makes = |command: &Called| environments.are_made_by(&command.program, &command.words);
        let mut takes = candidate.paths().flat_map(|path| build.taking(path));
        takes.all(|take| build.always(take, makes))
    }

    fn in_dockerfile(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let names = names_of(candidate);
        self.builds.iter().find_map(|build| {
            let line = line_naming(build, &names)?;
            let obstacle = format!("{}:{line} names it", build.name);
            Some(Obstacle::new(ObstacleKind::InUse, obstacle, by_hand(candidate)))
        })
    }

    /// Git keeps a file of settings that is meant to come along.
    fn dotenv_tracked(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let mut git = self.git.borrow_mut();
        let is_tracked = candidate.matches.iter().any(|path| !git.holds(path, false));
        is_tracked.then(|| {
            Obstacle::new(
                ObstacleKind::UnknownNeed,
                "git does not ignore it, so it may be meant to come along",
                ENV_REMEDY,
            )
        })
    }

    fn dotenv_in_dockerfile(&self) -> Option<Obstacle> {
        self.builds.iter().find_map(|build| {
            let (line, _) = build.texts.iter().find(|(_, text)| {
                let words = catalog().dotenv.words.iter().map(String::as_str).chain([".env"]);
                let lower = text.to_lowercase();
                let mut parts = catalog().dotenv.parts.iter();
                words.into_iter().any(|word| says(text, word)) || parts.any(|part| lower.contains(part.as_str()))
            })?;
            Some(Obstacle::new(
                ObstacleKind::InUse,
                format!("{}:{line} may load it", build.name),
                ENV_REMEDY,
            ))
        })
    }

    fn tests_run(&self) -> Option<Obstacle> {
        let found = self.tests.get_or_init(|| {
            let scripts = || tests_run::by_package_script(self.context, self.builds);
            let container = || tests_run::in_container(self.context);
            tests_run::by_command(self.builds).or_else(scripts).or_else(container)
        });
        let remedy = "if the image is never tested from inside, add the folder yourself";
        found
            .as_ref()
            .map(|found| Obstacle::new(ObstacleKind::InUse, found, remedy))
    }

    fn documentation_made(&self) -> Option<Obstacle> {
        self.builds.iter().find_map(|build| {
            let command = build.commands.iter().find(|command| {
                let mut words = command
                    .words
                    .iter()
                    .flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric()));
                words.any(|word| catalog().documentation.words.contains(&word.to_lowercase()))
            })?;
            let obstacle = format!("{}:{} may make or read documentation", build.name, command.line);
            Some(Obstacle::new(
                ObstacleKind::InUse,
                obstacle,
                "copy it by its name where the image needs it",
            ))
        })
    }

    /// What is in `folder` and was written by those who work on it.
    fn sources_in(&self, folder: &str) -> Vec<&'a Entry> {
        let made = self.made.borrow();
        let is_made = |path: &str| path.match_indices('/').any(|(at, _)| made.contains(&path[..at]));
        self.tree.under(folder).filter(|entry| !is_made(&entry.path)).collect()
    }

    /// A folder with a manifest may be a member of a workspace, which installs and builds look for.
    fn is_project(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let manifest = candidate.matches.iter().find_map(|folder| {
            self.sources_in(folder).into_iter().find(|entry| {
                let name = entry.path.rsplit('/').next().unwrap_or_default();
                catalog().projects.manifests.iter().any(|known| known == name) || name.ends_with(".csproj")
            })
        })?;
        let obstacle = format!("{} makes it a project, which others may be built with", manifest.path);
        Some(Obstacle::new(ObstacleKind::UnknownNeed, obstacle, by_hand(candidate)))
    }

    fn data(&self, candidate: &Candidate<'_>) -> Option<Obstacle> {
        let files = candidate.matches.iter().flat_map(|folder| self.sources_in(folder));
        if let Some(code) = files.into_iter().find(|entry| is_code(&entry.path)) {
            let found = format!("{} is code", code.path);
            return Some(Obstacle::new(ObstacleKind::UnknownNeed, found, by_hand(candidate)));
        }
        let mut git = self.git.borrow_mut();
        let is_ignored = candidate.matches.iter().all(|path| git.holds(path, true));
        if is_ignored || self.level >= Level::Aggressive {
            return None;
        }
        let obstacle = "git keeps it, so the program may read it by a path that no source spells out";
        Some(Obstacle::new(
            ObstacleKind::UnknownNeed,
            obstacle,
            "--level aggressive leaves it out where no source names it",
        ))
    }

    /// Which mentions keep it; none where none does.
    fn words_of(&self, candidate: &Candidate<'_>) -> Option<Count> {
        match candidate.known.guard {
            Guard::Dotenv | Guard::PrivateKey | Guard::Tests | Guard::Documentation => Some(Count::All),
            Guard::Data | Guard::Unmentioned => Some(Count::All),
            Guard::DockersOwn => Some(Count::All),
            // A script may start in it.
            Guard::Environment => {
                let is_made = self
                    .builds
                    .iter()
                    .all(|build| self.makes_environments(build, candidate));
                (!is_made).then_some(Count::All)
            }
            // Where nothing installs them, pages and programs without Node may still serve files out of them.
            Guard::Made | Guard::MadeIgnored => {
                let by = &candidate.known.by;
                let is_installed = self.builds.iter().all(|build| {
                    let mut takes = candidate.paths().flat_map(|path| build.taking(path));
                    takes.all(|take| build.always(take, |command| command.installs(by)))
                });
                (!is_installed).then_some(Count::Served)
            }
            _ => None,
        }
    }

    /// Looks for all that the candidates ask about.
    fn look(&self, chosen: &[Candidate<'_>]) -> Found {
        let (mut names, mut tools) = (BTreeSet::new(), BTreeSet::new());
        for candidate in chosen {
            tools.extend(candidate.known.readers.iter().cloned());
            if self.words_of(candidate).is_some() {
                names.extend(names_of(candidate).into_iter().map(str::to_owned));
            }
            match candidate.known.guard {
                Guard::Git => {
                    tools.extend(catalog().git.words.iter().cloned());
                    tools.extend(catalog().git.code_words.iter().cloned());
                    names.insert(GIT_FOLDER.to_owned());
                }
                Guard::Dotenv => {
                    tools.extend(catalog().dotenv.words.iter().cloned());
                    tools.extend(catalog().dotenv.parts.iter().cloned());
                }
                _ => {}
            }
        }
        let texts = self
            .builds
            .iter()
            .flat_map(|build| &build.texts)
            .map(|(_, text)| text.as_str());
        let called: Vec<&str> = texts.collect();
        let wanted = Wanted {
            names: &names,
            tools: &tools,
            parts: &catalog().dotenv.parts,
        };
        Found::look(self.context, &self.tree.entries, &wanted, &called.join("\n"))
    }

    /// What the sources that stay say against it.
    fn mentioned(&self, candidate: &Candidate<'_>, found: &Found, is_gone: &dyn Fn(&str) -> bool) -> Option<Obstacle> {
        let guard = candidate.known.guard;
        if guard == Guard::Git {
            let table = catalog();
            let all = table.git.words.iter().map(|word| (word, Count::All));
            let in_code = table.git.code_words.iter().map(|word| (word, Count::CodeAlone));
            let folder = [(GIT_FOLDER, Count::All)];
            let words = all
                .chain(in_code)
                .map(|(word, count)| (word.as_str(), count))
                .chain(folder);
            if found.is_incomplete {
                return Some(too_much());
            }
            return words.into_iter().find_map(|(word, count)| {
                let mention = found.first(word, count, is_gone)?;
                let obstacle = format!(
                    "{}:{} says {}, which asks git",
                    mention.path,
                    mention.line,
                    quoted(word)
                );
                Some(Obstacle::new(
                    ObstacleKind::InUse,
                    obstacle,
                    "if the image is built without it, add `.git` yourself",
                ))
            });
        }
        let read = candidate
            .known
            .readers
            .iter()
            .find_map(|tool| found.first(tool, Count::All, is_gone));
        if let Some(mention) = read {
            let obstacle = format!(
                "{}:{} has a tool that may read it by its name",
                mention.path, mention.line
            );
            return Some(Obstacle::new(ObstacleKind::InUse, obstacle, by_hand(candidate)));
        }
        let count = self.words_of(candidate)?;
        if found.is_incomplete {
            return Some(too_much());
        }
        let names = names_of(candidate).into_iter();
        let tools = catalog()
            .dotenv
            .words
            .iter()
            .chain(&catalog().dotenv.parts)
            .map(String::as_str)
            .filter(|_| guard == Guard::Dotenv);
        let named = names.chain(tools).find_map(|word| {
            let mention = found.first(word, count, is_gone)?;
            let obstacle = format!("{}:{} says {}", mention.path, mention.line, quoted(word));
            let remedy = if guard == Guard::Dotenv {
                ENV_REMEDY.to_owned()
            } else {
                by_hand(candidate)
            };
            Some(Obstacle::new(ObstacleKind::InUse, obstacle, remedy))
        });
        let tests = || self.tests_in_scripts(candidate, found, is_gone);
        named.or_else(|| self.globbed(candidate, found, is_gone)).or_else(tests)
    }

    /// A wildcard that matches it, or something that goes through the whole folder.
    fn globbed(&self, candidate: &Candidate<'_>, found: &Found, is_gone: &dyn Fn(&str) -> bool) -> Option<Obstacle> {
        let is_content = matches!(
            candidate.known.guard,
            Guard::Documentation | Guard::Data | Guard::PrivateKey | Guard::Unmentioned | Guard::DockersOwn
        );
        if !is_content {
            return None;
        }
        let inside = candidate
            .matches
            .iter()
            .flat_map(|folder| self.tree.under(folder).take(MOST_INSIDE));
        let paths: Vec<&str> = candidate
            .paths()
            .chain(inside.map(|entry| entry.path.as_str()))
            .collect();
        let place = match found.matching(paths.iter().copied(), is_gone) {
            Some((glob, mention)) => format!("{}:{} goes through `{glob}`", mention.path, mention.line),
            None => self.globbed_in_dockerfile(candidate, &paths)?,
        };
        Some(Obstacle::new(ObstacleKind::InUse, place, by_hand(candidate)))
    }

    fn globbed_in_dockerfile(&self, candidate: &Candidate<'_>, paths: &[&str]) -> Option<String> {
        // Docker's own files are no content of a folder that is packed.
        let is_packed = matches!(candidate.known.guard, Guard::Documentation | Guard::Data);
        self.builds.iter().find_map(|build| {
            let command = build.commands.iter().find(|command| {
                let globs = command.words.iter().filter(|word| word.contains('*'));
                let matches =
                    |word: &String| glob(word).is_some_and(|glob| paths.iter().any(|path| is_match(&glob, path)));
                is_packed && command.takes_the_folder() || globs.into_iter().any(matches)
            });
            let in_loop = || {
                let texts = build.texts.iter().filter(|(_, text)| text.contains("for "));
                texts.into_iter().find(|(_, text)| {
                    let globs = text.split_whitespace().filter(|word| word.contains('*'));
                    globs
                        .into_iter()
                        .filter_map(|word| glob(word.trim_end_matches(';')))
                        .any(|glob| paths.iter().any(|path| is_match(&glob, path)))
                })
            };
            let line = command
                .map(|command| command.line)
                .or_else(|| in_loop().map(|(line, _)| *line))?;
            Some(format!("{}:{line} goes through what is there", build.name))
        })
    }

    /// A script that something calls and that runs tests, or may.
    fn tests_in_scripts(
        &self,
        candidate: &Candidate<'_>,
        found: &Found,
        is_gone: &dyn Fn(&str) -> bool,
    ) -> Option<Obstacle> {
        if candidate.known.guard != Guard::Tests {
            return None;
        }
        let mut scripts = found.called().filter(|path| !is_gone(path));
        let runs = |path: &&str| {
            let text = self.context.read_unfiltered(path).unwrap_or_default();
            // `test` is a command of the shell, too.
            let mut lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            lines.any(|line| tests_run::says(&line.replace("test -", "")))
        };
        let script = scripts.find(runs)?;
        let obstacle = format!("{script} runs tests, or may");
        Some(Obstacle::new(ObstacleKind::InUse, obstacle, by_hand(candidate)))
    }
}

/// The folder of git's history.
const GIT_FOLDER: &str = ".git";

/// More files of a folder are not compared with wildcards.
const MOST_INSIDE: usize = 500;

/// The line of the first text of a Dockerfile that says one of `names`.
fn line_naming(build: &Build, names: &BTreeSet<&str>) -> Option<usize> {
    let is_named = |text: &str| names.iter().any(|name| says(text, name));
    let (line, _) = build.texts.iter().find(|(_, text)| is_named(text))?;
    Some(*line)
}

/// Whether a text says a word that stands by itself.
fn says(text: &str, word: &str) -> bool {
    let mut at = text.match_indices(word);
    at.any(|(start, part)| is_bounded(text, start..start + part.len()))
}

/// The words by which sources would name it: the last parts of its paths. Of documents also without the ending, which
/// code may put behind it.
fn names_of<'c>(candidate: &'c Candidate<'_>) -> BTreeSet<&'c str> {
    let mut names: BTreeSet<&str> = candidate.paths().filter_map(|path| path.rsplit('/').next()).collect();
    if candidate.known.guard == Guard::Documentation {
        let stems: Vec<&str> = names
            .iter()
            .filter_map(|name| name.rsplit_once('.'))
            .map(|(stem, _)| stem)
            .collect();
        names.extend(stems);
    }
    if candidate.known.guard == Guard::PrivateKey {
        // A program may put the name together, or go through the folder.
        names.extend(candidate.paths().filter_map(|path| path.rsplit('/').nth(1)));
        names.extend(
            [".key", ".pem"]
                .iter()
                .filter(|ending| candidate.known.pattern.ends_with(**ending)),
        );
    }
    names
}

fn quoted(word: &str) -> String {
    if word.contains('`') {
        word.to_owned()
    } else {
        format!("`{word}`")
    }
}

fn by_hand(candidate: &Candidate<'_>) -> String {
    format!("if the image does without it, add `{}` yourself", candidate.first())
}

const ENV_REMEDY: &str =
    "pass the settings when the container starts (--env-file, `env_file:` in Compose), then add `.env` yourself";

fn too_much() -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownNeed,
        "there are more sources than are read for it",
        "if the image does without it, add it yourself",
    )
}
