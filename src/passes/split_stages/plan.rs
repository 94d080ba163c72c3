//! What goes to which stage.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::context::{ContextSource, sources};
use crate::facts::{Base, Execution, Facts, ImageReference, Shell, Stage, is_within};
use crate::knowledge::{Action, Kind, Purpose, Release, Slimmer, base_image, package_of_tool, slimmer};
use crate::syntax::{Dockerfile, Instruction, Keyword, LineRange};

use super::super::needs::Needs;
use super::super::removal::Removal;
use super::super::reorder_copies::view::{self, Copy, View};
use super::Evidence;
use super::Obstacle;
use super::crossing::{self, Crossing};
use super::outputs::{Output, Poetry, Surroundings, venvs};
use super::packages::{self, Divided, Uses};
use super::riders;
use super::work::{Work, Works};

/// A line of one of the new stages.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// An instruction as it is.
    Old(usize),
    /// An instruction with another text.
    Edited(usize, String),
    /// A new instruction. `at` is the instruction in whose place it stands.
    New { text: String, at: usize },
}

/// Two stages in the place of one.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) stage: Range<usize>,
    pub(super) builder_name: String,
    /// The stage that the builder stands on, where that isn't the image of the stage.
    pub(super) builder_on: Option<String>,
    /// The instructions that the runtime stage has from a stage that stays: their comments stand there.
    pub(super) repeated: Range<usize>,
    pub(super) builder: Vec<Line>,
    pub(super) runtime: Vec<Line>,
    /// The image of the runtime stage, where it is another one.
    pub(super) image: Option<String>,
    /// The tag that keeps the builder on the release of that image.
    pub(super) pinned: Option<String>,
    pub(super) divided: Vec<Divided>,
    /// The packages whose tools run in the image, with what says so.
    pub(super) wanted: BTreeMap<&'static str, Evidence>,
    pub(super) crossings: Vec<Crossing>,
    pub(super) evidence: Vec<Evidence>,
}

/// Everything that is known of the stage.
pub(super) struct Subject<'a> {
    pub(super) file: &'a Dockerfile,
    pub(super) facts: &'a Facts,
    pub(super) stage: &'a Stage,
    pub(super) image: &'a ImageReference,
    pub(super) release: Release,
    pub(super) context: &'a ContextSource,
    /// The instructions of the stages that it stands on, written out in it; none if it stands on an image.
    pub(super) inherited: Option<Range<usize>>,
}

impl Subject<'_> {
    pub(super) fn range(&self) -> Range<usize> {
        self.stage.instructions.clone()
    }

    /// Whether the image is of Go before 1.18.
    fn go_get_installs(&self) -> bool {
        let tag = self.image.tag.as_deref().unwrap_or_default();
        let minor = tag.strip_prefix("1.").and_then(|rest| rest.split(['.', '-']).next());
        minor
            .and_then(|minor| minor.parse::<u32>().ok())
            .is_some_and(|minor| minor < 18)
    }

    pub(super) fn keyword(&self, index: usize) -> Option<Keyword> {
        self.file.instructions.get(index).map(Instruction::keyword)
    }

    pub(super) fn text(&self, index: usize) -> &str {
        self.file
            .instructions
            .get(index)
            .map(Instruction::text)
            .unwrap_or_default()
    }

    pub(super) fn line(&self, index: usize) -> usize {
        let lines = self
            .file
            .instructions
            .get(index)
            .and_then(|instruction| instruction.lines);
        lines.map_or(0, |lines| lines.first)
    }

    /// What the COPYs of the stage before instruction number `end` bring.
    pub(super) fn copies_before(&self, end: usize) -> Vec<Copy> {
        let range = self.range().start..end.min(self.range().end);
        range
            .filter_map(|index| view::copy(self.file, self.facts, self.context, index))
            .collect()
    }

    /// The image as these COPYs make it.
    pub(super) fn view<'v>(&'v self, copies: &'v [Copy]) -> View<'v> {
        View {
            context: self.context,
            copies,
            may_choose_versions: false,
            keeps_builds: false,
        }
    }

    pub(super) fn place(&self, index: usize) -> String {
        format!("{}:{}", self.file.name, self.line(index))
    }
}

/// What a split of the last stage would gain: the packages that only builds use, and a smaller image.
pub(super) struct Gain {
    pub(super) packages: Vec<(usize, String)>,
    pub(super) smaller: Option<Slimmer>,
}

