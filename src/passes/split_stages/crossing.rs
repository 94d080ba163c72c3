//! What crosses from the builder to the runtime stage, and what the runtime stage stands on.

use std::collections::BTreeMap;

use crate::effects::steps::Step;
use crate::effects::timeline::is_deleted;
use crate::effects::{AbsolutePath, Obstacle, ObstacleKind, Place, is_standard_folder};
use crate::facts::{User, is_within};
use crate::knowledge::{Purpose, base_image};
use crate::syntax::Keyword;

use super::copies::{brings_sources, copied_to, is_from_context, may_supply, root};
use super::gain::Gain;
use super::named::{named, nothing_named, only_named, packaged};
use super::plan::Line;
use super::project::installs_libraries;
use super::python_site::python;
use super::runtime_image::base;
use super::static_site;
use super::subject::Subject;
use super::work::Works;
use crate::effects::ecosystems::Output;
use crate::effects::needs::Needs;

/// The folder of the virtual environment that takes the place of Python's own folders.
pub(super) const VENV: &str = "/opt/venv";

/// A file or folder that is copied out of the builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crossing {
    pub(super) path: String,
    /// The RUN in whose place the COPY stands.
    pub(super) at: usize,
    /// The user whose it is, unless it is root's: COPY gives the folder itself to root otherwise.
    pub(super) owner: Option<String>,
    /// Whether it is the whole folder of the project, which brings what COPY put there.
    pub(super) is_project: bool,
    /// The COPY of the application's files that it stands before, so that an edit of these does not copy it anew; in
    /// the place of the RUN if none.
    pub(super) before: Option<usize>,
}

impl Crossing {
    /// Where it goes: its own place.
    pub(super) fn target(&self) -> String {
        // A pattern names files; they go to their folder.
        match self.path.rsplit_once('/') {
            Some((folder, name)) if name.contains('*') => format!("{folder}/"),
            _ => self.path.clone(),
        }
    }
}

/// How Python's packages get into the runtime stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Python {
    /// A virtual environment; the instruction that it is made before, and whether VIRTUAL_ENV is to be set.
    Venv { made: usize, announce: bool },
    /// From and to the interpreter's own folders.
    Own,
}

/// Everything that crosses.
#[derive(Debug)]
pub(super) struct Crossings {
    pub(super) list: Vec<Crossing>,
    /// The image of the runtime stage, where it is not that of the builder.
    pub(super) image: Option<String>,
    /// The tag that keeps the builder on the release of that image.
    pub(super) pinned: Option<String>,
    /// Whether nothing of the build context is of use at run time.
    pub(super) drops_sources: bool,
    /// Settings of the old image that the new one lacks.
    pub(super) config: Vec<String>,
    pub(super) python: Option<Python>,
    /// The RUN behind which the linker's cache is made anew.
    links_at: Option<usize>,
}

impl Crossings {
    /// What comes before RUN number `index` in the builder.
    pub(super) fn before_in_builder(&self, index: usize) -> Vec<Line> {
        match self.python {
            Some(Python::Venv { made, announce }) if made == index => vec![
                Line::New {
                    text: format!("RUN python -m venv {VENV}"),
                    at: index,
                },
                Line::New {
                    text: path_line(announce),
                    at: usize::MAX,
                },
            ],
            _ => Vec::new(),
        }
    }

    /// The COPYs that stand in the place of RUN number `index` in the runtime stage, or before COPY number `index`.
    pub(super) fn in_runtime(&self, index: usize, builder: &str) -> Vec<Line> {
        let here = |crossing: &&Crossing| crossing.before.unwrap_or(crossing.at) == index;
        let mut lines = Vec::new();
        for crossing in self.list.iter().filter(here) {
            let owner = crossing.owner.as_ref();
            let owner = owner.map_or(String::new(), |owner| format!("--chown={owner} "));
            let text = format!("COPY --from={builder} {owner}{} {}", crossing.path, crossing.target());
            lines.push(Line::New { text, at: crossing.at });
            lines.extend(self.behind(crossing));
        }
        lines
    }

