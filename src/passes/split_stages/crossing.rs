//! What crosses from the builder to the runtime stage, and what the runtime stage stands on.

use std::collections::BTreeMap;

use crate::context::{Kind, Presence};
use crate::facts::{Command, User, is_within};
use crate::knowledge::{Purpose, base_image, image_configuration};
use crate::syntax::{Instruction, Keyword};

use crate::context::manifests::Files as _;

use super::super::needs::{Needs, installed_by_name, last};
use super::super::reorder_copies::view::{inside, join};
use super::Obstacle;
use super::outputs::{Output, Poetry, absolute};
use super::plan::{Gain, Line, Subject, copied_to, is_from_context};
use super::work::Works;

/// The folder of the virtual environment that takes the place of Python's own folders.
const VENV: &str = "/opt/venv";

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
enum Python {
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
    /// Whether the sources are of no use at run time.
    pub(super) drops_sources: bool,
    /// Settings of the old image that the new one lacks.
    config: Vec<String>,
    python: Option<Python>,
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
    let (mut sites, mut tools, mut owns): (Vec<usize>, Vec<usize>, bool) = (Vec::new(), Vec::new(), false);
    for (&index, work) in works {
        for output in work.outputs() {
            match output {
                Output::PythonTools(names) if !names.iter().any(|name| needs.tools.contains_key(name)) => {
                    tools.push(index)
                }
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
                    return Err((
                        format!(
                            "line {} installs among the files of the base image",
                            subject.line(index)
                        ),
                        "install into a virtual environment, or a folder of its own under /opt".to_owned(),
                    ));
                }
                Output::Path(path) | Output::Environment(path) => crossings.add(path, index),
                Output::NamedIn(folder) => named(subject, index, folder, &mut crossings)?,
                Output::Programs(folder, names) => {
                    let run = names.iter().find(|name| needs.tools.contains_key(*name));
                    let name = run.ok_or_else(|| nothing_named(subject, index, folder))?;
                    crossings.add(&format!("{folder}/{name}"), index);
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
    if let Some(&first) = sites.first() {
        // The tools go into the environment, too, or it would be another one's that they install into.
        let first = tools.first().map_or(first, |tool| first.min(*tool));
        python(subject, works, needs, first, owns, &mut crossings)?;
    }
    crossings.simplify();
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
            base(subject, works, &repository, smaller, &mut crossings)?;
        }
    }
    Ok(crossings)
}

impl Crossings {
    fn add(&mut self, path: &str, at: usize) {
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

    /// Leaves out what is in something else that crosses.
    fn simplify(&mut self) {
        let all = self.list.clone();
        let is_inner = |own: &Crossing| {
            all.iter()
                .any(|other| other.is_project && other.path != own.path && is_within(&own.path, &other.path))
        };
        self.list.retain(|crossing| !is_inner(crossing));
        self.list.sort_by_key(|crossing| crossing.at);
    }
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
                let node = subject.file.instructions.get(index)?.node();
                return node.flag("chown").map(str::to_owned);
            }
            _ => {}
        }
    }
    None
}