impl Gain {
    /// Looks for what a split gains; none where there is nothing.
    pub(super) fn of(file: &Dockerfile, facts: &Facts, stage: &Stage) -> Option<(Gain, ImageReference, Release)> {
        let Base::Image(image) = &stage.base else { return None };
        let release = super::release(file, stage)?;
        let range = stage.instructions.clone();
        let mut packages: Vec<(usize, String)> = Vec::new();
        for index in range.clone() {
            let Some(run) = facts.run(file, index) else { continue };
            let removed = packages::removed_again(run);
            for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
                if used.manager.kind != Kind::System || used.action != Action::Install {
                    continue;
                }
                let is_virtual = used.options.iter().any(|(name, value, _)| {
                    matches!(name.as_str(), "-t" | "--virtual") && value.as_ref().is_some_and(|v| removed.contains(v))
                });
                let stays = |name: &str| !is_virtual && !removed.iter().any(|gone| gone == name);
                let names = used.packages.iter().map(|(name, ..)| name).filter(|name| stays(name));
                packages.extend(
                    names
                        .filter(|name| packages::is_for_builds(name, &release))
                        .map(|name| (index, name.clone())),
                );
            }
        }
        let from = file.instructions.get(range.start)?;
        let is_plain = image.digest.is_none() && !from.node().words().first()?.value.contains('$');
        let smaller = slimmer(&image.repository(), image.tag.as_deref()).filter(|_| is_plain);
        let smaller = smaller.filter(|smaller| {
            matches!(
                smaller.purpose,
                Purpose::Same | Purpose::Binaries | Purpose::JavaPrograms
            )
        });
        if packages.is_empty() && smaller.is_none() {
            return None;
        }
        Some((Gain { packages, smaller }, image.clone(), release))
    }
}

