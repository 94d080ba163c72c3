//! Each step of the result finds what earlier steps of the original gave it, and no two steps whose order matters changed
//! places.

use std::cell::OnceCell;

use crate::effects::Place;
use crate::effects::image_files::Layer;
use crate::effects::needs::Code;
use crate::effects::steps::StepKind;
use crate::effects::timeline::is_deleted;
use crate::facts::Command;
use crate::knowledge::{PackageRole, State, package_role, tools_of_package};

use super::carried::is_brought;
use super::identity::{Act, Package};
use super::model::{Item, StageModel};
use super::throwaway::is_throwaway;
use super::{Kind, Pair, Violation, reads};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let sites = pair.made().map(|((before, after), old, new)| Site {
        pair,
        before,
        after,
        old,
        new,
    });
    sites.flat_map(|site| check_stage(&site)).collect()
}

fn check_stage(site: &Site<'_, '_>) -> Vec<Violation> {
    let acts = |stage: &StageModel| stage.items.iter().map(|item| item.act.clone()).collect::<Vec<_>>();
    if acts(site.old) == acts(site.new) {
        return Vec::new();
    }
    site.violations()
}

/// A stage of the result with the one that it was made of.
struct Site<'p, 'a> {
    pair: &'p Pair<'a>,
    before: usize,
    after: usize,
    old: &'p StageModel,
    new: &'p StageModel,
}

