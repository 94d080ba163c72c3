//! Which caches of a RUN can be mounts.

use crate::effects::cache_readers::CacheReaders;
use crate::effects::later_use::LaterUse;
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, folder_of};
use crate::facts::{CacheUse, Command, Execution, Facts, ManagerUse, Obstruction, Taken, User, is_within};
use crate::knowledge::{Action, ArgumentRole, Cache, Holds, Manager, OptionRole, Sharing};
use crate::passes::clean_layers::image_among;
use crate::syntax::Dockerfile;

use super::starts::Starts;
use super::{chain, stores};

/// A cache that will be a mount of the RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Whose cache it is.
    pub(super) manager: &'static str,
    /// Its number in the manager's table.
    pub(super) order: usize,
    /// Where it is mounted.
    pub(super) path: String,
    /// Whether builds may use it at once.
    pub(super) sharing: Sharing,
    /// The user and group it belongs to, where that is not root.
    pub(super) owner: Option<(u32, Option<u32>)>,
    /// The commands that fill it, by their numbers.
    pub(super) commands: Vec<usize>,
    /// The `id` of the mount, where its path alone does not tell it from those of other projects.
    pub(super) id: Option<String>,
}

/// The caches of one RUN.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidates {
    /// Those that can be mounts.
    pub(super) mounts: Vec<Candidate>,
    /// Those that cannot: what is not done, at which path, and why.
    pub(super) refusals: Vec<(String, String, Obstacle)>,
    /// The binaries that a mounted build folder would hide.
    pub(super) target: Option<super::target::Target>,
}

impl Candidates {
    /// Finds the caches that RUN number `index` fills.
    pub(super) fn of(
        facts: &Facts,
        file: &Dockerfile,
        (starts, later_use, readers): (&Starts<'_>, &LaterUse<'_>, &CacheReaders<'_>),
        index: usize,
        run: &Execution,
    ) -> Candidates {
        let mut candidates = Candidates::default();
        let Some(scope) = facts.scope(index) else {
            return candidates;
        };
        let network = file
            .instructions
            .get(index)
            .and_then(|instruction| instruction.node().flag("network"));
        if network == Some("none") {
            return candidates;
        }
        let rules = Rules {
            facts,
            file,
            starts,
            later_use,
            readers,
            index,
            run,
        };
        for (number, command) in run.commands.iter().enumerate() {
            let Some(used) = &command.manager else { continue };
            let verdicts: Vec<_> = used
                .caches
                .iter()
                .filter_map(|cache| Some((cache, rules.check(number, command, used, cache)?)))
                .collect();
            candidates.add(used.manager, verdicts);
        }
        candidates.sort();
        for store in stores::shared_with(facts, file, starts, index) {
            if let Ok(owner) = rules.owner(&scope.user, &store.path) {
                candidates.push(Candidate { owner, ..store });
            }
        }
        candidates
    }

    /// Puts the mounts of one manager into the order of its table, whichever command fills them first.
    fn sort(&mut self) {
        let managers: Vec<&str> = self.mounts.iter().map(|mount| mount.manager).collect();
        let first = |manager: &str| managers.iter().position(|other| *other == manager);
        self.mounts.sort_by_key(|mount| (first(mount.manager), mount.order));
    }

    /// Adds the mount of a build folder, and what it needs.
    pub(super) fn add_target(&mut self, target: Option<Result<super::target::Target, Obstacle>>) {
        match target {
            Some(Ok(target)) => {
                self.mounts.push(target.mount.clone());
                self.target = Some(target);
            }
            Some(Err(obstacle)) => {
                self.refusals
                    .push(("mount Cargo's target folder".to_owned(), String::new(), obstacle))
            }
            None => {}
        }
    }

    /// Whether nothing can be mounted.
    pub(super) fn is_empty(&self) -> bool {
        self.mounts.is_empty()
    }

    fn add(&mut self, manager: &'static Manager, verdicts: Vec<(&CacheUse, Result<Candidate, Obstacle>)>) {
        for (cache, verdict) in verdicts {
            match verdict {
                Ok(candidate) => self.push(candidate),
                Err(obstacle) => {
                    let path = cache.path.clone().unwrap_or_default();
                    self.refusals
                        .push((format!("mount the cache of {}", manager.name), path, obstacle));
                }
            }
        }
    }

    fn push(&mut self, candidate: Candidate) {
        match self.mounts.iter_mut().find(|mount| mount.path == candidate.path) {
            Some(mount) => {
                mount.commands.extend(candidate.commands);
                if candidate.sharing == Sharing::Locked {
                    mount.sharing = Sharing::Locked;
                }
            }
            None => self.mounts.push(candidate),
        }
    }
}

/// What decides about a cache of one RUN.
struct Rules<'a> {
    facts: &'a Facts,
    file: &'a Dockerfile,
    starts: &'a Starts<'a>,
    later_use: &'a LaterUse<'a>,
    readers: &'a CacheReaders<'a>,
    index: usize,
    run: &'a Execution,
}