fn python(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    needs: &Needs,
    first: usize,
    owns: bool,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
    let managers: Vec<&str> = works
        .keys()
        .filter_map(|index| subject.facts.run(subject.file, *index))
        .flat_map(|run| &run.commands)
        .filter_map(|command| Some(command.manager.as_ref()?.manager.id.as_str()))
        .collect();
    let end = subject.range().end.saturating_sub(1);
    let variables = subject.facts.scope(end).map(|scope| &scope.variables);
    let value = |name: &str| {
        variables
            .and_then(|variables| variables.get(name))
            .and_then(|variable| variable.value.as_deref())
    };
    let sets_path = value("PATH").is_some_and(|path| !path.contains("/usr/local/bin"))
        && subject.range().any(|index| {
            subject.keyword(index) == Some(Keyword::Env)
                && subject.text(index).contains("PATH=")
                && !subject.text(index).contains("$PATH")
                && !subject.text(index).contains("${PATH}")
        });
    // A build without isolation takes its tools from the environment; the image's has more of them than a new one.
    let unisolated = subject.range().any(|index| {
        let text = subject.text(index);
        ["no-build-isolation", "NO_BUILD_ISOLATION", "bdist_wheel"]
            .iter()
            .any(|sign| text.contains(sign))
    });
    // A stage that others stand on stays as it is, without an environment.
    let inherits = subject
        .inherited
        .as_ref()
        .is_some_and(|inherited| inherited.contains(&first));
    let elsewhere = needs.python_folders.is_some() || sets_path || owns || inherits || unisolated;
    if !elsewhere {
        // Poetry and pipenv install into the environment that VIRTUAL_ENV names, where they are told to make none.
        let makes_none = Poetry::of(subject.file, subject.facts, subject.range()).creates == Some(false)
            || subject
                .range()
                .any(|index| subject.text(index).contains("pipenv") && subject.text(index).contains("--system"));
        let announce = makes_none && managers.iter().any(|id| matches!(*id, "poetry" | "pipenv"));
        // Above the first COPY, an edit of what that brings does not make the environment anew.
        let copy = subject
            .range()
            .find(|index| matches!(subject.keyword(*index), Some(Keyword::Copy | Keyword::Add)));
        let made = copy.map_or(first, |copy| first.min(copy));
        crossings.python = Some(Python::Venv { made, announce });
        crossings.list.push(Crossing {
            path: VENV.to_owned(),
            at: first,
            is_project: false,
            before: None,
            owner: None,
        });
        return Ok(());
    }
    let why = match &needs.python_folders {
        Some(evidence) => format!("{} {}", evidence.place, evidence.fact),
        None => "packages are installed into the interpreter's own folders".to_owned(),
    };
    let tag = subject.image.tag.as_deref().unwrap_or_default();
    let version: Vec<&str> = tag.split('-').next().unwrap_or_default().split('.').take(2).collect();
    let is_plain = !subject.text(subject.range().start).contains('$');
    let ([major, minor], true) = (version.as_slice(), is_plain) else {
        return Err((
            format!("{why}, and the tag does not tell the version of Python"),
            "name it in FROM: python:3.12".to_owned(),
        ));
    };
    let replaced = installed_by_name(subject.file, subject.facts, subject.range());
    if let Some((_, name, _)) = replaced
        .iter()
        .find(|(_, name, _)| matches!(name.as_str(), "pip" | "setuptools" | "wheel"))
    {
        return Err((
            format!("{why}, where {name} is replaced by another version of itself"),
            format!("leave {name} as the base image has it, or install into a virtual environment"),
        ));
    }
    crossings.python = Some(Python::Own);
    for path in [
        format!("/usr/local/lib/python{major}.{minor}/site-packages"),
        "/usr/local/bin".to_owned(),
    ] {
        crossings.list.push(Crossing {
            path,
            at: first,
            is_project: false,
            before: None,
            owner: None,
        });
    }
    Ok(())
}

/// The folder of the project that `folder` is in: where COPY put files of the context.
fn root(subject: &Subject<'_>, folder: &str) -> Option<String> {
    let copies = subject
        .range()
        .filter(|index| matches!(subject.keyword(*index), Some(Keyword::Copy | Keyword::Add)));
    let from_context = copies.filter(|index| {
        subject
            .file
            .instructions
            .get(*index)
            .is_some_and(|instruction| instruction.node().flag("from").is_none())
    });
    let mut targets: Vec<String> = from_context
        .filter_map(|index| {
            let target = copied_to(subject, index)?;
            let workdir = subject
                .facts
                .scope(index)
                .and_then(|scope| scope.workdir.clone())
                .unwrap_or_default();
            // A file's own name is no folder.
            let is_folder =
                brings_folder(subject, index) || target == workdir || subject.text(index).trim_end().ends_with('/');
            Some(if is_folder {
                target
            } else {
                target
                    .rsplit_once('/')
                    .map_or(String::new(), |(parent, _)| parent.to_owned())
            })
        })
        .collect();
    targets.sort_by_key(String::len);
    let above = targets.iter().find(|target| is_within(folder, target));
    above.cloned().or_else(|| {
        targets
            .iter()
            .any(|target| is_within(target, folder))
            .then(|| folder.to_owned())
    })
}