/// Plans the split; none where the stage builds nothing.
pub(super) fn plan(subject: &Subject<'_>, gain: &Gain) -> Result<Option<Plan>, Obstacle> {
    let Subject { file, facts, .. } = *subject;
    let range = subject.range();
    let works = works(subject)?;
    let builds = works.iter().filter(|(_, works)| works.builds());
    let last_build = builds.map(|(index, _)| *index).next_back();
    // What builds is in stages that stand on the same one as this.
    let elsewhere =
        (subject.inherited.is_some() && super::is_runtime_stage(file, subject.stage)).then_some(range.start);
    let Some(last_build) = last_build.or(elsewhere) else {
        return match gain.packages.first() {
            None => Ok(None),
            // The user, or an earlier run, builds in another stage.
            Some(_) if super::is_runtime_stage(file, subject.stage) => Ok(None),
            Some((index, name)) => Err((
                format!(
                    "line {} installs {name}, but no step of the stage builds anything with it",
                    subject.line(*index)
                ),
                "remove it if nothing compiles at run time".to_owned(),
            )),
        };
    };
    refuse_triggers(subject)?;
    let family = subject.release.family;
    let needs = Needs::of(file, facts, subject.stage, subject.context, family);
    if let Some(evidence) = &needs.builds_at_start {
        return Err((
            format!(
                "{} {}, so that the build tools are needed at run time",
                evidence.place, evidence.fact
            ),
            "install and compile in the Dockerfile, and start the result".to_owned(),
        ));
    }
    if !needs.starts {
        return Err((
            "nothing tells what the image runs: it has neither CMD nor ENTRYPOINT, and no Compose file gives it a command".to_owned(),
            "name the program in CMD or ENTRYPOINT".to_owned(),
        ));
    }
    // Without packages to leave behind, all that is gained is a smaller image, whose tools an unknown script may miss.
    if let Some(start) = needs.unknown_start.as_ref().filter(|_| gain.packages.is_empty()) {
        return Err((
            format!("{} {}", start.place, start.fact),
            "copy the script from the build context".to_owned(),
        ));
    }
    let crossings = crossing::plan(subject, &works, &needs, gain)?;
    let uses = uses(subject, &works, &needs, last_build);
    refuse_hidden_python(subject, &works)?;
    let mut plan = Plan {
        stage: range.clone(),
        builder_name: free_name(facts),
        builder_on: None,
        repeated: 0..0,
        builder: Vec::new(),
        runtime: Vec::new(),
        image: crossings.image.clone(),
        pinned: crossings.pinned.clone(),
        divided: Vec::new(),
        wanted: BTreeMap::new(),
        crossings: crossings.list.clone(),
        evidence: Vec::new(),
    };
    let whole: Vec<(&str, usize)> = crossings
        .list
        .iter()
        .filter(|crossing| crossing.is_project)
        .map(|crossing| (crossing.path.as_str(), crossing.at))
        .collect();
    let keeps_users = builder_has_users(subject, last_build);
    for index in range.clone().skip(1) {
        let in_builder = index <= last_build;
        let Some(keyword) = subject.keyword(index) else {
            continue;
        };
        if in_builder {
            plan.builder.extend(crossings.before_in_builder(index));
        }
        plan.runtime.extend(crossings.config_before(index, range.start + 1));
        match keyword {
            Keyword::Run => {
                let run = facts.run(file, index).ok_or_else(|| opaque(subject, index))?;
                let own = works.get(&index).ok_or_else(|| opaque(subject, index))?;
                let sides = self::run(subject, index, run, own, &uses, &crossings)?;
                let covered = whole
                    .iter()
                    .any(|(folder, at)| index <= *at && riders::only_within(run, own, folder));
                let droppable = !keeps_users && riders::prepares_runtime_only(subject, index, run, &works, last_build);
                if in_builder && (own.builds() || !droppable) {
                    plan.builder.extend(sides.builder);
                }
                if !covered || own.has_packages() {
                    plan.runtime.extend(sides.runtime);
                } else {
                    plan.runtime.extend(of_folder_itself(subject, index, run, &whole)?);
                }
                plan.divided.extend(sides.divided);
                plan.runtime.extend(crossings.in_runtime(index, &plan.builder_name));
            }
            Keyword::Copy | Keyword::Add => {
                if in_builder {
                    plan.builder.push(Line::Old(index));
                }
                plan.runtime.extend(crossings.in_runtime(index, &plan.builder_name));
                let target = copied_to(subject, index);
                let comes_along = whole.iter().any(|(folder, at)| {
                    index <= *at && target.as_deref().is_some_and(|target| is_within(target, folder))
                });
                let is_installer = in_builder && brings_installer(subject, index, &works, &needs);
                let is_dead = is_installer
                    || crossings.drops_sources && is_from_context(subject, index)
                    || is_repeated(subject, index, &works)
                    || riders::is_removed(subject, index, &works);
                if !comes_along && !is_dead {
                    plan.runtime.push(Line::Old(index));
                }
            }
            Keyword::Env | Keyword::Workdir | Keyword::Shell | Keyword::User | Keyword::Arg => {
                if in_builder {
                    plan.builder.push(Line::Old(index));
                }
                if keyword != Keyword::Arg || is_used_at_run_time(subject, index, &works, last_build) {
                    plan.runtime.push(Line::Old(index));
                }
            }
            _ => plan.runtime.push(Line::Old(index)),
        }
    }
    trim(subject, &mut plan.builder);
    drop_repositories(subject, &works, &mut plan);
    let kept = plan
        .divided
        .iter()
        .filter_map(|package| Some((package, uses.at_run_time.get(package.name.as_str())?)));
    plan.evidence = kept
        .map(|(package, evidence)| Evidence {
            place: evidence.place.clone(),
            fact: format!("{}, so {} stays", evidence.fact, package.name),
        })
        .collect();
    plan.wanted = uses.at_run_time;
    let saves = plan.divided.iter().any(|package| !package.place.runtime) || gain.smaller.is_some();
    let is_whole = !plan.crossings.is_empty() || elsewhere.is_some() && plan.builder.is_empty();
    Ok((saves && is_whole).then_some(plan))
}

/// What each RUN of the stage is for.
fn works(subject: &Subject<'_>) -> Result<BTreeMap<usize, Works>, Obstacle> {
    let Subject { file, facts, .. } = *subject;
    let venvs: BTreeSet<String> = venvs(file, facts, subject.range());
    let poetry = Poetry::of(file, facts, subject.range());
    let has_workspaces = subject.context.exists("pnpm-workspace.yaml")
        || subject.context.exists("lerna.json")
        || subject
            .context
            .read("package.json")
            .is_ok_and(|text| text.contains("\"workspaces\""));
    let mut works = BTreeMap::new();
    for index in subject.range() {
        if subject.keyword(index) != Some(Keyword::Run) {
            continue;
        }
        let run = facts.run(file, index).ok_or_else(|| opaque(subject, index))?;
        if let crate::facts::Body::Opaque(why) = &run.body {
            return Err((
                format!("line {} cannot be read: {why}", subject.line(index)),
                "write it as plain commands of a shell".to_owned(),
            ));
        }
        let scope = facts.scope(index).ok_or_else(|| opaque(subject, index))?;
        let copies = subject.copies_before(index);
        let around = Surroundings {
            scope,
            venvs: &venvs,
            poetry: &poetry,
            has_workspaces,
            runs_scripts: runs_scripts(subject.context),
            is_plain_package: &crate::knowledge::is_plain_node_package,
            go_get_installs: subject.go_get_installs(),
            files: &subject.view(&copies),
        };
        let read = Works::read(run, &around);
        works.insert(
            index,
            read.map_err(|(what, remedy)| (format!("line {}: {what}", subject.line(index)), remedy))?,
        );
    }
    Ok(works)
}

