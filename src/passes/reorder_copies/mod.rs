//! `reorder-copies`: installs dependencies before the sources are copied. See `docs/passes/reorder-copies.md`.

mod commands;
mod install;
#[cfg(test)]
mod tests;
pub(super) mod view;

use crate::context::Kind;
use crate::context::manifests::Files as _;
use crate::facts::{Execution, Facts, Shell, User};
use crate::knowledge::{Action, Kind as ManagerKind};
use crate::syntax::{Dockerfile, Instruction, Keyword, LineRange};

use super::{Change, Evidence, Level, Outcome, Pass, PassOptions, Refusal};
use install::Split;
use view::{Copy, View, inside, join};

/// Puts the COPY of the sources behind the installs that it stands before, and a COPY of what they read in its place.
pub struct ReorderCopies;

/// What stands in the way, and what the user can do.
type Obstacle = (String, String);

/// More moves than any file needs: a bound for faults.
const MOST_MOVES: usize = 64;

impl Pass for ReorderCopies {
    fn id(&self) -> &'static str {
        "reorder-copies"
    }

    fn level(&self) -> Level {
        Level::Safe
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/reorder-copies.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        let mut own: Option<Facts> = None;
        for _ in 0..MOST_MOVES {
            let facts = own.as_ref().unwrap_or(facts);
            let (plan, refusals) = next(file, facts, options);
            outcome.refusals = refusals;
            let Some(plan) = plan else { break };
            let Some(change) = apply(file, plan) else { break };
            outcome.changes.push(change);
            own = Some(facts.updated(file));
        }
        outcome
    }
}

/// One move.
struct Plan {
    /// The RUN that installs.
    run: usize,
    /// The copies that move behind it, in order.
    moved: Vec<usize>,
    /// The new COPY lines, and the instruction they stand before.
    lines: Vec<String>,
    at: usize,
    /// A RUN to insert before `run`, with the copies between the two, and what to leave of `run`, if less.
    split: Option<(String, Option<String>)>,
    evidence: Vec<Evidence>,
    programs: String,
}

fn lines_of(file: &Dockerfile, index: usize) -> LineRange {
    let lines = file.instructions.get(index).and_then(|instruction| instruction.lines);
    lines.unwrap_or(LineRange { first: 1, last: 1 })
}

/// The first move that is right, and for each stage the first one that is not.
fn next(file: &Dockerfile, facts: &Facts, options: &PassOptions) -> (Option<Plan>, Vec<Refusal>) {
    let mut refusals = Vec::new();
    for stage in &facts.stages {
        let mut is_declined = false;
        for run in stage.instructions.clone() {
            match attempt(file, facts, options, stage.instructions.clone(), run) {
                None => {}
                Some(Ok(plan)) => return (Some(plan), refusals),
                Some(Err((copy, (obstacle, remedy)))) if !is_declined => {
                    is_declined = true;
                    refusals.push(Refusal {
                        pass: ReorderCopies.id(),
                        lines: lines_of(file, copy).join(lines_of(file, run)),
                        what: "install the dependencies before the sources are copied".to_owned(),
                        obstacle,
                        remedy,
                    });
                }
                Some(Err(_)) => {}
            }
        }
    }
    (None, refusals)
}

type Attempt = Option<Result<Plan, (usize, Obstacle)>>;

