//! Whether what a step of one stage leaves is copied to the same place of another stage.

use crate::effects::ecosystems::Output;
use crate::effects::image_files::Copy;
use crate::effects::{AbsolutePath, Place};
use crate::facts::is_within;
use crate::knowledge::State;

use super::identity::Act;
use super::model::{Item, StageModel, Version};
use super::throwaway::is_throwaway;
use super::unread;

/// Whether the step `act` is in some stage of `version`, from which all that it leaves in the end is copied to stage `to`.
pub(super) fn is_carried(version: &Version<'_>, act: &Act, to: usize) -> bool {
    let mut twins = twins(version, act, to, usize::MAX, None);
    twins.any(|(twin, at)| twin.first_missing(at).is_none())
}

/// Whether the step `act` is in some stage of `version`, from which all that it leaves is copied to stage `to` before item
/// number `end` there, but for what `is_gone` says is not there in the original, either.
pub(super) fn is_brought(
    version: &Version<'_>,
    act: &Act,
    (to, end): (usize, usize),
    is_gone: &dyn Fn(&Place) -> bool,
) -> bool {
    let mut twins = twins(version, act, to, end, Some(is_gone));
    twins.any(|(twin, at)| twin.first_missing(at).is_none())
}

/// Something of what the step `act` leaves that no COPY brings to stage `to`.
pub(super) fn missing(version: &Version<'_>, act: &Act, to: usize) -> Option<Place> {
    let mut twins = twins(version, act, to, usize::MAX, None);
    twins.find_map(|(twin, at)| twin.first_missing(at)?.ok())
}

/// The stages that have the step, with its number there.
fn twins<'v, 'a>(
    version: &'v Version<'a>,
    act: &'v Act,
    to: usize,
    end: usize,
    is_gone: Option<&'v dyn Fn(&Place) -> bool>,
) -> impl Iterator<Item = (Carrier<'v, 'a>, usize)> + 'v {
    let stages = version.stages.iter().enumerate();
    stages.filter_map(move |(from, stage)| {
        let at = stage.position(act)?;
        let carrier = Carrier {
            version,
            from,
            stage,
            to,
            end,
            is_gone,
            target: version.stages.get(to)?,
        };
        Some((carrier, at))
    })
}

/// Whether nothing puts into stage `to` what a step deletes elsewhere: no RUN, and no COPY from the context. What other
/// stages hand over is looked at after the deletion.
pub(super) fn is_absent(version: &Version<'_>, to: usize, place: &Place) -> bool {
    let Some(target) = version.stages.get(to) else {
        return true;
    };
    let runs = target.items.iter().filter(|item| item.is_run());
    let mut written = runs.flat_map(|item| &item.effects().writes);
    let is_there = |written: &Place| *written != Place::Anywhere && written.meets(place);
    let is_copied = |copy: &Copy| match place.path().filter(|_| !copy.layers.is_empty()) {
        Some(path) if copy.oddity.is_none() => copy.supplies(version.context, path.relative()).is_some(),
        Some(_) => false,
        None => copy.oddity.is_none(),
    };
    is_throwaway(place) || !written.any(is_there) && !target.copies.iter().any(is_copied)
}

/// A stage that has a step, as seen from the stage whose image needs what it leaves.
struct Carrier<'v, 'a> {
    version: &'v Version<'a>,
    from: usize,
    stage: &'v StageModel,
    to: usize,
    end: usize,
    /// What need not arrive; none where it is what later steps of the stage delete.
    is_gone: Option<&'v dyn Fn(&Place) -> bool>,
    target: &'v StageModel,
}

impl Carrier<'_, '_> {
    /// What does not arrive of what item number `at` leaves: a place, or something that no COPY can carry.
    fn first_missing(&self, at: usize) -> Option<Result<Place, ()>> {
        let twin: &Item = self.stage.items.get(at)?;
        let effects = twin.effects();
        let has_state = effects.state.iter().any(|state| *state != State::Shell);
        if effects.unknown.is_some()
            || has_state
            || !effects
                .deletes
                .iter()
                .all(|place| is_absent(self.version, self.to, place))
        {
            return Some(Err(()));
        }
        let is_missing = |place: &&Place| !(is_throwaway(place) || self.is_gone(at, place) || self.arrives(place));
        // A table that says less than the outputs: below this folder.
        let outputs: Vec<Place> = twin.step.outputs.iter().flat_map(Output::places).collect();
        let is_said_again = |place: &&Place| outputs.iter().any(|output| place.covers(output)) || is_sources(place);
        let mut others = twin.other_writes().filter(|place| !is_said_again(place));
        let written = others.find(is_missing).cloned();
        let outputs = twin.step.outputs.iter();
        let of_output = || {
            outputs
                .clone()
                .find(|output| !self.arrives_output(at, output))
                .map(first_place)
        };
        written.or_else(of_output).map(Ok)
    }