/// Whether an install of npm runs scripts of the project itself, which may write anywhere in it.
fn runs_scripts(context: &ContextSource) -> bool {
    let has_script = |text: &str| {
        let manifest: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let names = ["preinstall", "install", "postinstall", "prepare", "prepublish"];
        manifest
            .get("scripts")
            .is_some_and(|scripts| names.iter().any(|name| scripts.get(name).is_some()))
    };
    let manifests = sources(context, |path| {
        path.ends_with("package.json") || path.ends_with("binding.gyp")
    });
    manifests
        .iter()
        .any(|path| path.ends_with("binding.gyp") || context.read(path).is_ok_and(|text| has_script(&text)))
}

fn opaque(subject: &Subject<'_>, index: usize) -> Obstacle {
    (
        format!("line {} cannot be read", subject.line(index)),
        "write it as plain commands of a shell".to_owned(),
    )
}

fn refuse_triggers(subject: &Subject<'_>) -> Result<(), Obstacle> {
    for index in subject.range() {
        if subject.keyword(index) == Some(Keyword::Onbuild) {
            return Err((
                format!(
                    "line {} is run by images that are built on this one",
                    subject.line(index)
                ),
                "split the stages by hand".to_owned(),
            ));
        }
        let is_posix = subject
            .facts
            .scope(index)
            .is_some_and(|scope| matches!(scope.shell, Shell::Posix(_)));
        if !is_posix && subject.keyword(index) == Some(Keyword::Run) {
            return Err((
                format!("line {} runs in a shell that is not known", subject.line(index)),
                "split the stages by hand".to_owned(),
            ));
        }
    }
    Ok(())
}

/// Refuses a stage whose Python comes with another package, of a distribution whose packages' dependencies no table has.
fn refuse_hidden_python(subject: &Subject<'_>, works: &BTreeMap<usize, Works>) -> Result<(), Obstacle> {
    if subject.release.family.is_debian_like() || subject.image.official_name() == Some("python") {
        return Ok(());
    }
    let Some(index) = made_with_python(works) else {
        return Ok(());
    };
    let runs = subject
        .range()
        .filter_map(|index| subject.facts.run(subject.file, index));
    let used = runs
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.manager.as_ref());
    let mut packages = used
        .filter(|used| used.manager.kind == Kind::System)
        .flat_map(|used| &used.packages);
    if packages.any(|(name, ..)| name == "python3") {
        return Ok(());
    }
    Err((
        format!(
            "line {} uses a Python that no package by name brings",
            subject.line(index)
        ),
        "install python3 by its name".to_owned(),
    ))
}

/// A name for the builder that no stage has.
fn free_name(facts: &Facts) -> String {
    let is_free = |name: &String| facts.stages.iter().all(|stage| stage.name.as_deref() != Some(name));
    let mut names = ["builder", "build"]
        .map(str::to_owned)
        .into_iter()
        .chain((2..).map(|n| format!("builder{n}")));
    names.find(is_free).unwrap_or_else(|| "builder".to_owned())
}

