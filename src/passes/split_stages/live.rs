//! What RUNs do beside building that the runtime stage needs: paths that must cross, and RUNs that one stage can do without.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::effects::context_use::others::is_dockerfile;
use crate::effects::needs::Needs;
use crate::effects::steps::Step;
use crate::effects::timeline::is_deleted;
use crate::effects::{AbsolutePath, Effects, Obstacle, ObstacleKind, Place};
use crate::knowledge::{State, is_of_repositories, is_throwaway};
use crate::syntax::Keyword;

use super::copies::copied_file;
use super::crossing::{Crossings, with_unknown_names};
use super::node_tools;
use super::subject::Subject;
use super::work::Works;

/// Adds the paths to what crosses that RUNs which build write beside, as the program may need them.
///
/// # Errors
/// What such a RUN does that cannot be copied.
pub(super) fn beside_builds(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
    let named = named_at_run_time(subject, needs);
    for (&index, own) in works.iter().filter(|(_, works)| works.builds()) {
        for step in own.setup_steps() {
            let command = step
                .command
                .and_then(|number| subject.facts.run(subject.file, index)?.commands.get(number));
            if command.is_some_and(node_tools::installs_tools) {
                continue;
            }
            let site = Site {
                subject,
                works,
                needs,
                named: &named,
                index,
            };
            let paths = site.live(step, crossings)?;
            if let Some(path) = paths
                .first()
                .filter(|_| command.is_none_or(|command| command.context.conditional))
            {
                return Err(site.other(&format!("may change {path}")));
            }
            for path in paths {
                crossings.add(&with_unknown_names(subject, index, path.as_str())?, index);
            }
        }
    }
    Ok(())
}

/// The absolute paths that something names at run time: commands, settings, the folder that the program starts in.
fn named_at_run_time(subject: &Subject<'_>, needs: &Needs) -> Vec<AbsolutePath> {
    let end = subject.range().end.saturating_sub(1);
    let scope = subject.facts.scope(end);
    let workdir = scope.and_then(|scope| scope.workdir.clone());
    let variables = scope
        .into_iter()
        .flat_map(|scope| scope.variables.iter().map(|(_, variable)| variable))
        .filter(|variable| variable.in_image);
    let values = variables
        .filter_map(|variable| variable.value.as_deref())
        .flat_map(|value| value.split(':'));
    let words = needs
        .commands
        .iter()
        .flat_map(|command| &command.words)
        .map(String::as_str);
    let texts = values.chain(words).chain(workdir.as_deref());
    let paths = texts.filter(|text| text.starts_with('/') && text.len() > 1);
    paths.filter_map(|path| AbsolutePath::of(path, None)).collect()
}

struct Site<'s, 'a> {
    subject: &'s Subject<'a>,
    works: &'s BTreeMap<usize, Works>,
    needs: &'s Needs,
    named: &'s [AbsolutePath],
    index: usize,
}

impl Site<'_, '_> {
    fn other(&self, what: &str) -> Obstacle {
        Obstacle::new(
            ObstacleKind::NeededAtRunTime,
            format!(
                "line {} both builds and {what}, which the program may need",
                self.subject.line(self.index)
            ),
            "move it to a separate RUN",
        )
    }

    /// What a step writes that must cross.
    fn live(&self, step: &Step, crossings: &Crossings) -> Result<Vec<AbsolutePath>, Obstacle> {
        let effects = &step.effects;
        if let Some(why) = &effects.unknown {
            return Err(self.other(why));
        }
        if let Some(state) = effects.state.iter().find(|state| !self.is_for_builds(**state, effects)) {
            return Err(self.other(&format!("changes {}", state.label())));
        }
        if let Some(place) = effects.deletes.iter().find(|place| !self.is_gone(place, crossings)) {
            return Err(self.other(&format!("deletes {place}")));
        }
        let is_live = |place: &&Place| !self.is_covered(place, crossings) && !self.is_dead(step, place);
        let is_there =
            |place: &&Place| matches!(place, Place::Exactly(path) if crate::effects::is_standard_folder(path));
        let written: Vec<&Place> = effects
            .writes
            .iter()
            .filter(|place| is_live(place) && !is_there(place))
            .collect();
        let outer = effects.written_paths();
        // What may be in one of the others comes along with it.
        let is_outer = |place: &&&Place| place.path().is_none_or(|path| outer.contains(&path));
        written
            .iter()
            .filter(is_outer)
            .map(|place| self.carried(place, effects))
            .collect()
    }