fn attempt(
    file: &Dockerfile,
    facts: &Facts,
    options: &PassOptions,
    stage: std::ops::Range<usize>,
    index: usize,
) -> Attempt {
    let run = facts.run(file, index)?;
    let scope = facts.scope(index)?;
    let is_skipped = |index: usize| {
        facts
            .instructions
            .get(index)
            .is_some_and(|f| f.skip.applies_to("reorder-copies"))
    };
    if is_skipped(index) || !matches!(scope.shell, Shell::Posix(_)) {
        return None;
    }
    let installs: Vec<usize> = (0..run.commands.len())
        .filter(|number| is_install(run, *number))
        .collect();
    if installs.is_empty() {
        return None;
    }
    let uses = |number: &usize| run.commands.get(*number).and_then(|command| command.manager.as_ref());
    let is_language = installs
        .iter()
        .filter_map(uses)
        .any(|used| used.manager.kind == ManagerKind::Language);
    let Some(context) = options.context.as_deref() else {
        let named_all = installs.iter().filter_map(uses).all(|used| !used.packages.is_empty());
        return without_context(file, stage.start..index)
            .filter(|_| is_language && !named_all)
            .map(Err);
    };

    let copies: Vec<Copy> = (stage.start..index)
        .filter_map(|index| view::copy(file, facts, context, index))
        .collect();
    if copies.iter().all(|copy| copy.layers.is_empty()) {
        let all = without_context(file, stage.start..index).filter(|_| is_language);
        let odd = all.and_then(|(at, _)| Some((at, copies.iter().find(|copy| copy.index == at)?.oddity.clone()?)));
        return odd.map(Err);
    }
    let view = View {
        context,
        copies: &copies,
    };
    let is_deliberate = (index..stage.end)
        .filter_map(|later| view::copy(file, facts, context, later))
        .any(|later| later.is_everything());
    let is_candidate = |copy: &&Copy| {
        let brings_sources = copy
            .layers
            .iter()
            .any(|layer| layer.is_folder || is_source(&layer.from));
        brings_sources && (copy.is_everything() || !is_deliberate) && !is_skipped(copy.index)
    };
    let nearest = copies.iter().rev().find(is_candidate)?.index;
    let planned = plan(file, facts, &view, index, run, &installs, &is_candidate);
    match planned {
        Ok(plan) => plan.map(Ok),
        Err(obstacle) => is_language.then_some(Err((nearest, obstacle))),
    }
}

/// Whether a file is code that nobody copies for an install.
fn is_source(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".py", ".js", ".ts", ".tsx", ".jsx", ".go", ".rs", ".rb", ".java", ".php", ".cs", ".html",
    ];
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// Whether a command installs or downloads packages.
fn is_install(run: &Execution, number: usize) -> bool {
    let used = run.commands.get(number).and_then(|command| command.manager.as_ref());
    used.is_some_and(|used| {
        matches!(used.action, Action::Install | Action::Download | Action::Upgrade)
            || used.action == Action::Build && matches!(used.manager.id.as_str(), "go" | "dotnet" | "uv")
    })
}

/// What there is to say of a COPY of everything where no context tells what an install reads.
fn without_context(file: &Dockerfile, before: std::ops::Range<usize>) -> Option<(usize, Obstacle)> {
    let mut indexes = before;
    let index = indexes.find(|index| {
        let node = file.instructions.get(*index).map(Instruction::node);
        node.is_some_and(|node| {
            let is_copy = matches!(node.keyword, Keyword::Copy | Keyword::Add) && node.flag("from").is_none();
            is_copy
                && node
                    .words()
                    .split_last()
                    .is_some_and(|(_, sources)| sources.iter().any(|s| matches!(s.value.as_str(), "." | "./" | "/")))
        })
    })?;
    let obstacle = "without the build context nothing tells which files the install reads".to_owned();
    Some((
        index,
        (
            obstacle,
            "name the Dockerfile by its path, or its build context with --context DIR".to_owned(),
        ),
    ))
}