    /// Whether nothing is there any more of what item number `at` left at `place`, when it is needed.
    fn is_gone(&self, at: usize, place: &Place) -> bool {
        match self.is_gone {
            Some(is_gone) => is_gone(place),
            None => self.stage.deletes(at, place),
        }
    }

    fn arrives(&self, place: &Place) -> bool {
        self.version.arrives(self.from, place, self.to, self.end)
    }

    fn arrives_output(&self, at: usize, output: &Output) -> bool {
        let places = output.places();
        if places
            .iter()
            .all(|place| is_throwaway(place) || self.is_gone(at, place))
        {
            return true;
        }
        match output {
            // Those of its files that are named are looked for one by one; nobody calls tools that builds call.
            Output::NamedIn(_)
            | Output::Packaged(_)
            | Output::OnlyNamed(..)
            | Output::PythonTools(_)
            | Output::Metadata(_) => true,
            Output::PythonSite | Output::PythonOwn => self.arrives_packages(),
            Output::Project(folder) => self.arrives_project(folder),
            _ => places
                .iter()
                .all(|place| self.arrives(place) || self.is_beside_served(place)),
        }
    }

    fn is_beside_served(&self, place: &Place) -> bool {
        let path = place.path();
        path.is_some_and(|path| unread::is_beside_served(self.version, self.to, path))
    }

    /// Whether the interpreter's own folder of packages arrives, whatever its version, and the folder of their programs.
    fn arrives_packages(&self) -> bool {
        let programs = AbsolutePath::root().join("usr/local/bin");
        let is_site = |path: &AbsolutePath| {
            let in_local = path.is_within(&AbsolutePath::root().join("usr/local"));
            in_local && matches!(path.name(), Some("site-packages" | "dist-packages" | "local" | "lib"))
        };
        let deliveries = self.target.deliveries.iter();
        let mut sites = deliveries.filter_map(|delivery| delivery.region.path().filter(|path| is_site(path)));
        sites.any(|path| self.arrives(&Place::Under(path.clone()))) && self.arrives(&Place::Under(programs))
    }

    /// Whether a folder in which the project was built arrives, or the part of it that the program serves.
    fn arrives_project(&self, folder: &str) -> bool {
        let Some(folder) = AbsolutePath::of(folder, None) else {
            return false;
        };
        let whole = self.arrives(&Place::Under(folder.clone()));
        whole || self.is_away(&folder) || unread::serves_part(self.version, self.to, &folder)
    }

    /// Whether a folder is none of the project's: what is built there is installed from there, or of no use.
    fn is_away(&self, folder: &AbsolutePath) -> bool {
        let copies = self.stage.copies.iter().filter_map(|copy| copy.destination.as_deref());
        let mut destinations = copies.filter(|path| *path != "/");
        let is_near = |path: &AbsolutePath| path.is_within(folder) || folder.is_within(path);
        let workdir = self.version.workdir(self.to);
        let starts_there = workdir.is_some_and(|path| path != AbsolutePath::root() && is_near(&path));
        !starts_there && !destinations.any(|path| is_within(path, folder.as_str()) || is_within(folder.as_str(), path))
    }
}

/// Whether a place is the folder for sources of the system, "for reference purposes only" by the Filesystem Hierarchy
/// Standard 3.0, as a whole: what builds unpack there is of no use after them.
fn is_sources(place: &Place) -> bool {
    matches!(place, Place::Under(path) if path.as_str() == "/usr/src")
}

/// The place that messages name for an output.
fn first_place(output: &Output) -> Place {
    output.places().into_iter().next().unwrap_or(Place::Anywhere)
}