    /// Whether a change of state is of use to the builds alone.
    fn is_for_builds(&self, state: State, effects: &Effects) -> bool {
        let is_needed = || {
            effects
                .runs
                .iter()
                .any(|program| self.needs.tools.contains_key(program))
        };
        match state {
            State::Shell | State::LinkerCache | State::Packages => true,
            State::Settings => !is_needed(),
            _ => false,
        }
    }

    /// The path to copy for a place that is written.
    fn carried(&self, place: &Place, effects: &Effects) -> Result<AbsolutePath, Obstacle> {
        let change = || self.other(&format!("changes {place}"));
        let path = place
            .path()
            .ok_or_else(|| self.other("writes a file that a variable names"))?;
        let is_plain = !matches!(place, Place::Pattern(_)) && !effects.makes_links && !effects.only_attributes;
        let is_own = !crate::effects::is_standard_folder(path);
        (is_plain && is_own).then(|| path.clone()).ok_or_else(change)
    }

    fn is_covered(&self, place: &Place, crossings: &Crossings) -> bool {
        let within = |folder: &str| AbsolutePath::of(folder, None).is_some_and(|folder| place.is_within(&folder));
        let own = self.works.get(&self.index);
        let in_outputs = own.into_iter().flat_map(Works::outputs).any(|output| {
            let mut places = output.places().into_iter();
            !output.is_in_shared_folder() && places.any(|covering| covering.covers(place))
        });
        crossings.list.iter().any(|crossing| within(&crossing.path)) || in_outputs
    }

    /// Whether nothing reads what a step left at a place but builds: it is deleted later, or a build works on it or keeps it that
    /// nothing names at run time.
    fn is_dead(&self, step: &Step, place: &Place) -> bool {
        let steps = self.works.range(self.index..).flat_map(|(_, works)| works.steps());
        let later = steps.skip_while(|other| !std::ptr::eq(*other, step)).skip(1);
        if is_deleted(later, place) {
            return true;
        }
        let Some(path) = place.path() else { return false };
        let is_named = self
            .named
            .iter()
            .any(|named| place.meets(&Place::Exactly(named.clone())) || named.is_within(path));
        !is_named && is_throwaway(path.as_str()) && !self.is_in_a_source(path)
    }

    /// Whether a file of the context that is no Dockerfile names a path: a program may look there.
    fn is_in_a_source(&self, path: &AbsolutePath) -> bool {
        let context = self.subject.context;
        let mut sources = context.sources(|source| !is_dockerfile(source));
        sources.any(|source| context.read(source).is_ok_and(|text| names(&text, path)))
    }

    /// Whether a deletion matters to nothing in the runtime stage: what goes was never there.
    fn is_gone(&self, place: &Place, crossings: &Crossings) -> bool {
        let copies = self.subject.range().take_while(|copy| *copy < self.index);
        let is_copied = |copy: usize| {
            let path = copied_file(self.subject, copy).and_then(|path| AbsolutePath::of(&path, None));
            path.is_some_and(|path| *place == Place::Under(path.clone()) || *place == Place::Exactly(path))
        };
        let steps = self.works.range(..=self.index).flat_map(|(_, works)| works.steps());
        let mut written = steps.flat_map(|step| &step.effects.writes);
        let is_thrown = || place.path().is_some_and(|path| is_throwaway(path.as_str()));
        self.is_covered(place, crossings)
            || copies.into_iter().any(is_copied)
            || written.any(|written| place.covers(written))
            || is_thrown()
    }
}

/// Whether a text has an absolute path, or one below it, that no other path ends or begins with.
fn names(text: &str, path: &AbsolutePath) -> bool {
    let is_of_path = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut found = text.match_indices(path.as_str());
    found.any(|(at, known)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + known.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(|c| is_of_path(c) || c == '/') && !after.is_some_and(is_of_path)
    })
}