    /// What comes behind a COPY in the runtime stage.
    fn behind(&self, crossing: &Crossing) -> Vec<Line> {
        let mut lines = Vec::new();
        if let Some(Python::Venv { announce, .. }) = self.python
            && crossing.path == VENV
        {
            lines.push(Line::New {
                text: path_line(announce),
                at: usize::MAX,
            });
        }
        if self.links_at.is_some() && crossing.path == "/usr/local" {
            lines.push(Line::New {
                text: "RUN ldconfig".to_owned(),
                at: usize::MAX,
            });
        }
        lines
    }

    /// The settings of the old image, before the first instruction.
    pub(super) fn config_before(&self, index: usize, first: usize) -> Vec<Line> {
        if index != first {
            return Vec::new();
        }
        self.config
            .iter()
            .map(|text| Line::New {
                text: text.clone(),
                at: usize::MAX,
            })
            .collect()
    }
}

fn path_line(announce: bool) -> String {
    if announce {
        format!("ENV VIRTUAL_ENV={VENV} PATH=\"{VENV}/bin:$PATH\"")
    } else {
        format!("ENV PATH=\"{VENV}/bin:$PATH\"")
    }
}

/// Works out what crosses.
pub(super) fn plan(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
    gain: &Gain,
) -> Result<Crossings, Obstacle> {
    let repository = subject.image.repository();
    let known = base_image(&repository);
    let is_distribution = known.is_some_and(|image| image.is_distribution) && subject.release.family.is_debian_like();
    let is_python = subject.image.official_name() == Some("python");
    let mut crossings = Crossings {
        list: Vec::new(),
        image: None,
        pinned: None,
        drops_sources: false,
        config: Vec::new(),
        python: None,
        links_at: None,
    };
    let smaller = gain.smaller.as_ref().filter(|smaller| smaller.purpose != Purpose::Same);
    let served = static_site::folder(subject, works, needs);
    crossings.drops_sources = served.is_some();
    let mut built = 0;
    let (mut sites, mut tools, mut owns): (Vec<usize>, Vec<usize>, bool) = (Vec::new(), Vec::new(), false);
    for (&index, work) in works {
        for output in work.outputs() {
            match output {
                Output::PythonTools(names) if !names.iter().any(|name| needs.runs(name)) => tools.push(index),
                Output::PythonSite | Output::PythonTools(_) if is_python => sites.push(index),
                Output::PythonOwn if is_python => {
                    sites.push(index);
                    owns = true;
                }
                Output::PythonSite | Output::PythonOwn | Output::PythonTools(_) | Output::Local if is_distribution => {
                    crossings.add("/usr/local", index);
                    if *output == Output::Local && installs_libraries(subject, index) {
                        crossings.links_at = Some(index);
                    }
                }
                Output::PythonSite | Output::PythonOwn | Output::PythonTools(_) | Output::Local => {
                    return Err(Obstacle::new(
                        ObstacleKind::SharedPlace,
                        format!(
                            "line {} installs among the files of the base image",
                            subject.line(index)
                        ),
                        "install into a virtual environment, or a folder of its own under /opt",
                    ));
                }
                // The program reads what was built and nothing else of the project.
                Output::Path(_) | Output::Project(_) if served.is_some() => built = index,
                Output::Path(path) | Output::Environment(path) => {
                    crossings.add(&with_unknown_names(subject, index, path)?, index);
                }
                Output::PythonUser(path) => {
                    owns = true;
                    crossings.add(path, index);
                }
                Output::OnlyNamed(folder, parts) => {
                    only_named(subject, index, (folder, *parts), needs, &mut crossings);
                }
                Output::NamedIn(folder) => match named(subject, index, folder, &mut crossings) {
                    // What a later step copies to its place is all that is needed.
                    Err(_) if is_taken_on(works, index, folder) => {}
                    other => other?,
                },
                Output::Packaged(folder) => match packaged(subject, index, folder, &mut crossings) {
                    Err(Obstacle {
                        kind: ObstacleKind::UnknownNeed,
                        ..
                    }) if is_taken_on(works, index, folder) => {}
                    other => other?,
                },
                Output::Programs(folder, names) => {
                    if !names.iter().any(|name| needs.tools.contains_key(name)) {
                        return Err(nothing_named(subject, index, folder));
                    }
                    for name in names {
                        crossings.add(&format!("{folder}/{name}"), index);
                    }
                }
                Output::Project(folder) => project(subject, index, folder, &mut crossings)?,
                Output::Metadata(folder) => {
                    if brings_sources(subject, index, folder) {
                        project(subject, index, folder, &mut crossings)?;
                    }
                }
            }
        }
    }
    if let Some(served) = served {
        crossings.add(&served, built);
    }
    if let Some(&first) = sites.first() {
        // The tools go into the environment, too, or it would be another one's that they install into.
        let first = tools.first().map_or(first, |tool| first.min(*tool));
        python(subject, works, needs, first, owns, &mut crossings)?;
    }
    super::live::beside_builds(subject, works, needs, &mut crossings)?;
    crossings
        .list
        .retain(|crossing| crossing.is_project || !is_moved_away(works, &crossing.path));
    crossings.simplify(works);
    for crossing in &mut crossings.list {
        crossing.before = place_before(subject, works, crossing);
        crossing.owner = owner(subject, crossing);
    }
    if let Some(smaller) = smaller {
        let only_programs = sites.is_empty()
            && crossings
                .list
                .iter()
                .all(|crossing| !crossing.path.ends_with("node_modules"));
        if only_programs && !crossings.list.is_empty() {
            base(subject, works, needs, &repository, smaller, &mut crossings)?;
        }
    }
    Ok(crossings)
}