impl Rules<'_> {
    /// The mount for a cache that command `number` fills; none where there is nothing to gain and nothing to say.
    fn check(
        &self,
        number: usize,
        command: &Command,
        used: &ManagerUse,
        cache: &CacheUse,
    ) -> Option<Result<Candidate, Obstacle>> {
        let known = cache.cache;
        let name = &used.manager.name;
        if !known.mount || known.unfit_verbs.contains(&used.verb) {
            return None;
        }
        // Nothing is downloaded, or the lists are those of an older layer, which a mount would hide.
        let from_older_lists = || {
            self.run
                .installs_from_older_lists()
                .is_some_and(|older| older <= number)
        };
        match known.holds {
            Holds::Downloads | Holds::Store if used.offline == Some(true) => return None,
            Holds::Lists if from_older_lists() || !self.run.fetches_lists(used.manager) => return None,
            _ if known.filled_by.contains(&Action::UpdateLists)
                && used.manager.lists.is_some()
                && from_older_lists() =>
            {
                let found = format!("`{}` uses package lists that an earlier RUN downloaded", used.program);
                return Some(Err(Obstacle::new(
                    ObstacleKind::Order,
                    found,
                    "download the lists in the same RUN",
                )));
            }
            _ => {}
        }
        if let Some(line) = self.configured_before(used) {
            let found = format!("line {line} changes the settings of {name}, perhaps the place of its cache");
            return Some(Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                found,
                "set the place by a variable instead",
            )));
        }
        if let Some(obstacle) = self.too_old(used) {
            return Some(Err(obstacle));
        }
        let Some(path) = cache.path.as_deref() else {
            return Some(Err(no_path(used, cache)));
        };
        // What only the tool knows is no target; what is below /dev is none on purpose.
        if path.contains('*') || is_within(path, "/dev") {
            return None;
        }
        if path.contains([' ', ',', ':', '"', '$', '\\']) {
            let found = format!("a mount cannot name {path}");
            return Some(Err(Obstacle::new(
                ObstacleKind::Unsupported,
                found,
                "move the cache to a path without signs",
            )));
        }
        if cache.linked != Some(false) {
            let found =
                format!("what {name} installs may be links into its cache, which would then be part of the image");
            return Some(Err(Obstacle::new(
                ObstacleKind::InUse,
                found,
                "let it copy files instead",
            )));
        }
        Some(self.mount(number, command, used, cache, path))
    }

    fn mount(
        &self,
        number: usize,
        command: &Command,
        used: &ManagerUse,
        cache: &CacheUse,
        path: &str,
    ) -> Result<Candidate, Obstacle> {
        let owner = self.owner(&used.user, path)?;
        self.obstructions(command, used)?;
        self.is_fit(used, cache)?;
        self.uses_elsewhere(path, cache.cache, &used.manager.id)?;
        self.is_missed(used, cache, path)?;
        self.readers.check(self.file, self.index, used, cache)?;
        fills_other(command, used, cache.cache, path)?;
        match cache.cache.holds {
            Holds::Lists => self.lists(used)?,
            Holds::Store => stores::check(self.facts, self.file, self.starts, self.index, used, path)?,
            // With its folder mounted, the lists go there too.
            Holds::Downloads if cache.cache.only_mounted && used.leaves_lists() => self.lists(used)?,
            Holds::Downloads => {}
        }
        Ok(Candidate {
            manager: &used.manager.name,
            order: used
                .manager
                .caches
                .iter()
                .position(|known| std::ptr::eq(known, cache.cache))
                .unwrap_or(0),
            path: path.to_owned(),
            sharing: cache.cache.sharing,
            owner,
            commands: vec![number],
            id: None,
        })
    }

    /// That the program of the image does not know the options without which nothing stays in the mount.
    fn too_old(&self, used: &ManagerUse) -> Option<Obstacle> {
        let keep = used.manager.keep.iter().find(|keep| !keep.too_old.is_empty())?;
        let image = image_among(self.facts, self.index, &keep.too_old)?;
        let found = format!(
            "`{}` of {image} does not know `{}`",
            used.program,
            keep.options.join(" ")
        );
        Some(Obstacle::new(
            ObstacleKind::Unsupported,
            found,
            "build on a newer release",
        ))
    }

    /// Whether nothing in the RUN puts into the cache what the image may need.
    fn is_fit(&self, used: &ManagerUse, cache: &CacheUse) -> Result<(), Obstacle> {
        let puts =
            |other: &&ManagerUse| other.manager.id == used.manager.id && cache.cache.unfit_verbs.contains(&other.verb);
        let mut others = self.run.commands.iter().filter_map(|command| command.manager.as_ref());
        let Some(other) = others.find(puts) else { return Ok(()) };
        let found = format!("`{}` may put into it what the image needs", other.program);
        Err(Obstacle::new(
            ObstacleKind::InUse,
            found,
            format!("call `{}` in a RUN of its own", other.program),
        ))
    }

    /// Whom a mount at `path` must belong to.
    fn owner(&self, user: &User, path: &str) -> Result<Option<(u32, Option<u32>)>, Obstacle> {
        let account = match user {
            User::Root => return Ok(None),
            User::Unknown => return Err(unknown_user()),
            User::Other(account) => account,
        };
        let Some(uid) = account.uid else {
            let found = format!(
                "the number of the user {} is not known, and a mount belongs to root",
                account.name
            );
            return Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                found,
                format!("create {} with a fixed number: `useradd --uid 1000`", account.name),
            ));
        };
        // The folders above the mount point that do not exist belong to root while the RUN runs.
        let below_home = account
            .home
            .as_deref()
            .and_then(|home| path.strip_prefix(home)?.strip_prefix('/'));
        let parents = below_home.map(|path| path.matches('/').count());
        let parent = path.rsplit_once('/').map_or("/", |(parent, _)| parent);
        let only_known = || {
            self.run
                .commands
                .iter()
                .all(|command| command.manager.is_some() || stores::is_inert(command))
        };
        let is_fine = match parents {
            Some(0) => true,
            Some(1) => only_known() && self.cache_parents(parent) <= 1 || self.is_made_before(parent),
            _ => self.is_made_before(parent) || self.is_in_base(parent),
        };
        if !is_fine {
            let found = format!(
                "{} could not write in {parent} while a mount below it is in place",
                account.name
            );
            return Err(Obstacle::new(
                ObstacleKind::Unsupported,
                found,
                format!("make the folder in an earlier RUN: `mkdir -p {parent}`"),
            ));
        }
        Ok(Some((uid, account.gid)))
    }

    /// How many different caches of this RUN lie in `parent`.
    fn cache_parents(&self, parent: &str) -> usize {
        let used = self.run.commands.iter().filter_map(|command| command.manager.as_ref());
        let mut ids: Vec<&str> = used
            .filter(|used| {
                used.caches
                    .iter()
                    .any(|c| c.path.as_deref().is_some_and(|path| is_within(path, parent)))
            })
            .map(|used| used.manager.id.as_str())
            .collect();
        ids.dedup();
        ids.len()
    }

    /// The line of an earlier command that may have moved the caches of the manager by its settings.
    fn configured_before(&self, used: &ManagerUse) -> Option<usize> {
        let stage = self.facts.stage_of(self.index)?;
        let earlier = chain(self.facts, stage)
            .into_iter()
            .take_while(|other| *other <= self.index);
        let moves = |command: &Command| {
            let about_cache = |word: &crate::facts::Word| word.text.contains("cache") || word.text.contains("store");
            let own = command
                .manager
                .as_ref()
                .filter(|other| other.manager.id == used.manager.id);
            own.is_some_and(|other| other.action == Action::Config) && command.words.iter().any(about_cache)
        };
        earlier
            .filter_map(|other| Some((other, self.facts.run(self.file, other)?)))
            .find(|(_, run)| run.commands.iter().any(moves))
            .map(|(other, _)| self.file.line_of(other))
    }

    fn is_made_before(&self, folder: &str) -> bool {
        let Some(stage) = self.facts.stage_of(self.index) else {
            return false;
        };
        let runs = chain(self.facts, stage)
            .into_iter()
            .take_while(|index| *index < self.index);
        let mut commands = runs
            .filter_map(|index| self.facts.run(self.file, index))
            .flat_map(|run| &run.commands);
        commands.any(|command| {
            let made = command
                .arguments_of(ArgumentRole::MakesFolders)
                .chain(command.arguments_of(ArgumentRole::MakesFolder));
            let mut made = made.flatten();
            made.any(|path| is_within(&path, folder))
        })
    }

    /// Whether a folder is one that the base image is known to have for its user.
    fn is_in_base(&self, folder: &str) -> bool {
        let base = self.facts.scope(self.index).and_then(|scope| scope.base);
        base.is_some_and(|base| {
            base.env
                .values()
                .chain(base.folders.values())
                .any(|known| known == folder)
        })
    }

    /// Whether what keeps the command from using its cache can be taken away.
    fn obstructions(&self, command: &Command, used: &ManagerUse) -> Result<(), Obstacle> {
        for obstruction in &used.contradictions {
            match obstruction {
                Obstruction::Option { removable: true, .. } if command.editable => {}
                Obstruction::Option { words, .. } => {
                    let option = command.words.get(words.start).map_or("an option", |word| &word.text);
                    let found = format!("`{option}` keeps {} from using its cache", used.manager.name);
                    return Err(Obstacle::new(ObstacleKind::Chosen, found, format!("remove `{option}`")));
                }
                Obstruction::Variable {
                    assignment: Some(_), ..
                } if command.editable => {}
                Obstruction::Variable {
                    name, neutral: Some(_), ..
                } if command.editable && !command.switches_user && !self.exports(name) => {}
                Obstruction::Variable { name, .. } => {
                    let found = format!("the variable {name} keeps {} from using its cache", used.manager.name);
                    return Err(Obstacle::new(ObstacleKind::Chosen, found, format!("remove {name}")));
                }
            }
        }
        let has_keep = || super::edits::keeps_already(self.facts, self.file, self.index, command, used);
        if !command.editable && !has_keep() {
            let found = format!(
                "{} deletes what it downloaded, and its options stand within quotes",
                used.program
            );
            return Err(Obstacle::new(
                ObstacleKind::Entangled,
                found,
                "write the command without `sh -c` or the exec form",
            ));
        }
        Ok(())
    }

    /// Whether the RUN itself exports a variable, which then says more clearly what the user wants than ENV does.
    fn exports(&self, name: &str) -> bool {
        let mut exports = self
            .run
            .commands
            .iter()
            .filter(|command| command.program() == Some("export"));
        let sets = |text: &str| text.split_once('=').is_some_and(|(set, _)| set == name);
        exports.any(|command| command.words.iter().any(|word| sets(&word.text)))
    }

    /// Whether a manager may download something after instruction number `index`, on top of its layer.
    fn installs_after(&self, index: usize, manager: &str) -> bool {
        let later = self.facts.later(index).into_iter();
        let runs = later.filter_map(|later| self.facts.run(self.file, later));
        let mut used = runs
            .flat_map(|run| &run.commands)
            .filter_map(|command| command.manager.as_ref());
        used.any(|used| {
            used.manager.id == manager && !matches!(used.action, Action::Run | Action::Exec | Action::Config)
        })
    }

    /// Whether something else than the manager needs what is at `path`.
    fn uses_elsewhere(&self, path: &str, cache: &Cache, manager: &str) -> Result<(), Obstacle> {
        let is_store = cache.holds == Holds::Store;
        if let Some(stage) = self.facts.stage_of(self.index) {
            let members = self.facts.family(stage);
            let taken = members
                .iter()
                .filter_map(|member| self.facts.stages.get(*member))
                .flat_map(|stage| &stage.taken);
            for Taken {
                instruction,
                path: source,
            } in taken
            {
                let needs = match source.as_deref().map(|source| format!("/{}", source.trim_matches('/'))) {
                    Some(source) if source == "/" => is_store,
                    Some(source) if is_within(&source, path) => true,
                    // What was installed beside downloads does not need them; who installs more there might.
                    Some(source) => {
                        let is_after_it = || !cache.among_installed || self.installs_after(*instruction, manager);
                        is_within(path, &source) && is_after_it()
                    }
                    None => is_store,
                };
                if needs {
                    let found = format!("line {} copies from {path}", self.file.line_of(*instruction));
                    return Err(Obstacle::new(
                        ObstacleKind::InUse,
                        found,
                        "copy what was installed, not the cache",
                    ));
                }
            }
        }
        let here = self.run.commands.iter().map(|command| (self.index, command));
        let later = self
            .facts
            .later(self.index)
            .into_iter()
            .filter_map(|index| Some((index, self.facts.run(self.file, index)?)));
        let later = later.flat_map(|(index, run)| run.commands.iter().map(move |command| (index, command)));
        for (index, command) in here.chain(later) {
            let ignores = command.manager.is_some() || !command.deletes.is_empty();
            // What is in the files does not matter to it.
            let inert = command.has_tag("keeps-content");
            let mut words = command.words.iter().filter_map(|word| word.value.as_deref());
            if !ignores && !inert && words.any(|word| word.starts_with('/') && is_within(word, path)) {
                let found = format!("line {} uses {path}", self.file.line_of(index));
                return Err(Obstacle::new(
                    ObstacleKind::InUse,
                    found,
                    "keep what the image needs somewhere else",
                ));
            }
        }
        Ok(())
    }

    /// Whether a later RUN would fail without what this one leaves in the layer now.
    fn is_missed(&self, used: &ManagerUse, cache: &CacheUse, path: &str) -> Result<(), Obstacle> {
        // What a mount keeps empty beside itself.
        let beside = used
            .caches
            .iter()
            .filter(|other| cache.cache.only_mounted && !other.cache.mount);
        let mut paths = beside.filter_map(|other| other.path.as_deref()).chain([path]);
        let missed = paths.find_map(|path| Some((path, self.later_use.missed_by(self.file, self.index, path)?)));
        match missed {
            Some((path, later)) => {
                let found = format!("line {} expects something at {path}", self.file.line_of(later));
                Err(Obstacle::new(
                    ObstacleKind::InUse,
                    found,
                    "remove what works on the cache there, or let `rm` have `-f`",
                ))
            }
            None => Ok(()),
        }
    }

    /// Whether a later RUN installs from the lists that this one leaves.
    fn lists(&self, used: &ManagerUse) -> Result<(), Obstacle> {
        match self.facts.lists_needed_after(self.file, self.index, used.manager) {
            Some(later) => {
                let line = self.file.line_of(later);
                let found =
                    format!("line {line} installs, or may install, from the package lists that this RUN leaves");
                Err(Obstacle::new(
                    ObstacleKind::InUse,
                    found,
                    format!("run `{} update` in line {line} too, before it installs", used.program),
                ))
            }
            None => Ok(()),
        }
    }
}