/// What the two stages use of the packages.
fn uses<'a>(subject: &'a Subject<'_>, works: &BTreeMap<usize, Works>, needs: &'a Needs, last_build: usize) -> Uses<'a> {
    let family = subject.release.family;
    let mut at_run_time: BTreeMap<&'static str, Evidence> = BTreeMap::new();
    for (tool, evidence) in &needs.tools {
        for package in called(tool)
            .into_iter()
            .filter_map(|program| package_of_tool(family, program))
        {
            at_run_time.entry(package).or_insert_with(|| evidence.clone());
        }
    }
    let mut in_builder: BTreeMap<&'static str, String> = BTreeMap::new();
    for (&index, works) in works {
        let Some(run) = subject.facts.run(subject.file, index) else {
            continue;
        };
        let is_build = works.builds();
        let programs = run.commands.iter().filter_map(|command| command.program());
        for program in programs.flat_map(called) {
            let Some(package) = package_of_tool(family, program) else {
                continue;
            };
            let place = subject.place(index);
            if is_build || index < last_build {
                in_builder
                    .entry(package)
                    .or_insert_with(|| format!("{place} runs {program}"));
            }
            // What stays in the runtime stage runs there.
            if !is_build {
                let fact = format!("runs {program}");
                at_run_time.entry(package).or_insert(Evidence { place, fact });
            }
        }
        for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
            for package in packages::behind(&used.manager.id) {
                let why = || format!("{} runs {}", subject.place(index), used.program);
                in_builder.entry(package).or_insert_with(why);
            }
        }
        if is_build
            && fetches_from_git(subject, run)
            && let Some(package) = package_of_tool(family, "git")
        {
            let why = format!("{} installs from a git repository", subject.place(index));
            in_builder.entry(package).or_insert(why);
        }
    }
    if subject.image.official_name() != Some("python")
        && let Some(index) = made_with_python(works)
        && let Some(package) = package_of_tool(family, "python3")
    {
        at_run_time.entry(package).or_insert_with(|| Evidence {
            place: subject.place(index),
            fact: "installs for the system's Python".to_owned(),
        });
    }
    if let Some(place) = names_node_tools(subject) {
        for package in ["nodejs", "npm"] {
            let fact = "names a program in node_modules/.bin".to_owned();
            at_run_time.entry(package).or_insert(Evidence {
                place: place.clone(),
                fact,
            });
        }
    }
    let repository = subject.image.repository();
    Uses {
        release: &subject.release,
        unknown_start: needs.unknown_start.as_ref(),
        is_distribution: base_image(&repository).is_some_and(|image| image.is_distribution),
        at_run_time,
        in_builder,
    }
}

/// The programs that run where `program` does: those of Node's managers are scripts.
fn called(program: &str) -> Vec<&str> {
    match program {
        "npm" | "npx" => vec![program, "node"],
        "yarn" | "pnpm" | "corepack" => vec![program, "npm", "node"],
        "pip" | "pip3" => vec![program, "python3"],
        _ => vec![program],
    }
}

/// The first RUN that makes a virtual environment or installs packages of Python.
fn made_with_python(works: &BTreeMap<usize, Works>) -> Option<usize> {
    let is_python = |output: &Output| matches!(output, Output::PythonSite | Output::PythonOwn | Output::Environment(_));
    let mut works = works.iter();
    works
        .find(|(_, works)| works.outputs().any(is_python))
        .map(|(index, _)| *index)
}

/// The first setting or source, outside of the scripts of package.json, that names a program which Node.js runs.
fn names_node_tools(subject: &Subject<'_>) -> Option<String> {
    let is_named = |text: &str| text.contains("node_modules/.bin") || text.contains("npx ");
    let setting = subject.range().find(|index| {
        matches!(
            subject.keyword(*index),
            Some(Keyword::Env | Keyword::Cmd | Keyword::Entrypoint)
        ) && is_named(subject.text(*index))
    });
    setting.map(|index| subject.place(index)).or_else(|| {
        let is_code = |path: &str| {
            let endings = [
                ".py", ".rb", ".php", ".sh", ".pl", ".ini", ".cfg", ".conf", ".yml", ".yaml", ".toml",
            ];
            endings.iter().any(|ending| path.ends_with(ending))
        };
        sources(subject.context, is_code)
            .into_iter()
            .find(|path| subject.context.read(path).is_ok_and(|text| is_named(&text)))
    })
}

/// Whether an install names a package by its git repository, on the command line or in a manifest of the context.
fn fetches_from_git(subject: &Subject<'_>, run: &Execution) -> bool {
    let by_word = run
        .commands
        .iter()
        .flat_map(|command| &command.words)
        .any(|word| word.text.contains("git+") || word.text.ends_with(".git"));
    let manifests = [
        "requirements.txt",
        "pyproject.toml",
        "Pipfile",
        "package.json",
        "go.mod",
        "Cargo.toml",
        "setup.py",
    ];
    by_word
        || sources(subject.context, |path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            manifests.contains(&name) || name.ends_with(".txt") && path.contains("require")
        })
        .iter()
        .filter_map(|path| subject.context.read(path).ok())
        .any(|text| {
            [
                "git+",
                "github:",
                "git://",
                "git = ",
                "setuptools_scm",
                "setuptools-scm",
                "hatch-vcs",
                "versioneer",
            ]
            .iter()
            .any(|sign| text.contains(sign))
        })
}