/// Whether a COPY names a folder of the context.
fn brings_folder(subject: &Subject<'_>, index: usize) -> bool {
    let Some(node) = subject.file.instructions.get(index).map(Instruction::node) else {
        return false;
    };
    let sources = node
        .words()
        .split_last()
        .map(|(_, sources)| sources)
        .unwrap_or_default();
    node.flag("from").is_none()
        && sources.iter().any(|source| {
            let path = source.value.trim_start_matches("./").trim_matches('/');
            path.is_empty() || path == "." || subject.context.presence(path) == Presence::Here(Kind::Folder)
        })
}

/// Whether sources, not only single files, were copied into `folder` before RUN number `index`.
fn brings_sources(subject: &Subject<'_>, index: usize, folder: &str) -> bool {
    (subject.range().start..index).any(|copy| {
        matches!(subject.keyword(copy), Some(Keyword::Copy | Keyword::Add))
            && brings_folder(subject, copy)
            && copied_to(subject, copy).is_some_and(|target| is_within(&target, folder) || is_within(folder, &target))
    })
}

fn project(subject: &Subject<'_>, index: usize, folder: &str, crossings: &mut Crossings) -> Result<(), Obstacle> {
    // What is built away from the project is installed from there, or of no use.
    let Some(root) = root(subject, folder) else {
        return Ok(());
    };
    let shared = [
        "",
        "/",
        "/root",
        "/home",
        "/usr",
        "/usr/local",
        "/usr/bin",
        "/usr/local/bin",
        "/etc",
        "/var",
        "/opt",
        "/bin",
        "/lib",
        "/tmp",
        "/srv",
    ];
    if shared.contains(&root.as_str()) {
        let place = if root.is_empty() { "/" } else { &root };
        return Err((
            format!(
                "line {} builds in {place}, which holds more than the project",
                subject.line(index)
            ),
            "give the project a folder of its own with WORKDIR".to_owned(),
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

/// The programs in `folder` that something names.
fn named(subject: &Subject<'_>, index: usize, folder: &str, crossings: &mut Crossings) -> Result<(), Obstacle> {
    let mut found = Vec::new();
    for keyword in [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck] {
        let Some(at) = last(subject.file, subject.range(), keyword) else {
            continue;
        };
        let execution = subject
            .facts
            .instructions
            .get(at)
            .and_then(|facts| facts.execution.as_deref());
        for command in execution.iter().flat_map(|execution| &execution.commands) {
            let paths = paths_in(command).into_iter();
            found.extend(paths.filter(|path| path != folder && is_within(path, folder)));
        }
    }
    found.retain(|path| !is_supplied(subject, path));
    found.sort();
    found.dedup();
    if let Some(path) = found.iter().find(|path| is_unbuilt(subject, index, path)) {
        return Err((
            format!("{path} is started, but Cargo.toml names no program of that name"),
            "start the program that is built".to_owned(),
        ));
    }
    if !found.is_empty() {
        found.iter().for_each(|path| crossings.add(path, index));
        return Ok(());
    }
    if !folder.ends_with("/target") && root(subject, folder).is_some() {
        return project(subject, index, folder, crossings);
    }
    Err(nothing_named(subject, index, folder))
}

fn nothing_named(subject: &Subject<'_>, index: usize, folder: &str) -> Obstacle {
    (
        format!(
            "line {} builds programs in {folder}, and neither CMD nor ENTRYPOINT names one of them",
            subject.line(index)
        ),
        "start the program by its path in CMD or ENTRYPOINT".to_owned(),
    )
}

/// The files and folders that a command names, as absolute paths; each part of a class path is one.
fn paths_in(command: &Command) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_list = false;
    for word in &command.words {
        let text = word.value.as_deref().unwrap_or(&word.text);
        let parts = if is_list { text.split(':').collect() } else { vec![text] };
        let is_path = |part: &&str| !part.contains("://") && (is_list || part.contains('/') || part.ends_with(".jar"));
        found.extend(
            parts
                .into_iter()
                .filter(is_path)
                .filter_map(|part| absolute(command, part)),
        );
        is_list = matches!(text, "-cp" | "-classpath" | "--class-path" | "-p" | "--module-path");
    }
    found
}

/// Whether `path` is where Cargo would put a program that the project does not have.
fn is_unbuilt(subject: &Subject<'_>, index: usize, path: &str) -> bool {
    let Some((folder, rest)) = path.split_once("/target/") else {
        return false;
    };
    let copies = subject.copies_before(index);
    let programs = super::outputs::cargo_programs(&subject.view(&copies), folder.trim_matches('/'));
    let name = rest.rsplit('/').next().unwrap_or(rest);
    rest.contains('/') && programs.is_some_and(|programs| programs.iter().all(|program| program != name))
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

/// Whether the context brings what is at `path`, or something that a pattern there names.
fn is_supplied(subject: &Subject<'_>, path: &str) -> bool {
    let copies = subject.copies_before(subject.range().end);
    let view = subject.view(&copies);
    let path = path.trim_matches('/');
    match path.split_once('*') {
        None => view.supplier(path).is_some(),
        Some((before, _)) => {
            let folder = before.rsplit_once('/').map_or("", |(folder, _)| folder);
            view.list(folder).iter().any(|name| !name.ends_with('/'))
        }
    }
}

/// Whether a COPY of the context may bring something at `path`: files that are not there now, such as what a build on
/// somebody's machine left, if no .dockerignore keeps them out.
fn may_supply(subject: &Subject<'_>, copy: usize, path: &str) -> bool {
    let copies = subject.copies_before(copy + 1);
    let Some(copy) = copies.iter().find(|known| known.index == copy) else {
        return true;
    };
    let path = path.trim_matches('/');
    copy.oddity.is_some()
        || copy.layers.iter().any(|layer| {
            let Some(rest) = inside(path, &layer.to) else {
                return false;
            };
            layer.is_folder
                && !matches!(
                    subject.context.presence(&join(&layer.from, rest)),
                    Presence::Ignored { .. }
                )
        })
}

/// Puts the runtime stage on an image without the language's own tools.
fn base(
    subject: &Subject<'_>,
    works: &BTreeMap<usize, Works>,
    repository: &str,
    smaller: &crate::knowledge::Slimmer,
    crossings: &mut Crossings,
) -> Result<(), Obstacle> {
    if let Some((line, name)) = foreign_user(subject) {
        return Err((
            format!("line {line} names the user {name}, whom only the image of the build has"),
            "create the user in this file, or name a number".to_owned(),
        ));
    }
    let tag = subject.image.tag.as_deref();
    let old = image_configuration(repository, tag);
    let new = image_configuration(&smaller.image, Some(&smaller.tag));
    if let Some(old) = old {
        let mut pairs: Vec<String> = Vec::new();
        for (name, value) in &old.env {
            if new.is_none_or(|new| new.env.get(name) != Some(value)) {
                pairs.push(format!("{name}={value}"));
            }
        }
        let lacking: Vec<&str> = old
            .path
            .iter()
            .map(String::as_str)
            .filter(|part| new.is_none_or(|new| !new.path.iter().any(|own| own == part)))
            .collect();
        if !lacking.is_empty() {
            pairs.push(format!("PATH={}:$PATH", lacking.join(":")));
        }
        if !pairs.is_empty() {
            let newline = subject.file.newline.as_str();
            crossings.config.push(format!(
                "ENV {}",
                pairs.join(&format!(" {}{newline}    ", subject.file.escape()))
            ));
        }
        if let Some(workdir) = &old.workdir
            && needs_workdir(subject, works)
        {
            crossings.config.push(format!("WORKDIR {workdir}"));
        }
    }
    crossings.image = Some(format!("{}:{}", smaller.image, smaller.tag));
    crossings.pinned = smaller.pinned.clone();
    crossings.drops_sources = matches!(smaller.purpose, Purpose::Binaries | Purpose::JavaPrograms)
        && has_only_sources(subject)
        && crossings.list.iter().all(|c| !c.is_project);
    Ok(())
}

/// The first user that the stage names without creating it, and that not every image has.
fn foreign_user(subject: &Subject<'_>) -> Option<(usize, String)> {
    const EVERYWHERE: &[&str] = &["root", "nobody", "daemon", "bin", "www-data", "mail", "nogroup"];
    let range = subject.range();
    let before = subject.facts.scope(range.start + 1).map(|scope| &scope.accounts)?;
    let after = subject
        .facts
        .scope(range.end.saturating_sub(1))
        .map(|scope| &scope.accounts)?;
    range.skip(1).find_map(|index| {
        let node = subject.file.instructions.get(index)?.node();
        let owner = match node.keyword {
            Keyword::User => node.words().first()?.value.clone(),
            Keyword::Copy | Keyword::Add => node.flag("chown")?.to_owned(),
            _ => return None,
        };
        let name = owner.split(':').next().unwrap_or_default();
        let is_known = name.is_empty()
            || name.contains('$')
            || name.chars().all(|c| c.is_ascii_digit())
            || EVERYWHERE.contains(&name)
            || after.contains_key(name) && !before.contains_key(name);
        (!is_known).then(|| (subject.line(index), name.to_owned()))
    })
}

/// Whether something depends on the WORKDIR of the base image.
fn needs_workdir(subject: &Subject<'_>, works: &BTreeMap<usize, Works>) -> bool {
    let mut range = subject.range().skip(1);
    range
        .find_map(|index| match subject.keyword(index)? {
            Keyword::Workdir => Some(
                !subject
                    .text(index)
                    .split_whitespace()
                    .nth(1)
                    .is_some_and(|path| path.starts_with('/')),
            ),
            // Packages are installed, and programs built, wherever it is.
            Keyword::Run => works
                .get(&index)
                .is_none_or(|works| works.setups().next().is_some())
                .then_some(true),
            Keyword::Copy | Keyword::Add | Keyword::Cmd | Keyword::Entrypoint => Some(true),
            _ => None,
        })
        .unwrap_or(true)
}

/// Whether `make install` may install a library, which the linker then has to be told of.
fn installs_libraries(subject: &Subject<'_>, index: usize) -> bool {
    // What was downloaded cannot be read.
    let is_downloaded = ["curl", "wget", "git ", "tar "]
        .iter()
        .any(|tool| subject.text(index).contains(tool));
    let names = [
        "Makefile",
        "makefile",
        "CMakeLists.txt",
        "configure.ac",
        "Makefile.am",
        "meson.build",
    ];
    let rules = crate::context::sources(subject.context, |path| {
        names.contains(&path.rsplit('/').next().unwrap_or(path)) || path.ends_with(".mk") || path.ends_with(".cmake")
    });
    let signs = [
        "-shared",
        "SHARED",
        "LT_INIT",
        "libtool",
        "LTLIBRARIES",
        "library(",
        ".so",
    ];
    is_downloaded
        || rules.is_empty()
        || rules
            .iter()
            .filter_map(|path| subject.context.read(path).ok())
            .any(|text| signs.iter().any(|sign| text.contains(sign)))
}

/// Whether a file is a source of a Java program, or of its build.
fn is_of_java_build(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_build = matches!(
        name,
        "pom.xml" | "mvnw" | "mvnw.cmd" | "gradlew" | "gradlew.bat" | "gradle.properties" | "lombok.config"
    ) || name.ends_with(".gradle")
        || name.ends_with(".gradle.kts");
    let in_folder = |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
    is_build || in_folder("src/main/") || in_folder("src/test/") || in_folder(".mvn/") || in_folder("gradle/wrapper/")
}

/// Whether all that the context holds is sources of a compiled language, and what only developers read.
fn has_only_sources(subject: &Subject<'_>) -> bool {
    let reads_files = [
        "ReadFile",
        "os.Open",
        "ParseFiles",
        "ParseGlob",
        "http.Dir",
        "http.FileServer",
        "DirFS",
        "File::open",
        "fs::read",
        "ServeDir",
        "LoadHTMLGlob",
        "Static(",
    ];
    let aside = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit('.').next().unwrap_or_default();
        matches!(
            ending,
            "go" | "mod" | "sum" | "rs" | "lock" | "md" | "proto" | "s" | "c" | "h"
        ) || matches!(
            name,
            "Cargo.toml"
                | "LICENSE"
                | "Makefile"
                | ".dockerignore"
                | ".gitignore"
                | ".editorconfig"
                | ".golangci.yml"
                | "rust-toolchain.toml"
                | "rust-toolchain"
        ) || name.starts_with("Dockerfile")
            || name.starts_with("docker-compose")
            || path.starts_with(".git")
            || is_of_java_build(path)
    };
    let others = crate::context::sources(subject.context, |path| !aside(path));
    let sources = crate::context::sources(subject.context, |path| path.ends_with(".go") || path.ends_with(".rs"));
    others.is_empty()
        && sources
            .iter()
            .filter_map(|path| subject.context.read(path).ok())
            .all(|text| !reads_files.iter().any(|call| text.contains(call)))
}