/// That an option lets the command write something else below the cache: `pip install --target`.
fn fills_other(command: &Command, used: &ManagerUse, cache: &Cache, path: &str) -> Result<(), Obstacle> {
    let is_place = |name: &str| {
        let mut places = cache.moved_by.iter().filter_map(|place| place.option.as_deref());
        places.any(|option| option == name)
    };
    let mut written = used
        .options
        .iter()
        .filter(|(name, ..)| used.manager.options.role(name) == Some(OptionRole::Writes) && !is_place(name));
    let folder = folder_of(command);
    let is_below = |value: &Option<String>| {
        let place = value
            .as_deref()
            .and_then(|value| AbsolutePath::of(value, folder.as_ref()));
        place.is_some_and(|place| is_within(place.as_str(), path))
    };
    match written.find(|(_, value, _)| is_below(value)) {
        Some((name, ..)) => Err(Obstacle::new(
            ObstacleKind::InUse,
            format!("`{name}` lets it write what the image may need to {path}"),
            "write it somewhere else",
        )),
        None => Ok(()),
    }
}

/// Why nothing tells where a cache is.
fn no_path(used: &ManagerUse, cache: &CacheUse) -> Obstacle {
    let name = &used.manager.name;
    let by_home = cache.cache.path.as_deref().is_some_and(|path| path.starts_with('~'));
    match &used.user {
        User::Unknown => unknown_user(),
        User::Other(account) if by_home && account.home.is_none() => {
            let found = format!(
                "nothing tells the home folder of {}, where {name} keeps it",
                account.name
            );
            let remedy = format!(
                "create {} in this file with a number and a home, or set HOME",
                account.name
            );
            Obstacle::new(ObstacleKind::UnknownPlace, found, remedy)
        }
        _ => {
            let variable = cache.cache.moved_by.iter().find_map(|place| place.variable.as_deref());
            let remedy = variable.map_or("add the mount by hand".to_owned(), |variable| {
                format!("set {variable} by ENV to an absolute path")
            });
            Obstacle::new(
                ObstacleKind::UnknownPlace,
                format!("nothing tells where {name} keeps it"),
                remedy,
            )
        }
    }
}

fn unknown_user() -> Obstacle {
    let found = "the base image may set a USER, and nothing tells which";
    Obstacle::new(
        ObstacleKind::UnknownPlace,
        found,
        "write USER before this RUN, `USER root` if it is root",
    )
}