impl Site<'_, '_> {
    fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        for (at, item) in self.new.items.iter().enumerate() {
            if !item.is_run() {
                found.extend(self.lost_target(at, item));
                continue;
            }
            found.extend(self.lost_removal(at, item));
            let Some(origin) = self.counterpart(at, item) else {
                continue;
            };
            found.extend(self.lost_inputs(at, origin));
            found.extend(self.overtaken(at, origin));
        }
        found
    }

    /// A COPY that relied on a folder: without it, the file gets the folder's name.
    fn lost_target(&self, at: usize, item: &Item) -> Option<Violation> {
        let old = self.old.items.get(self.counterpart(at, item)?)?;
        let is_lost = |folder: &&crate::effects::AbsolutePath| !self.new.has_folder(at, folder);
        let folder = old.effects().requires.iter().find(is_lost)?;
        let line = self.pair.before.line(old);
        Some(Violation {
            kind: Kind::InputLost,
            line,
            what: format!("line {line} copies into {folder}, which would not be there before it"),
            remedy: format!("write the destination as `{folder}/`"),
        })
    }

    /// A removal of a package that is not there: without package lists, its name is not known.
    fn lost_removal(&self, at: usize, item: &Item) -> Option<Violation> {
        let old = self.old.position(&item.act)?;
        let had = self.old.installed(old);
        let has = self.new.installed(at);
        let is_group = |name: &str| {
            let earlier = self.new.items.iter().take(at).flat_map(|item| item.act.installed());
            earlier
                .into_iter()
                .any(|package| package.group.as_deref() == Some(name))
        };
        let mut removed = item.act.removed().iter().map(String::as_str);
        let name = removed.find(|name| had.contains(name) && !has.contains(name) && !is_group(name))?;
        let line = self.old.items.get(old).map_or(1, |old| self.pair.before.line(old));
        Some(Violation {
            kind: Kind::InputLost,
            line,
            what: format!("line {line} removes {name}, which would not be installed there"),
            remedy: format!("install {name} and remove it in the same RUN"),
        })
    }

    /// The item of the original that item number `at` of the result is. One that is repeated is told by its rank among
    /// those of its kind, or the second of two installs of curl would count as the first.
    fn counterpart(&self, at: usize, item: &Item) -> Option<usize> {
        if item.act == Act::Nothing {
            return None;
        }
        let is_equal = |other: &Item| other.act == item.act;
        self.of_same_rank(at, &is_equal)
            .or_else(|| self.of_same_rank(at, &|other| shares_packages(other, item)))
    }

    /// The item of the original that is as many-th among those of its kind as item number `at` is in the result.
    fn of_same_rank(&self, at: usize, is_of_kind: &dyn Fn(&Item) -> bool) -> Option<usize> {
        let earlier = self.new.items.iter().take(at);
        let rank = earlier.filter(|other| is_of_kind(other)).count();
        let same = self.old.items.iter().enumerate().filter(|(_, old)| is_of_kind(old));
        same.map(|(number, _)| number).nth(rank)
    }

    /// Earlier steps of the original that a step may need and that are not before it any more.
    fn lost_inputs(&self, at: usize, origin: usize) -> Vec<Violation> {
        let Some(item) = self.old.items.get(origin) else {
            return Vec::new();
        };
        if self.only_enters(at, item) {
            return Vec::new();
        }
        let need = Need {
            site: self,
            at,
            origin,
            item,
            files: OnceCell::new(),
        };
        let earlier = self.old.items.iter().enumerate().take(origin);
        earlier.filter_map(|(number, old)| need.lost(number, old)).collect()
    }

    /// Whether a step changes nothing and only asks for folders, which are there: `cd`.
    fn only_enters(&self, at: usize, item: &Item) -> bool {
        let effects = item.effects();
        let is_asked = |place: &Place| matches!(place, Place::Exactly(path) if effects.requires.contains(path));
        effects.unknown.is_none()
            && !item.leaves_something()
            && effects.reads.iter().all(is_asked)
            && effects.requires.iter().all(|folder| self.new.has_folder(at, folder))
    }

    fn copies_before(&self, item: &Item) -> &[crate::effects::image_files::Copy] {
        let end = self
            .old
            .copies
            .partition_point(|copy| copy.index < item.step.instruction);
        self.old.copies.get(..end).unwrap_or_default()
    }

    /// Later steps of the original that come before item number `at` in the result, although the order matters.
    fn overtaken(&self, at: usize, origin: usize) -> Vec<Violation> {
        let Some(item) = self.old.items.get(origin) else {
            return Vec::new();
        };
        let later = self
            .old
            .items
            .iter()
            .skip(origin + 1)
            .filter(|old| old.leaves_something());
        let earlier = self.new.items.get(..at).unwrap_or_default();
        let is_before = |old: &&Item| {
            let counts = |items: &[Item]| items.iter().filter(|other| other.act == old.act).count();
            let old_before = self.old.items.get(..origin).unwrap_or_default();
            counts(earlier) > counts(old_before)
        };
        let matters = |old: &&Item| old.effects().depends_on(item.effects());
        let overtaken = later
            .filter(is_before)
            .filter(matters)
            .filter(|old| !self.is_again(item, old));
        overtaken.map(|old| self.changed(item, old)).collect()
    }

    /// Whether a later COPY brings once more what one before the step brought, which the step leaves alone.
    fn is_again(&self, item: &Item, later: &Item) -> bool {
        let copy = self.old.copy_of(later);
        let is_known = |layer: &Layer| reads::brings(&self.old.copies, layer, item.step.instruction);
        let is_changed = |place: &Place| item.effects().may_change(place);
        copy.is_some_and(|copy| !copy.layers.is_empty() && copy.layers.iter().all(is_known))
            && !later.effects().writes.iter().any(is_changed)
    }

    fn changed(&self, item: &Item, other: &Item) -> Violation {
        let before = self.pair.before;
        Violation {
            kind: Kind::OrderChanged,
            line: before.line(item),
            what: format!(
                "line {} and line {} change places, although one may use what the other writes",
                before.line(item),
                before.line(other)
            ),
            remedy: "keep their order".to_owned(),
        }
    }
}

/// Whether two items install a package of the same name: the rest may have gone to another stage.
fn shares_packages(one: &Item, other: &Item) -> bool {
    let is_in = |package: &Package| one.act.installed().iter().any(|known| known.name == package.name);
    other.act.installed().iter().any(is_in)
}

/// A step of the original, and what it may need.
struct Need<'s, 'p, 'a> {
    site: &'s Site<'p, 'a>,
    /// Its number in the result.
    at: usize,
    /// Its number in the original.
    origin: usize,
    item: &'s Item,
    /// The files that it reads, if it installs dependencies and reads no more than these.
    files: OnceCell<Option<Vec<String>>>,
}