/// What becomes of a RUN.
struct Sides {
    builder: Option<Line>,
    runtime: Option<Line>,
    divided: Vec<Divided>,
}

fn run(
    subject: &Subject<'_>,
    index: usize,
    run: &Execution,
    works: &Works,
    uses: &Uses<'_>,
    crossings: &crossing::Crossings,
) -> Result<Sides, Obstacle> {
    let divided = packages::divide(index, run, works, uses).ok_or_else(|| {
        (
            format!("line {} installs packages that a variable names", subject.line(index)),
            "write their names".to_owned(),
        )
    })?;
    if works.builds() {
        riders::check(subject, index, run, works, crossings)?;
    }
    let system = |number: usize| run.commands.get(number).and_then(|command| command.manager.as_ref());
    let is_install = |number: &usize| system(*number).is_some_and(|used| used.action == Action::Install);
    let installs: Vec<usize> = (0..run.commands.len())
        .filter(|number| works.of.get(*number) == Some(&Work::Packages))
        .filter(is_install)
        .collect();
    let side = |stays: &dyn Fn(&Divided) -> bool, drops: Vec<usize>| -> Result<Option<Line>, Obstacle> {
        let mut removal = Removal {
            commands: drops,
            ..Removal::default()
        };
        let mut left = 0;
        for &install in &installs {
            let of_it: Vec<&Divided> = divided.iter().filter(|package| package.at.0 == install).collect();
            let kept = of_it.iter().filter(|package| stays(package)).count();
            if kept == 0 && !of_it.is_empty() {
                removal.commands.push(install);
            } else {
                left += 1;
                removal
                    .words
                    .extend(of_it.iter().filter(|package| !stays(package)).map(|package| package.at));
            }
        }
        if left == 0 && !installs.is_empty() {
            // Without an install, its lists and cleanup go too.
            let packages = works.of.iter().enumerate().filter(|(_, work)| **work == Work::Packages);
            removal.commands.extend(packages.map(|(number, _)| number));
        }
        removal.commands.sort_unstable();
        removal.commands.dedup();
        if removal.commands.len() == run.commands.len() {
            return Ok(None);
        }
        if removal.commands.is_empty() && removal.words.is_empty() {
            return Ok(Some(Line::Old(index)));
        }
        edited(subject, index, run, &removal).map(Some)
    };
    let removals: Vec<usize> = (0..run.commands.len())
        .filter(|number| {
            works.builds()
                && system(*number)
                    .is_some_and(|used| used.action == Action::Remove && used.manager.kind == Kind::System)
        })
        .collect();
    let in_builder = if only_cleans(run, works) {
        // What stays in the builder is in no image.
        None
    } else {
        // The builder may keep what it installs; a removal that cannot be taken away does no harm there.
        side(&|package: &Divided| package.place.builder, removals.clone())
            .or_else(|_| side(&|package: &Divided| package.place.builder, Vec::new()))?
    };
    let builds: Vec<usize> = if works.builds() {
        (0..run.commands.len())
            .filter(|number| works.of.get(*number) != Some(&Work::Packages))
            .collect()
    } else {
        Vec::new()
    };
    let drops: Vec<usize> = builds.into_iter().chain(removals).collect();
    let in_runtime = if works.builds() && installs.is_empty() {
        None
    } else {
        side(&|package: &Divided| package.place.runtime, drops)?
    };
    Ok(Sides {
        builder: in_builder,
        runtime: in_runtime,
        divided,
    })
}

/// Whether a RUN does nothing but clean up behind package managers.
fn only_cleans(run: &Execution, works: &Works) -> bool {
    let cleans = |command: &crate::facts::Command| match &command.manager {
        Some(used) => matches!(used.action, Action::CleanCache | Action::Remove),
        None => !command.deletes.is_empty(),
    };
    works.of.iter().all(|work| *work == Work::Packages) && run.commands.iter().all(cleans)
}