/// Whether the last step that has to do with a path moves it away or deletes it.
fn is_moved_away(works: &BTreeMap<usize, Works>, path: &str) -> bool {
    let Some(place) = AbsolutePath::of(path, None).map(Place::Exactly) else {
        return false;
    };
    let steps: Vec<_> = works.values().flat_map(Works::steps).collect();
    let leaves = |step: &&&Step| {
        step.outputs
            .iter()
            .flat_map(Output::places)
            .any(|left| left.covers(&place))
    };
    let written = steps.iter().rposition(|step| leaves(&step));
    written.is_some_and(|at| is_deleted(steps.iter().skip(at + 1).copied(), &place))
}

/// Whether a later step reads what a build left in `folder`, and leaves something elsewhere.
fn is_taken_on(works: &BTreeMap<usize, Works>, build: usize, folder: &str) -> bool {
    let Some(folder) = AbsolutePath::of(folder, None).map(Place::Under) else {
        return false;
    };
    let later = works.range(build..).flat_map(|(_, works)| works.steps());
    later.into_iter().any(|step| {
        let leaves = step
            .outputs
            .iter()
            .flat_map(Output::places)
            .any(|place| !folder.covers(&place));
        let is_known = step.effects.unknown.is_none() && !step.effects.reads.contains(&Place::Anywhere);
        is_known && leaves && step.effects.reads.iter().any(|read| read.meets(&folder))
    })
}

impl Crossings {
    pub(super) fn add(&mut self, path: &str, at: usize) {
        if self.list.iter().all(|known| known.path != path) {
            self.list.push(Crossing {
                path: path.to_owned(),
                at,
                is_project: false,
                before: None,
                owner: None,
            });
        }
    }

    /// Leaves out what is in something else that crosses, which then stands where the first of them did.
    fn simplify(&mut self, works: &BTreeMap<usize, Works>) {
        let all = self.list.clone();
        let holds = |outer: &Crossing, inner: &Crossing| {
            let is_inner = outer.path != inner.path && !outer.path.contains('*') && is_within(&inner.path, &outer.path);
            let is_plain = inner.path != VENV && !is_behind_link(works, &inner.path);
            is_inner && (outer.is_project || is_plain)
        };
        for outer in &mut self.list {
            let inner = all.iter().filter(|inner| !outer.is_project && holds(outer, inner));
            outer.at = inner.map(|inner| inner.at).fold(outer.at, usize::min);
        }
        self.list.retain(|inner| !all.iter().any(|outer| holds(outer, inner)));
        self.list.sort_by_key(|crossing| crossing.at);
    }
}