fn plan(
    file: &Dockerfile,
    facts: &Facts,
    view: &View<'_>,
    index: usize,
    run: &Execution,
    installs: &[usize],
    is_candidate: &dyn Fn(&&Copy) -> bool,
) -> Result<Option<Plan>, Obstacle> {
    let scope = facts.scope(index).ok_or_else(gone)?;
    let (mut files, mut writes, mut split) = (Vec::new(), Vec::new(), None);
    let mut programs: Vec<String> = Vec::new();
    for &number in installs {
        let needs = install::needs(run, number, view)?;
        files.extend(needs.files);
        writes.extend(needs.writes);
        if let Some(found) = needs.split {
            if number + 1 != run.commands.len() || split.is_some() {
                return Err((
                    "the install reads the sources, and other commands follow it in its RUN".to_owned(),
                    "put it into a RUN of its own".to_owned(),
                ));
            }
            split = Some((number, found));
        }
        if let Some(used) = run.commands.get(number).and_then(|command| command.manager.as_ref()) {
            programs.push(used.program.clone());
        }
    }
    programs.dedup();
    files.sort();
    files.dedup();
    if run
        .mounts
        .iter()
        .any(|mount| mount.kind == "bind" && mount.field(&["from"]).is_none())
    {
        return Err((
            "the install reads files of the context through a bind mount".to_owned(),
            "move the COPY of the sources behind it by hand".to_owned(),
        ));
    }

    // What is copied and not read by the install.
    let is_read = |path: &str| {
        let mut read = files.iter();
        read.any(|file| match file.strip_suffix('/') {
            Some(folder) => inside(path, folder).is_some(),
            None => file == path,
        })
    };
    let brings_more = |copy: &Copy| copy.layers.iter().any(|layer| !is_read(&layer.to));
    let mut moved: Vec<usize> = Vec::new();
    let mut makes_folders = false;
    for copy in view
        .copies
        .iter()
        .rev()
        .filter(|copy| is_candidate(copy) && brings_more(copy))
    {
        match may_move(file, facts, view, copy, index, run, installs, &moved) {
            Ok(effects) => {
                makes_folders |= effects.makes_folders;
                moved.push(copy.index);
            }
            // What brings files for the install is in its way if it stays.
            Err(obstacle)
                if copy.is_everything() || files.iter().any(|file| copy.supplies(view.context, file).is_some()) =>
            {
                return Err(obstacle);
            }
            Err(_) => {}
        }
    }
    moved.sort_unstable();
    let Some(&first) = moved.first() else { return Ok(None) };
    let is_moved = |copy: &&Copy| moved.contains(&copy.index);
    let leaving: Vec<&Copy> = view.copies.iter().filter(is_moved).collect();
    for path in &writes {
        if leaving.iter().any(|copy| copy.supplies(view.context, path).is_some()) {
            let name = path.rsplit('/').next().unwrap_or(path);
            return Err((
                format!(
                    "the build context has /{path} of the image too, which would overwrite what the install writes there"
                ),
                format!("add {name} to .dockerignore"),
            ));
        }
    }
    let folder = scope.workdir.as_deref().unwrap_or("/").trim_matches('/').to_owned();
    install::environment(scope, &folder, view)?;
    home(facts, index, &leaving, view, &files)?;

    let mut lines = Vec::new();
    for copy in &leaving {
        lines.extend(copy_lines(file, view, copy, &files, &moved)?);
    }
    let split = match split {
        None => None,
        Some((number, found)) => match split_run(file, facts, index, run, number, &found)? {
            None => return Ok(None),
            some => some,
        },
    };
    let supplies = leaving
        .iter()
        .any(|copy| files.iter().any(|file| copy.supplies(view.context, file).is_some()));
    if makes_folders && !supplies {
        return Err((
            "a folder of the destination is made before the install, which the COPY makes now".to_owned(),
            "put WORKDIR before the COPY".to_owned(),
        ));
    }
    let evidence = files.iter().take(12).map(|path| Evidence {
        place: view.supplier(path).map_or_else(|| path.clone(), |(_, from)| from),
        fact: format!("read by `{}`", programs.join("`, `")),
    });
    Ok(Some(Plan {
        run: index,
        at: if makes_folders { first } else { index },
        moved,
        lines,
        split,
        evidence: evidence.collect(),
        programs: programs.join(" and "),
    }))
}

fn gone() -> Obstacle {
    (
        "the new text is not one instruction".to_owned(),
        "move the COPY by hand".to_owned(),
    )
}