/// What a RUN does to a folder that crosses, rather than to the files in it: its owner and its mode do not come along.
fn of_folder_itself(
    subject: &Subject<'_>,
    index: usize,
    run: &Execution,
    whole: &[(&str, usize)],
) -> Result<Option<Line>, Obstacle> {
    let of_it = |number: &usize| {
        let command = run.commands.get(*number);
        command.is_some_and(|command| {
            whole
                .iter()
                .any(|(folder, _)| riders::is_of_folder_itself(command, folder))
        })
    };
    let (kept, others): (Vec<usize>, Vec<usize>) = (0..run.commands.len()).partition(of_it);
    let is_needed = |number: &usize| {
        let program = run.commands.get(*number).and_then(|command| command.program());
        matches!(program, Some("mkdir" | "cd"))
    };
    let removal = Removal {
        commands: others.into_iter().filter(|number| !is_needed(number)).collect(),
        ..Removal::default()
    };
    if kept.is_empty() {
        return Ok(None);
    }
    if removal.commands.is_empty() {
        return Ok(Some(Line::Old(index)));
    }
    edited(subject, index, run, &removal).map(Some)
}

fn edited(subject: &Subject<'_>, index: usize, run: &Execution, removal: &Removal) -> Result<Line, Obstacle> {
    let crate::facts::Body::Script(script) = &run.body else {
        return Err(opaque(subject, index));
    };
    let entangled = || {
        (
            format!("the commands of line {} cannot be told apart", subject.line(index)),
            "give the system's packages a RUN of their own".to_owned(),
        )
    };
    let gone = removal.gone(run, script).map_err(|_| entangled())?;
    let edits = gone
        .into_iter()
        .map(|gone| crate::syntax::Edit::delete(gone.source))
        .collect();
    let mut copy = subject.file.clone();
    copy.edit(index, edits).map_err(|_| entangled())?;
    let text = copy
        .instructions
        .get(index)
        .map(|instruction| instruction.text().to_owned());
    text.map(|text| Line::Edited(index, text)).ok_or_else(entangled)
}

/// Whether the builder runs or copies as somebody else than root.
fn builder_has_users(subject: &Subject<'_>, last_build: usize) -> bool {
    subject.range().take_while(|index| *index <= last_build).any(|index| {
        let node = subject.file.instructions.get(index).map(Instruction::node);
        node.is_some_and(|node| node.keyword == Keyword::User || node.flag("chown").is_some())
    })
}

pub(super) fn is_from_context(subject: &Subject<'_>, index: usize) -> bool {
    subject
        .file
        .instructions
        .get(index)
        .is_some_and(|instruction| instruction.node().flag("from").is_none())
}

/// Where a COPY or ADD copies to, as an absolute path.
pub(super) fn copied_to(subject: &Subject<'_>, index: usize) -> Option<String> {
    let node = subject.file.instructions.get(index)?.node();
    let last = node.words().last()?;
    if last.value.contains('$') {
        return None;
    }
    subject.facts.scope(index)?.absolute(&last.value)
}

/// Whether a COPY brings uv out of an image of its own, and nothing that stays in the runtime stage calls it.
fn brings_installer(subject: &Subject<'_>, index: usize, works: &BTreeMap<usize, Works>, needs: &Needs) -> bool {
    const TOOLS: &[&str] = &["uv", "uvx"];
    let Some(node) = subject.file.instructions.get(index).map(Instruction::node) else {
        return false;
    };
    let sources = node
        .words()
        .split_last()
        .map(|(_, sources)| sources)
        .unwrap_or_default();
    let is_tool = |path: &str| TOOLS.contains(&path.rsplit('/').next().unwrap_or(path));
    let runs_it = works.iter().filter(|(_, works)| !works.builds()).any(|(index, _)| {
        let run = subject.facts.run(subject.file, *index);
        run.is_some_and(|run| {
            run.commands
                .iter()
                .any(|command| command.program().is_some_and(|p| TOOLS.contains(&p)))
        })
    });
    node.flag("from").is_some()
        && !sources.is_empty()
        && sources.iter().all(|source| is_tool(&source.value))
        && !TOOLS.iter().any(|tool| needs.tools.contains_key(*tool))
        && !runs_it
}