impl Need<'_, '_, '_> {
    /// What is lost of an earlier step.
    fn lost(&self, number: usize, old: &Item) -> Option<Violation> {
        if let Act::Install(packages) = &old.act {
            return packages
                .iter()
                .find_map(|package| self.lost_package(number, old, package));
        }
        let is_before = |item: &Item| item.act == old.act;
        let earlier = self.site.new.items.get(..self.at).unwrap_or_default();
        let is_there = || self.is_there(number, old) && !self.lacks_scratch(old);
        if !old.leaves_something() || earlier.iter().any(is_before) || !self.may_use(old) || is_there() {
            return None;
        }
        let is_later = self.site.new.position(&old.act).is_some();
        let before = self.site.pair.before;
        if is_later {
            return Some(self.site.changed(self.item, old));
        }
        let what = match old.effects().writes.first() {
            Some(place) if *place != Place::Anywhere => format!("writes {place}"),
            _ => "may write anything".to_owned(),
        };
        Some(Violation {
            kind: Kind::InputLost,
            line: before.line(self.item),
            what: format!(
                "line {} {what}, which line {} may read, and would not run before it",
                before.line(old),
                before.line(self.item)
            ),
            remedy: format!("move line {} after line {}", before.line(old), before.line(self.item)),
        })
    }

    fn files(&self) -> Option<&[String]> {
        let site = self.site;
        let read = || reads::of_install(site.pair.before, self.item, site.copies_before(self.item));
        self.files.get_or_init(read).as_deref()
    }

    /// Whether the step fails without something at `place`.
    fn requires(&self, place: &Place) -> bool {
        let mut required = self.item.effects().requires.iter();
        required.any(|path| place.meets(&Place::Exactly(path.clone())))
    }

    /// Whether an earlier step wrote a scratch file that this one cannot do without, and no COPY brings it.
    fn lacks_scratch(&self, old: &Item) -> bool {
        let is_brought = |place: &Place| {
            let mut deliveries = self.site.new.deliveries.iter();
            deliveries.any(|delivery| delivery.at < self.at && delivery.region.covers(place))
        };
        let mut writes = old.effects().writes.iter();
        writes.any(|place| is_throwaway(place) && self.requires(place) && !is_brought(place))
    }

    /// Whether the step may use what an earlier one leaves.
    fn may_use(&self, old: &Item) -> bool {
        let effects = old.effects();
        if effects.unknown.is_some() {
            return true;
        }
        let changed = effects
            .writes
            .iter()
            .chain(&effects.deletes)
            .filter(|place| !is_throwaway(place) || self.requires(place));
        let mut changed = changed.peekable();
        match self.files() {
            _ if changed.peek().is_none() => self.uses_state(old),
            Some(files) => changed.any(|place| self.install_uses(files, place)) || self.uses_state(old),
            // It runs code of the project, or is not known well enough to say that it does not.
            None if self.item.step.kind == StepKind::Build => true,
            None => changed.any(|place| self.item.effects().may_read(place)) || self.uses_state(old),
        }
    }

    /// Whether an install of dependencies may read a place: a file of the project that it reads, or tools and settings.
    fn install_uses(&self, files: &[String], place: &Place) -> bool {
        const SYSTEM: &[&str] = &["/usr", "/etc", "/bin", "/lib", "/sbin", "/root", "/home"];
        let is_in = |folder: &str| {
            let folder = crate::effects::AbsolutePath::of(folder, None);
            folder.is_some_and(|folder| place.meets(&Place::Under(folder)))
        };
        let is_file = |file: &String| is_in(&format!("/{file}"));
        let workdir = self.command().and_then(|command| command.workdir.as_deref());
        let is_near = workdir.is_some_and(|workdir| matches!(place, Place::Exactly(path) if path.as_str() == workdir));
        files.iter().any(is_file) || is_near || SYSTEM.iter().any(|folder| is_in(folder))
    }

    fn command(&self) -> Option<&Command> {
        self.site.pair.before.command(self.item)
    }

    /// Whether the step may need a change of state: all of them, but for accounts, which builds do not ask for.
    fn uses_state(&self, old: &Item) -> bool {
        let is_open = self.item.step.kind == StepKind::Build || self.item.effects().unknown.is_some();
        let mut states = old.effects().state.iter();
        is_open && states.any(|state| !matches!(state, State::Shell | State::Accounts))
    }

    /// Whether what an earlier step leaves is there before the step in the result.
    fn is_there(&self, number: usize, old: &Item) -> bool {
        let site = self.site;
        let between = site.old.items.get(number + 1..self.origin).unwrap_or_default();
        let is_gone = |place: &Place| is_deleted(between.iter().map(|item| &item.step), place);
        self.is_folder_there(old)
            || old.step.kind == StepKind::FromContext && self.are_files_there(old)
            || is_brought(site.pair.after, &old.act, (site.after, self.at), &is_gone)
    }

    /// Whether an earlier step made nothing but folders, which are there.
    fn is_folder_there(&self, old: &Item) -> bool {
        let effects = old.effects();
        let is_folder = |place: &Place| matches!(place, Place::Exactly(path) if effects.folders.contains(path));
        let makes_folders = effects.unknown.is_none()
            && effects.deletes.is_empty()
            && effects.state.is_empty()
            && effects.writes.iter().all(is_folder);
        makes_folders
            && effects
                .folders
                .iter()
                .all(|folder| self.site.new.has_folder(self.at, folder))
    }

    /// Whether the result brings what an earlier COPY of the original brings, as far as the step reads it.
    fn are_files_there(&self, old: &Item) -> bool {
        let Some(end) = self.site.new.items.get(self.at).map(|item| item.step.instruction) else {
            return false;
        };
        let site = self.site;
        let copy = site.old.copy_of(old);
        let Some(copy) = copy.filter(|copy| !copy.layers.is_empty()) else {
            return false;
        };
        let is_brought = |layer: &_| reads::brings(&site.new.copies, layer, end);
        let is_all = copy.layers.iter().all(is_brought);
        is_all
            || self
                .files()
                .is_some_and(|files| self.are_manifests_there(files, copy, end))
    }

    fn are_manifests_there(&self, files: &[String], copy: &crate::effects::image_files::Copy, end: usize) -> bool {
        let (context, copies) = (self.site.pair.before.context, &self.site.new.copies);
        files.iter().all(|file| {
            let Some(from) = copy.supplies(context, file) else {
                return true;
            };
            let mut earlier = copies.iter().rev().filter(|copy| copy.index < end);
            earlier.any(|copy| copy.supplies(context, file).as_deref() == Some(from.as_str()))
        })
    }

    /// Whether a package that an earlier step installs is missing, and the step may call it, or build with it.
    fn lost_package(&self, number: usize, old: &Item, package: &Package) -> Option<Violation> {
        let site = self.site;
        let has = |items: &[Item]| {
            items
                .iter()
                .flat_map(|item| item.act.installed())
                .any(|other| other.name == package.name)
        };
        let is_there = has(site.new.items.get(..self.at).unwrap_or_default());
        if is_there || self.is_removed(number, package) || !self.may_need(package) {
            return None;
        }
        let before = site.pair.before;
        Some(Violation {
            kind: Kind::InputLost,
            line: before.line(self.item),
            what: format!(
                "line {} may need {}, which line {} installs, and it would not be there",
                before.line(self.item),
                package.name,
                before.line(old)
            ),
            remedy: format!("install {} in a RUN of its own", package.name),
        })
    }

    /// Whether the original removes a package before the step.
    fn is_removed(&self, number: usize, package: &Package) -> bool {
        let between = self.site.old.items.get(number..self.origin).unwrap_or_default();
        let mut removed = between.iter().flat_map(|item| item.act.removed());
        removed.any(|name| *name == package.name || package.group.as_ref() == Some(name))
    }

    fn may_need(&self, package: &Package) -> bool {
        let release = self.site.pair.before.release(self.site.before);
        let Some(release) = release else { return true };
        let effects = self.item.effects();
        let is_tool = |program: &String| {
            let name = program.rsplit('/').next().unwrap_or(program);
            tools_of_package(release.family, &package.name).any(|tool| tool == name)
        };
        let code = self.code();
        if effects.runs.iter().chain(code.iter().flatten()).any(is_tool) {
            return true;
        }
        let builds = self.item.step.kind == StepKind::Build;
        match package_role(release.family, &package.name) {
            Some(PackageRole::Runtime) => self.item.step.uses_any_package(),
            _ if !builds && effects.unknown.is_none() => false,
            // Tools that builds call are called by name, or by scripts that can be read.
            Some(PackageRole::Either) => !builds && code.is_none() && !self.is_readable(),
            Some(PackageRole::BuildOnly | PackageRole::Headers) => builds || code.is_none() && !self.is_readable(),
            Some(PackageRole::Both | PackageRole::Language) | None => true,
        }
    }

    /// The programs that code in the step's own words starts, where it has some that can be read.
    fn code(&self) -> Option<Vec<String>> {
        let command = self.site.pair.before.command(self.item)?;
        let words: Vec<Option<&str>> = command.words.iter().map(|word| word.value.as_deref()).collect();
        Code::of(&words).programs()
    }

    /// Whether the step runs a file of the build context, whose calls are known.
    fn is_readable(&self) -> bool {
        reads::script(self.site.pair.before, self.item, self.site.copies_before(self.item)).is_some()
    }
}