/// Whether `copy` may stand behind the RUN number `index`.
#[expect(clippy::too_many_arguments, reason = "everything that is known of one install")]
fn may_move(
    file: &Dockerfile,
    facts: &Facts,
    view: &View<'_>,
    copy: &Copy,
    index: usize,
    run: &Execution,
    installs: &[usize],
    moved: &[usize],
) -> Result<commands::Effects, Obstacle> {
    let refuse = |obstacle: String, remedy: &str| Err((obstacle, remedy.to_owned()));
    let by_hand = "copy what the install reads in a COPY of its own, before the install";
    let destination = copy.destination.clone().ok_or_else(gone)?;
    is_project_folder(&destination)?;
    let mut destinations: Vec<String> = copy.layers.iter().map(|layer| format!("/{}", layer.to)).collect();
    destinations.dedup();
    let text = file
        .instructions
        .get(copy.index)
        .map(Instruction::text)
        .unwrap_or_default();
    let owner = copy.flags.contains("--chown");
    let mut effects = commands::Effects::default();
    for between in copy.index + 1..index {
        if moved.contains(&between) {
            continue;
        }
        let Some(instruction) = file.instructions.get(between) else {
            continue;
        };
        let line = lines_of(file, between);
        let node = instruction.node();
        match node.keyword {
            Keyword::Env | Keyword::Arg if text.contains('$') => {
                return refuse(
                    format!("line {line} may set a variable that the COPY uses"),
                    "move it above the COPY",
                );
            }
            Keyword::Workdir => {
                let target = facts.scope(between + 1).and_then(|scope| scope.workdir.clone());
                let Some(target) = target else {
                    return refuse(format!("line {line} goes to a folder that a variable names"), by_hand);
                };
                let touches = destinations
                    .iter()
                    .any(|d| crate::facts::is_within(&target, d) || crate::facts::is_within(d, &target));
                let is_root = facts.scope(between).is_some_and(|scope| scope.user == User::Root);
                effects.makes_folders |= touches && (owner || !is_root);
            }
            Keyword::Volume => {
                let volumes = node.words().iter().map(|word| word.value.as_str());
                if volumes.into_iter().any(|volume| {
                    volume.contains('$')
                        || destinations
                            .iter()
                            .any(|d| crate::facts::is_within(volume, d) || crate::facts::is_within(d, volume))
                }) {
                    return refuse(
                        format!("line {line} makes a volume of the folder"),
                        "move the VOLUME to the end of the stage",
                    );
                }
            }
            Keyword::Copy | Keyword::Add => {
                let other = view.copies.iter().find(|other| other.index == between);
                if let Some(other) = other {
                    collide(view, copy, other, &destinations).map_err(|()| {
                        (
                            format!("line {line} copies something else to the same place"),
                            by_hand.to_owned(),
                        )
                    })?;
                }
            }
            Keyword::Run => {
                let found = facts.run(file, between).ok_or_else(gone)?;
                let alone = commands::independent(found, &destinations, view, &[]).map_err(|why| {
                    (
                        format!("line {line} {why}"),
                        "move the install above it, with a COPY of the files that it reads".to_owned(),
                    )
                })?;
                effects.makes_folders |= alone.makes_folders;
            }
            _ => {}
        }
    }
    let (before, after) = (facts.scope(copy.index), facts.scope(index));
    if copy.has_relative_destination() && before.map(|scope| &scope.workdir) != after.map(|scope| &scope.workdir) {
        return refuse(
            "WORKDIR changes between the COPY and the install, and the destination is relative to it".to_owned(),
            &format!("write the destination as {destination}"),
        );
    }
    let alone = commands::independent(run, &destinations, view, installs).map_err(|why| {
        (
            format!("line {} {why}", lines_of(file, index)),
            "put the install into a RUN of its own".to_owned(),
        )
    })?;
    effects.makes_folders |= alone.makes_folders;
    Ok(effects)
}

/// Whether `other`, which stays before the install, and `copy` bring different things to one place.
fn collide(view: &View<'_>, copy: &Copy, other: &Copy, destinations: &[String]) -> Result<(), ()> {
    let Some(target) = other.destination.as_deref() else {
        return Err(());
    };
    let is_near = destinations
        .iter()
        .any(|d| crate::facts::is_within(target, d) || crate::facts::is_within(d, target));
    if !is_near {
        return Ok(());
    }
    if other.layers.is_empty() {
        // From another stage: its place must be free.
        let path = target.trim_matches('/');
        let is_inside = destinations
            .iter()
            .any(|d| crate::facts::is_within(target, d) && target != d);
        let is_folder = other.destination_text.ends_with('/');
        return if is_inside && !is_folder && copy.supplies(view.context, path).is_none() {
            Ok(())
        } else {
            Err(())
        };
    }
    for layer in &other.layers {
        match copy.supplies(view.context, &layer.to) {
            Some(from) if from == layer.from && copy.flags == other.flags => {}
            None if !copy.layers.iter().any(|own| inside(&own.to, &layer.to).is_some()) => {}
            _ => return Err(()),
        }
    }
    Ok(())
}