/// The path with which everything that a step wrote to `path` is copied. Of names that only the build knows, some may be
/// folders, which a COPY of a pattern would spill into its target: the folder above them is copied then.
pub(super) fn with_unknown_names(subject: &Subject<'_>, index: usize, path: &str) -> Result<String, Obstacle> {
    let Some(pattern) = AbsolutePath::of(path, None).filter(|_| path.ends_with("/*")) else {
        return Ok(path.to_owned());
    };
    let folder = pattern.literal_folder();
    if is_standard_folder(&folder) {
        return Err(Obstacle::new(
            ObstacleKind::SharedPlace,
            format!(
                "line {} puts files into {folder}, among those of the base image, and nothing tells their names",
                subject.line(index)
            ),
            "name them, or put them into a folder of their own",
        ));
    }
    Ok(folder.to_string())
}

/// Whether a step makes a link on the way to a path: what is behind it is in another folder.
fn is_behind_link(works: &BTreeMap<usize, Works>, path: &str) -> bool {
    let Some(path) = AbsolutePath::of(path, None) else {
        return false;
    };
    let steps = works.values().flat_map(Works::steps);
    let links = steps.into_iter().filter(|step| step.effects.makes_links);
    let mut written = links.flat_map(|step| &step.effects.writes);
    written.any(|link| link.path().is_none_or(|link| path.is_within(link)))
}

/// The user who made what crosses, if it is not root's.
fn owner(subject: &Subject<'_>, crossing: &Crossing) -> Option<String> {
    if crossing.is_project {
        return owner_of_project(subject, crossing);
    }
    let User::Other(account) = &subject.facts.scope(crossing.at)?.user else {
        return None;
    };
    let is_number = account.name.chars().all(|c| c.is_ascii_digit());
    Some(if is_number {
        format!("{}:{}", account.name, account.gid.unwrap_or_default())
    } else {
        account.name.clone()
    })
}

/// The user to whom a COPY gives the folder of the project, where that COPY makes the folder. One that is there before
/// keeps its owner in both stages.
fn owner_of_project(subject: &Subject<'_>, crossing: &Crossing) -> Option<String> {
    for index in subject.range().start + 1..=crossing.at {
        match subject.keyword(index)? {
            Keyword::Workdir if is_within(subject.facts.scope(index + 1)?.workdir.as_deref()?, &crossing.path) => {
                return None;
            }
            Keyword::Run if subject.text(index).contains(&crossing.path) => return None,
            Keyword::Copy | Keyword::Add if copied_to(subject, index).as_deref() == Some(&crossing.path) => {
                let node = subject.node(index)?;
                return node.flag("chown").map(str::to_owned);
            }
            _ => {}
        }
    }
    None
}

pub(super) fn project(
    subject: &Subject<'_>,
    index: usize,
    folder: &str,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
    // What is built away from the project is installed from there, or of no use.
    let Some(root) = root(subject, folder) else {
        return Ok(());
    };
    let is_shared = AbsolutePath::of(&root, None).is_none_or(|root| is_standard_folder(&root));
    if is_shared {
        let place = if root.is_empty() { "/" } else { &root };
        return Err(Obstacle::new(
            ObstacleKind::SharedPlace,
            format!(
                "line {} builds in {place}, which holds more than the project",
                subject.line(index)
            ),
            "give the project a folder of its own with WORKDIR",
        ));
    }
    match crossings
        .list
        .iter_mut()
        .find(|crossing| crossing.is_project && crossing.path == root)
    {
        Some(known) => known.at = known.at.max(index),
        None => crossings.list.push(Crossing {
            path: root,
            at: index,
            is_project: true,
            before: None,
            owner: None,
        }),
    }
    Ok(())
}

/// The first COPY from the context that `crossing` can stand before: nothing that runs comes in between, and no COPY
/// puts anything else in its place.
fn place_before(subject: &Subject<'_>, works: &BTreeMap<usize, Works>, crossing: &Crossing) -> Option<usize> {
    if crossing.is_project {
        return None;
    }
    let mut found = None;
    for index in (subject.range().start + 1..crossing.at).rev() {
        match subject.keyword(index)? {
            Keyword::Run
                if works
                    .get(&index)
                    .is_some_and(|works| works.setups().next().is_some() && !works.builds()) =>
            {
                break;
            }
            // A folder of its own is there whatever WORKDIR and USER say; the home of a user must exist.
            Keyword::User | Keyword::Volume => break,
            Keyword::Copy | Keyword::Add if is_from_context(subject, index) => {
                if may_supply(subject, index, &crossing.path) {
                    break;
                }
                found = Some(index);
            }
            _ => {}
        }
    }
    found
}
