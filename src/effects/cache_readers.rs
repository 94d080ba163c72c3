//! Who reads a cache of a package manager beside the commands that fill it: installs without a network in later RUNs and
//! at the start of the image, and whatever names a path in it.

use std::cell::OnceCell;

use crate::context::ContextSource;
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind};
use crate::facts::{CacheUse, Facts, ManagerUse, is_within};
use crate::knowledge::{Action, Holds, Manager, managers};
use crate::syntax::Dockerfile;

use super::installs::named::parts;
use super::needs::{Needs, manager_call};

/// The readers of caches in one file; what images start is worked out once, when it is asked for.
pub(crate) struct CacheReaders<'f> {
    facts: &'f Facts,
    context: Option<&'f ContextSource>,
    starts: OnceCell<Vec<Needs>>,
}

impl<'f> CacheReaders<'f> {
    pub(crate) fn of(facts: &'f Facts, context: Option<&'f ContextSource>) -> CacheReaders<'f> {
        CacheReaders {
            facts,
            context,
            starts: OnceCell::new(),
        }
    }

    /// Checks that nothing reads what RUN number `index` leaves in a cache of `used`.
    ///
    /// # Errors
    /// Who reads it.
    pub(crate) fn check(
        &self,
        file: &Dockerfile,
        index: usize,
        used: &ManagerUse,
        cache: &CacheUse,
    ) -> Result<(), Obstacle> {
        let lives_on_it = used.manager.lives_on_cache;
        if lives_on_it && let Some(later) = self.offline_after(file, index, used.manager, cache) {
            return Err(Obstacle::new(
                ObstacleKind::InUse,
                format!(
                    "line {} lives on what this RUN downloads, without a network",
                    file.line_of(later)
                ),
                "let it download what is missing",
            ));
        }
        let Some(stage) = self.facts.stage_of(index) else {
            return Ok(());
        };
        if let Some(path) = cache.path.as_deref() {
            self.named_by_variable(stage, path)?;
        }
        let family = self.facts.family(stage).into_iter();
        let mut shipped = family.filter(|member| self.facts.is_shipped(*member));
        shipped.try_for_each(|member| self.check_start(file, member, used.manager, cache))
    }

    /// A later RUN, without a mount of the cache, that installs what an earlier one downloaded.
    fn offline_after(&self, file: &Dockerfile, index: usize, manager: &Manager, cache: &CacheUse) -> Option<usize> {
        let path = cache.path.as_deref().unwrap_or_default();
        let is_offline = |later: &usize| {
            let Some(run) = self.facts.run(file, *later) else {
                return false;
            };
            let mut mounts = run.mounts.iter().filter_map(|mount| mount.path.as_deref());
            let is_mounted = mounts.any(|target| is_within(path, target));
            let mut used = run.commands.iter().filter_map(|command| command.manager.as_ref());
            !is_mounted && used.any(|used| used.manager.id == manager.id && used.offline != Some(false))
        };
        self.facts.later(index).into_iter().find(is_offline)
    }

    /// A variable of the image that names something below the cache, unless it is one of a manager's own.
    fn named_by_variable(&self, stage: usize, cache: &str) -> Result<(), Obstacle> {
        let is_own = |name: &str| {
            let mut caches = managers().iter().flat_map(|manager| &manager.caches);
            caches.any(|cache| {
                let mut places = cache.moved_by.iter().filter_map(|place| place.variable.as_deref());
                places.any(|variable| variable == name)
            })
        };
        for member in self.facts.family(stage) {
            let Some(scope) = self.facts.end(member) else { continue };
            for (name, variable) in scope.variables.iter().filter(|(name, _)| !is_own(name)) {
                let value = variable.value.as_deref().unwrap_or_default();
                if value.contains(cache)
                    && let Some(path) = paths_in(value, cache, scope.home()).find(|path| path.as_str() != cache)
                {
                    return Err(in_use(&format!("the variable {name}"), path.as_str()));
                }
            }
        }
        Ok(())
    }

    /// What the image of a stage starts.
    fn check_start(
        &self,
        file: &Dockerfile,
        stage: usize,
        manager: &Manager,
        cache: &CacheUse,
    ) -> Result<(), Obstacle> {
        let Some(needs) = self.starts(file).get(stage) else {
            return Ok(());
        };
        let home = self.facts.end(stage).and_then(|scope| scope.home());
        let calls: Vec<(&[String], Action)> = needs
            .commands
            .iter()
            .filter_map(|started| Some((started.words.as_slice(), manager_call(&started.words)?)))
            .filter(|(_, (called, _))| called.id == manager.id)
            .map(|(words, (_, action))| (words, action))
            .collect();
        let at_start = |what: &str| {
            Err(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("the image {what} when it starts"),
                "install it in a RUN",
            ))
        };
        if manager.lives_on_cache && calls.iter().any(|(words, _)| is_offline(words, manager)) {
            return at_start(&format!("runs {} without a network", manager.name));
        }
        let updates = calls.iter().any(|(words, action)| {
            *action == Action::UpdateLists
                || manager
                    .lists
                    .iter()
                    .any(|lists| words.iter().any(|word| lists.fetched_by.contains(word)))
        });
        let installs = calls.iter().any(|(_, action)| *action == Action::Install);
        if cache.cache.holds == Holds::Lists && installs && !updates {
            return at_start("installs from the package lists that this RUN leaves");
        }
        let Some(path) = cache.path.as_deref() else {
            return Ok(());
        };
        let words = || needs.commands.iter().flat_map(|started| &started.words);
        if let Some(named) = words().find_map(|word| paths_in(word, path, home).next()) {
            return Err(in_use("what the image starts", named.as_str()));
        }
        let is_computed = |word: &String| word.contains("$(") || word.contains('`');
        match cache.cache.holds == Holds::Store && words().any(is_computed) {
            true => Err(in_use("what the image starts, by a word that a command prints,", path)),
            false => Ok(()),
        }
    }

    /// What each stage starts, by its number; nothing where it cannot be told.
    pub(crate) fn starts(&self, file: &Dockerfile) -> &[Needs] {
        self.starts.get_or_init(|| {
            let empty = ContextSource::in_memory(std::iter::empty::<(String, Vec<u8>)>()).ok();
            let Some(files) = self.context.or(empty.as_ref()) else {
                return Vec::new();
            };
            let stages = self.facts.stages.iter();
            stages
                .map(|stage| Needs::of_start(file, self.facts, stage, files))
                .collect()
        })
    }
}

/// Whether an option tells a manager to live on its cache.
fn is_offline(words: &[String], manager: &Manager) -> bool {
    let options = manager.offline.iter().filter_map(|condition| condition.option.as_ref());
    let mut options = options.into_iter();
    options.any(|option| words.contains(option))
}

/// The paths in a word that are at or in the folder `cache`.
fn paths_in(word: &str, cache: &str, home: Option<&str>) -> impl Iterator<Item = AbsolutePath> {
    let home = home.unwrap_or("/root");
    let word = ["${HOME}", "$HOME", "~"]
        .iter()
        .fold(word.to_owned(), |word, name| word.replace(name, home));
    let found = parts(&word).filter_map(|part| AbsolutePath::of(part.get(part.find('/')?..)?, None));
    let found: Vec<AbsolutePath> = found.filter(|path| is_within(path.as_str(), cache)).collect();
    found.into_iter()
}

fn in_use(who: &str, path: &str) -> Obstacle {
    Obstacle::new(
        ObstacleKind::InUse,
        format!("{who} may use {path}, which is in the cache"),
        "keep what the image needs somewhere else",
    )
}