/// Whether a folder holds a project and not the settings of the system.
fn is_project_folder(destination: &str) -> Result<(), Obstacle> {
    const PLACES: &[&str] = &[
        "usr/src",
        "usr/app",
        "usr/local/app",
        "usr/local/src",
        "usr/share/nginx/html",
        "var/www",
        "var/app",
        "var/task",
        "usr/share/app",
    ];
    let path = destination.trim_matches('/');
    let system = [
        "etc", "bin", "sbin", "lib", "lib64", "usr", "var", "dev", "proc", "sys", "run", "boot",
    ];
    let is_system = path.is_empty() || system.iter().any(|name| inside(path, name).is_some());
    if is_system && !PLACES.iter().any(|place| inside(path, place).is_some()) {
        return Err((
            format!("what is copied to {destination} may be settings that the install reads"),
            "copy the sources to a folder of their own".to_owned(),
        ));
    }
    Ok(())
}

/// Tools read settings from the home folder: nothing hidden that is not read as a file of the project may come there.
fn home(facts: &Facts, index: usize, copies: &[&Copy], view: &View<'_>, files: &[String]) -> Result<(), Obstacle> {
    const HARMLESS: &[&str] = &[
        ".git",
        ".github",
        ".gitignore",
        ".gitattributes",
        ".gitmodules",
        ".dockerignore",
        ".env",
        ".vscode",
        ".idea",
        ".editorconfig",
        ".gitlab-ci.yml",
        ".travis.yml",
        ".circleci",
        ".flake8",
        ".pylintrc",
        ".pre-commit-config.yaml",
        ".gitkeep",
        ".DS_Store",
        ".streamlit",
        ".eslintrc",
        ".eslintrc.json",
        ".eslintrc.js",
        ".prettierrc",
        ".coveragerc",
    ];
    let scope = facts.scope(index);
    let home = scope.and_then(|scope| scope.home().map(str::to_owned));
    let homes = [
        home.as_deref(),
        scope.and_then(|scope| scope.account_home()),
        Some("/root"),
    ];
    for home in homes
        .into_iter()
        .flatten()
        .map(|home| home.trim_matches('/'))
        .filter(|home| !home.is_empty())
    {
        for layer in copies
            .iter()
            .flat_map(|copy| &copy.layers)
            .filter(|layer| inside(home, &layer.to).is_some())
        {
            for name in view.list(home) {
                let path = join(home, name.trim_end_matches('/'));
                let hidden = name.starts_with('.') && !HARMLESS.contains(&name.trim_end_matches('/'));
                if layer.is_folder && hidden && !files.iter().any(|file| file.trim_end_matches('/') == path) {
                    return Err((
                        format!("/{path} comes into the home folder, where the install may read it as its settings"),
                        format!("add {name} to .dockerignore, or copy the sources to another folder"),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The COPY lines for those of `files` that `copy` brings and nothing that stays does.
fn copy_lines(
    file: &Dockerfile,
    view: &View<'_>,
    copy: &Copy,
    files: &[String],
    moved: &[usize],
) -> Result<Vec<String>, Obstacle> {
    let context = view.context;
    let base = copy
        .destination
        .as_deref()
        .ok_or_else(gone)?
        .trim_matches('/')
        .to_owned();
    let mut groups: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for path in files {
        let Some((supplier, from)) = view.supplier(path).filter(|(supplier, _)| supplier.index == copy.index) else {
            continue;
        };
        let stays = view.copies.iter().filter(|other| !moved.contains(&other.index));
        let mut same = stays.filter(|other| other.flags == supplier.flags);
        if same.any(|other| other.supplies(context, path).as_ref() == Some(&from)) {
            continue;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/@+~=".contains(c);
        if !from.chars().all(plain) {
            return Err((
                format!("the name `{from}` has characters that a COPY reads otherwise"),
                "copy it by hand, in a COPY of its own before the install".to_owned(),
            ));
        }
        let parent = from.rsplit_once('/').map_or("", |(parent, _)| parent);
        let name = from.rsplit('/').next().unwrap_or(&from);
        let is_link = context
            .list(parent)
            .iter()
            .any(|child| child.name == name && child.kind == Kind::Link);
        if is_link {
            return Err((
                format!("`{from}` is a symbolic link"),
                "copy what the install reads by hand, before the install".to_owned(),
            ));
        }
        let at = path.trim_end_matches('/');
        let (at, source) = if path.ends_with('/') {
            if from.is_empty() || at == base {
                return Err((
                    "the install reads the whole folder".to_owned(),
                    "keep what it reads in a folder of its own".to_owned(),
                ));
            }
            (at, format!("{from}/"))
        } else {
            if at.rsplit('/').next() != Some(name) {
                return Err((
                    format!("`{from}` is copied under another name"),
                    "copy it before the install, in a COPY of its own".to_owned(),
                ));
            }
            (at.rsplit_once('/').map_or("", |(parent, _)| parent), from)
        };
        let Some(rest) = inside(at, &base) else {
            return Err(gone());
        };
        groups.entry(rest.to_owned()).or_default().push(source);
    }
    let keyword = "COPY";
    let is_lower = file
        .instructions
        .get(copy.index)
        .is_some_and(|own| own.text().starts_with(|c: char| c.is_ascii_lowercase()));
    let keyword = if is_lower {
        keyword.to_lowercase()
    } else {
        keyword.to_owned()
    };
    let text = copy.destination_text.as_str();
    let lines = groups.into_iter().flat_map(|(rest, sources)| {
        // Folders lose their name, so that each has a line of its own.
        let (folders, names): (Vec<String>, Vec<String>) =
            sources.into_iter().partition(|source| source.ends_with('/'));
        let destination = match (text, rest.as_str()) {
            (".", "") if names.len() == 1 && folders.is_empty() => ".".to_owned(),
            ("." | "./", "") => "./".to_owned(),
            (".", rest) => format!("{rest}/"),
            (text, "") => format!("{}/", text.trim_end_matches('/')),
            (text, rest) => format!("{}/{rest}/", text.trim_end_matches('/')),
        };
        let mut lines = Vec::new();
        if !names.is_empty() {
            lines.push(format!("{keyword} {}{} {destination}", copy.flags, names.join(" ")));
        }
        lines.extend(
            folders
                .iter()
                .map(|folder| format!("{keyword} {}{folder} {destination}", copy.flags)),
        );
        lines
    });
    Ok(lines.collect())
}

/// The RUN that installs the dependencies alone, and what is left of the one that installs all; none where it is there
/// already.
fn split_run(
    file: &Dockerfile,
    facts: &Facts,
    index: usize,
    run: &Execution,
    number: usize,
    split: &Split,
) -> Result<Option<(String, Option<String>)>, Obstacle> {
    let instruction = file.instructions.get(index).ok_or_else(gone)?;
    let command = run.commands.get(number).ok_or_else(gone)?;
    let stage = facts.stage_of(index).ok_or_else(gone)?;
    let crate::facts::Body::Script(body) = &run.body else {
        return Err((
            "the RUN is in exec form".to_owned(),
            "write it in shell form".to_owned(),
        ));
    };
    if body.is_heredoc || body.script.and_chain().is_none() || !command.context.is_required_link() || !command.editable
    {
        return Err((
            "the install reads the sources, and its RUN is more than a chain of `&&`".to_owned(),
            "put it into a RUN of its own".to_owned(),
        ));
    }
    let words: Vec<&str> = match split {
        Split::Add(flags) => command
            .words
            .iter()
            .map(|word| word.text.as_str())
            .chain(flags.iter().map(String::as_str))
            .collect(),
        Split::Run(words) => words.iter().map(String::as_str).collect(),
    };
    let begin = facts.stages.get(stage).map_or(0, |stage| stage.instructions.start);
    let mut earlier = (begin..index)
        .filter_map(|index| facts.run(file, index))
        .flat_map(|run| &run.commands);
    let is_done = earlier.any(|other| {
        let other: Vec<&str> = other.words.iter().map(|word| word.text.as_str()).collect();
        let is_same = match split {
            Split::Add(flags) => flags.iter().any(|flag| other.contains(&flag.as_str())),
            // `dotnet restore` of another file is the user's own way to the same end.
            Split::Run(_) => other.get(1) == words.get(1),
        };
        is_same && other.first() == words.first() || words.iter().all(|word| other.contains(word))
    });
    if is_done {
        return Ok(None);
    }
    if run.commands.len() > 1 && matches!(split, Split::Run(_)) {
        return Err((
            "the build reads the sources, and other commands stand before it in its RUN".to_owned(),
            "put it into a RUN of its own".to_owned(),
        ));
    }
    let is_build = matches!(split, Split::Run(_));
    if is_build && facts.is_shipped(stage) {
        return Err((
            "a download of all modules would leave more in the image than the build does".to_owned(),
            "build in a stage of its own, and copy the result out of it".to_owned(),
        ));
    }
    let mut text = instruction.text().to_owned();
    let arguments = instruction.node().arguments_range.clone();
    let own = body.source(command.span.clone());
    match split {
        Split::Add(flags) => {
            let last = command.words.last().ok_or_else(gone)?;
            let end = body.source(last.span.clone()).end;
            text.insert_str(end, &format!(" {}", flags.join(" ")));
            // `pip install poetry && poetry install`: the first part is done once.
            let leaks = run
                .commands
                .iter()
                .take(number)
                .any(|c| matches!(c.program(), Some("cd" | "export" | "set" | "." | "source" | "umask")));
            if leaks {
                return Err((
                    "the commands before the install change what it runs in".to_owned(),
                    "put it into a RUN of its own".to_owned(),
                ));
            }
            let head = instruction.text().get(..arguments.start).unwrap_or("RUN ");
            let tail = instruction.text().get(own.start..arguments.end).unwrap_or_default();
            let rest = (number > 0).then(|| format!("{head}{tail}"));
            Ok(Some((text, rest)))
        }
        Split::Run(words) => {
            let head = instruction.text().get(..arguments.start).unwrap_or("RUN ");
            Ok(Some((format!("{head}{}", words.join(" ")), None)))
        }
    }
}

/// Makes the move.
fn apply(file: &mut Dockerfile, plan: Plan) -> Option<Change> {
    let lines = plan.moved.iter().fold(lines_of(file, plan.run), |lines, index| {
        lines.join(lines_of(file, *index))
    });
    let mut new: Vec<Instruction> = Vec::new();
    for line in &plan.lines {
        new.push(file.instruction(line.clone()).ok()?);
    }
    let split = match &plan.split {
        None => None,
        Some((first, rest)) => Some((
            file.instruction(first.clone()).ok()?,
            rest.as_ref()
                .map(|rest| file.instruction(rest.clone()))
                .transpose()
                .ok()?,
        )),
    };
    // Comments above the RUN tell of the install: they go above the COPY for it, unless they speak to a tool.
    let old = std::mem::take(&mut file.instructions);
    let mut result: Vec<Instruction> = Vec::with_capacity(old.len() + new.len() + 1);
    let mut copies: Vec<Instruction> = Vec::new();
    for (index, mut instruction) in old.into_iter().enumerate() {
        if index == plan.at && !new.is_empty() {
            let speaks = ["hadolint", "plimsoll", "check="]
                .iter()
                .any(|tool| instruction.leading.contains(tool));
            let leading = if speaks || plan.moved.contains(&index) {
                String::new()
            } else {
                std::mem::take(&mut instruction.leading)
            };
            if let Some(first) = new.first_mut() {
                first.leading = leading;
            }
            result.append(&mut new);
        }
        if plan.moved.contains(&index) {
            copies.push(instruction);
        } else if index == plan.run {
            match &split {
                None => {
                    result.push(instruction);
                    result.append(&mut copies);
                }
                Some((first, rest)) => {
                    let mut first = first.clone();
                    first.leading = std::mem::take(&mut instruction.leading);
                    result.push(first);
                    result.append(&mut copies);
                    if let Some(rest) = rest {
                        let mut rest = rest.clone();
                        rest.ending.clone_from(&instruction.ending);
                        rest.lines = instruction.lines;
                        result.push(rest);
                    } else {
                        result.push(instruction);
                    }
                }
            }
        } else {
            result.push(instruction);
        }
    }
    file.instructions = result;
    let what = match (&plan.split, plan.lines.is_empty()) {
        (Some(_), _) => format!(
            "install the dependencies of {} before the sources are copied",
            plan.programs
        ),
        (None, true) => format!("copy the sources behind {}", plan.programs),
        (None, false) => format!("copy what {} reads first, the sources behind it", plan.programs),
    };
    Some(Change {
        pass: ReorderCopies.id(),
        level: Level::Safe,
        lines,
        what,
        why: "an edit of a source file no longer runs the install again; the files in the image stay the same"
            .to_owned(),
        evidence: plan.evidence,
    })
}