/// Whether a RUN does nothing but change files in `folder`.
fn only_within(works: &Works, folder: &str) -> bool {
    let Some(folder) = AbsolutePath::of(folder, None) else {
        return false;
    };
    if works.builds() || works.has_packages() {
        return false;
    }
    let is_inside = |effects: &Effects| {
        let mut changed = effects.writes.iter().chain(&effects.deletes);
        effects.unknown.is_none()
            && effects.state.iter().all(|state| *state == State::Shell)
            && changed.all(|place| place.is_within(&folder))
    };
    let changes = works
        .effects()
        .any(|effects| !effects.writes.is_empty() || !effects.deletes.is_empty());
    changes && works.effects().all(is_inside)
}

/// Whether a step changes the owner or the mode of `folder` and nothing else.
pub(super) fn is_of_folder_itself(works: &Works, command: usize, folder: &str) -> bool {
    let mut steps = works.steps().iter();
    let Some(step) = steps.find(|step| step.command == Some(command)) else {
        return false;
    };
    let is_folder = |place: &Place| place.path().is_some_and(|path| path.as_str() == folder);
    step.effects.only_attributes && !step.effects.writes.is_empty() && step.effects.writes.iter().all(is_folder)
}

/// Whether all that is left of a RUN without its packages is to make repositories of packages known.
pub(super) fn only_adds_repositories(works: &Works) -> bool {
    let is_of_packages = |place: &Place| place.path().is_some_and(|path| is_of_repositories(path.as_str()));
    let adds = |effects: &Effects| {
        let state_fits = effects
            .state
            .iter()
            .all(|state| matches!(state, State::Packages | State::Shell));
        effects.unknown.is_none() && state_fits && effects.writes.iter().chain(&effects.deletes).all(is_of_packages)
    };
    let names_one = works.setup_steps().any(|step| {
        let effects = &step.effects;
        effects.state.contains(&State::Packages)
            || effects
                .writes
                .iter()
                .any(|place| is_of_packages(place) && !place.is_within_scratch())
    });
    names_one && !works.builds() && works.setup_steps().all(|step| adds(&step.effects))
}

/// Whether a RUN makes users and folders that no later step of the builder has to do with.
pub(super) fn prepares_runtime_only(
    subject: &Subject<'_>,
    index: usize,
    works: &BTreeMap<usize, Works>,
    steps: &[Step],
    last_build: usize,
) -> bool {
    let Some(own) = works.get(&index) else { return false };
    let prepares = |effects: &Effects| {
        let makes = effects.only_attributes
            || effects
                .writes
                .iter()
                .all(|place| place.path().is_some_and(|path| effects.folders.contains(path)));
        let states = effects
            .state
            .iter()
            .all(|state| matches!(state, State::Accounts | State::Shell));
        // What is downloaded is installed somewhere, and may be called.
        effects.unknown.is_none() && !effects.network && makes && effects.deletes.is_empty() && states
    };
    if own.builds() || own.has_packages() || !own.effects().all(prepares) {
        return false;
    }
    let later = steps
        .iter()
        .filter(|step| step.instruction > index && step.instruction <= last_build);
    let is_free = |step: &Step| {
        let is_workdir = subject.keyword(step.instruction) == Some(Keyword::Workdir);
        is_workdir || own.effects().all(|effects| !needs(&step.effects, effects))
    };
    later.into_iter().all(is_free)
}

/// Whether a step needs what another one prepared.
fn needs(step: &Effects, prepared: &Effects) -> bool {
    let places = prepared.writes.iter().filter_map(Place::path);
    let above = |path: &AbsolutePath| {
        let below = Place::Under(path.clone());
        step.unknown.is_some() || step.may_read(&below) || step.may_change(&below)
    };
    places.into_iter().any(above) || step.state.contains(&State::Accounts)
}

/// Whether a RUN of the builder does nothing but change a folder that is copied out of the builder later. `folders` have the RUNs
/// between which that folder is copied and the builder ends.
pub(super) fn is_in_a_copy(works: &Works, index: usize, folders: &[(&str, Range<usize>)]) -> bool {
    let mut folders = folders.iter();
    folders.any(|(folder, between)| between.contains(&index) && only_within(works, folder))
}

/// Whether the whole of a RUN can be left out of the runtime stage, as what it did comes along with what crosses.
pub(super) fn comes_along(works: &Works, index: usize, whole: &[(&str, usize)]) -> bool {
    whole
        .iter()
        .any(|(folder, at)| index <= *at && only_within(works, folder))
}