/// Whether a COPY brings files that a later COPY of everything brings again, to the same place, with nothing in between
/// that stays in the runtime stage and reads them.
fn is_repeated(subject: &Subject<'_>, index: usize, works: &BTreeMap<usize, Works>) -> bool {
    let Some(own) = subject.file.instructions.get(index).map(Instruction::node) else {
        return false;
    };
    let plain = |source: &str| {
        !source.contains(['$', '/', '"', '\'']) && !source.starts_with('.')
            || source.starts_with("./") && source.matches('/').count() == 1
    };
    let own_sources = own.words().split_last().map(|(_, sources)| sources).unwrap_or_default();
    let is_folder = |source: &str| {
        subject.context.presence(source.trim_start_matches("./"))
            == crate::context::Presence::Here(crate::context::Kind::Folder)
    };
    if own.flag("from").is_some()
        || !own_sources
            .iter()
            .all(|source| plain(&source.value) && !is_folder(&source.value))
        || !own.heredocs.is_empty()
    {
        return false;
    }
    for later in index + 1..subject.range().end {
        let Some(node) = subject.file.instructions.get(later).map(Instruction::node) else {
            return false;
        };
        match node.keyword {
            Keyword::Run
                if !works
                    .get(&later)
                    .is_some_and(|works| works.builds() || works.setups().next().is_none()) =>
            {
                return false;
            }
            Keyword::User | Keyword::Volume => return false,
            Keyword::Copy | Keyword::Add if node.flag("from").is_none() => {
                let sources = node
                    .words()
                    .split_last()
                    .map(|(_, sources)| sources)
                    .unwrap_or_default();
                let is_all = matches!(sources, [only] if matches!(only.value.as_str(), "." | "./"));
                let flags = |node: &crate::syntax::Node| -> Vec<(String, Option<String>)> {
                    node.flags
                        .iter()
                        .map(|flag| (flag.name.clone(), flag.value.clone()))
                        .collect()
                };
                if is_all {
                    let to_folder = own
                        .words()
                        .last()
                        .is_some_and(|to| to.value.ends_with('/') || to.value == "." || own_sources.len() > 1)
                        || copied_to(subject, index)
                            == subject.facts.scope(index).and_then(|scope| scope.workdir.clone());
                    return to_folder
                        && flags(own) == flags(node)
                        && copied_to(subject, index).is_some()
                        && copied_to(subject, index) == copied_to(subject, later);
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether something that stays in the runtime stage may read an ARG.
fn is_used_at_run_time(subject: &Subject<'_>, index: usize, works: &BTreeMap<usize, Works>, last_build: usize) -> bool {
    if index > last_build {
        return true;
    }
    let Some(node) = subject.file.instructions.get(index).map(Instruction::node) else {
        return true;
    };
    let names: Vec<&str> = node
        .words()
        .iter()
        .map(|word| word.value.split('=').next().unwrap_or_default())
        .collect();
    (index + 1..subject.range().end).any(|later| match subject.keyword(later) {
        Some(Keyword::Run) => {
            let builds = works.get(&later).is_some_and(Works::builds);
            let sets_up = works.get(&later).is_some_and(|works| works.setups().next().is_some());
            !builds && (sets_up || names.iter().any(|name| subject.text(later).contains(name)))
        }
        Some(Keyword::Arg) => false,
        _ => names.iter().any(|name| {
            subject.text(later).contains(&format!("${name}")) || subject.text(later).contains(&format!("${{{name}"))
        }),
    })
}

/// Takes away repositories of packages of which the runtime stage installs none.
fn drop_repositories(subject: &Subject<'_>, works: &BTreeMap<usize, Works>, plan: &mut Plan) {
    let last = plan
        .divided
        .iter()
        .filter(|package| package.place.runtime)
        .map(|package| package.run)
        .max();
    plan.runtime.retain(|line| {
        let (Line::Old(index) | Line::Edited(index, _)) = line else {
            return true;
        };
        let run = subject.facts.run(subject.file, *index);
        let Some((run, own)) = run.zip(works.get(index)) else {
            return true;
        };
        last.is_some_and(|last| *index <= last) || !riders::only_adds_repositories(subject, *index, run, own)
    });
}

/// Takes away what the end of the builder does not need: settings behind its last RUN.
fn trim(subject: &Subject<'_>, builder: &mut Vec<Line>) {
    while let Some(Line::Old(index)) = builder.last() {
        if subject.keyword(*index) == Some(Keyword::Run) {
            break;
        }
        builder.pop();
    }
}

/// The lines of the stage in the file.
pub(super) fn lines(file: &Dockerfile, stage: &Range<usize>) -> LineRange {
    let mut lines = file
        .instructions
        .get(stage.clone())
        .unwrap_or_default()
        .iter()
        .filter_map(|instruction| instruction.lines);
    let first = lines.next().unwrap_or(LineRange { first: 1, last: 1 });
    lines.fold(first, LineRange::join)
}
