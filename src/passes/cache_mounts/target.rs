//! Cargo's target folder as a mount, with the binaries copied out of it in the same RUN.

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, Execution, Facts, User, is_within};
use crate::knowledge::{Action, Sharing};
use crate::syntax::{Dockerfile, Edit, Keyword};

use super::candidates::Candidate;
use super::chain;

/// Where binaries are copied to: a folder that is on PATH and that the base images leave alone.
const FOLDER: &str = "/usr/local/bin/";

/// Makes the sources newer than whatever is in the mount. Cargo goes by time stamps, and those of a context may be older
/// than what another build left: its binary would then be taken for this one's.
pub(super) const TOUCH: &str = "find . -name '*.rs' -not -path './target/*' -exec touch {} +";

/// A target folder that becomes a mount.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) mount: Candidate,
    /// The binaries, relative to the working directory where that is shorter.
    pub(super) sources: Vec<String>,
    /// The names of the binaries.
    pub(super) names: Vec<String>,
    /// Where the build stands in the script.
    pub(super) build: std::ops::Range<usize>,
    /// Where they are copied to.
    pub(super) folder: &'static str,
    /// The edits of the instructions that took them from the target folder, with what they do.
    pub(super) elsewhere: Vec<(usize, Vec<Edit>, String)>,
}

/// The target folder that RUN number `index` fills, if it can be a mount; none where it fills none or is shipped.
pub(super) fn of(facts: &Facts, file: &Dockerfile, index: usize, run: &Execution) -> Option<Result<Target, Obstacle>> {
    let stage = facts.stage_of(index)?;
    let command = run.commands.iter().find(|command| builds(command))?;
    // In an image that ships the folder, the start command may use it; only a builder's result is known by its COPYs.
    if facts.is_shipped(stage) || facts.family(stage).len() > 1 {
        return None;
    }
    let has_mount = |path: &str| {
        let mut paths = run.mounts.iter().filter_map(|mount| mount.path.as_deref());
        paths.any(|mounted| is_within(path, mounted))
    };
    let folder = command.workdir.as_deref().map(|workdir| format!("{workdir}/target"));
    if folder.as_deref().is_some_and(has_mount) {
        return None;
    }
    Some(check(facts, file, index, run, command))
}

fn builds(command: &Command) -> bool {
    command.manager.as_ref().is_some_and(|used| {
        used.manager.id == "cargo" && used.action == Action::Build && matches!(used.verb.as_str(), "build" | "b")
    })
}

/// Whether a Cargo command may write into the target folder: not one that downloads, or installs from the registry.
fn compiles(command: &Command) -> bool {
    command.manager.as_ref().is_some_and(|used| {
        let is_away = used.action == Action::Download
            || used.verb == "install" && !used.options.iter().any(|(name, ..)| name == "--path");
        used.manager.id == "cargo" && !is_away
    })
}

fn check(
    facts: &Facts,
    file: &Dockerfile,
    index: usize,
    run: &Execution,
    command: &Command,
) -> Result<Target, Obstacle> {
    let stage = facts.stage_of(index).unwrap_or_default();
    let by_hand = "add the mount and the copy by hand";
    let others = chain(facts, stage).into_iter().filter(|other| *other != index);
    let mut runs = others.filter_map(|other| Some((other, facts.run(file, other)?)));
    let is_cargo = |command: &Command| command.manager.as_ref().is_some_and(|used| used.manager.id == "cargo");
    if let Some((other, _)) = runs.find(|(_, run)| {
        run.commands
            .iter()
            .any(|command| compiles(command) || command.words.iter().any(|word| word.text.contains("target")))
    }) {
        let found = format!("line {} works with the target folder too", file.line_of(other));
        return Err(Obstacle::new(ObstacleKind::InUse, found, by_hand));
    }
    let options = command
        .manager
        .as_ref()
        .map(|used| used.options.as_slice())
        .unwrap_or_default();
    let moved = options
        .iter()
        .any(|(name, ..)| name == "--target-dir" || name == "--manifest-path");
    let scope = facts.scope(index);
    let moved = moved || scope.is_some_and(|scope| scope.variables.contains_key("CARGO_TARGET_DIR"));
    let workdir = command.workdir.as_deref().filter(|workdir| !moved && *workdir != "/");
    let Some(workdir) = workdir else {
        return Err(Obstacle::new(
            ObstacleKind::UnknownPlace,
            "nothing tells where the target folder is",
            "set WORKDIR, and let Cargo use its default",
        ));
    };
    if scope.is_none_or(|scope| scope.user != User::Root) {
        return Err(Obstacle::new(
            ObstacleKind::Unsupported,
            "it may not run as root, who may write in /usr/local/bin",
            by_hand,
        ));
    }
    let is_alone = run.commands.iter().filter(|other| is_cargo(other)).count() == 1;
    let is_plain = command.context.is_required_link() && command.editable && is_chain(run);
    if !is_alone || !is_plain || run.commands.iter().any(|other| other.program() == Some("cd")) {
        return Err(Obstacle::new(
            ObstacleKind::Entangled,
            "the RUN is more than a chain of `&&` with one `cargo build`",
            by_hand,
        ));
    }
    let path = format!("{workdir}/target");
    let taken = facts
        .stages
        .get(stage)
        .map(|stage| stage.taken.as_slice())
        .unwrap_or_default();
    let (mut sources, mut names, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
    for taken in taken {
        let Some(source) = taken.path.as_deref() else {
            return Err(Obstacle::new(
                ObstacleKind::UnknownPlace,
                "a variable hides what is copied from the stage",
                by_hand,
            ));
        };
        let absolute = format!("/{}", source.trim_matches('/'));
        if !is_within(&absolute, &path) && !is_within(&path, &absolute) {
            continue;
        }
        let name = absolute.rsplit('/').next().unwrap_or_default().to_owned();
        let is_binary =
            absolute.starts_with(&format!("{path}/")) && absolute.contains("/release/") || absolute.contains("/debug/");
        // A folder that Cargo keeps beside the binaries is no binary.
        let is_folder = matches!(
            name.as_str(),
            "release" | "debug" | "examples" | "build" | "deps" | "incremental" | ".fingerprint"
        );
        let is_file = !is_folder
            && is_binary
            && !name.contains(['*', '?', '['])
            && !absolute.ends_with("/release")
            && !source.ends_with('/');
        let node = file
            .instructions
            .get(taken.instruction)
            .map(|instruction| instruction.node());
        let word = node
            .filter(|node| node.keyword == Keyword::Copy)
            .and_then(|node| node.sources().iter().rev().find(|word| word.value == source));
        let (Some(word), true) = (word, is_file) else {
            let found = format!(
                "line {} takes more than single binaries from it",
                file.line_of(taken.instruction)
            );
            return Err(Obstacle::new(
                ObstacleKind::InUse,
                found,
                "copy the binaries by their names",
            ));
        };
        if !names.contains(&name) {
            sources.push(absolute.trim_start_matches(&format!("{workdir}/")).to_owned());
            names.push(name.clone());
        }
        elsewhere.push((
            taken.instruction,
            vec![Edit::replace(
                word.range.clone(),
                in_place_of(file, taken.instruction, &word.range, &name),
            )],
            format!("take {name} from {FOLDER}, where the build puts it"),
        ));
    }
    let Some(first) = names.first() else {
        return Err(Obstacle::new(
            ObstacleKind::UnknownPlace,
            "no COPY names a binary in it",
            "copy the binaries by their names",
        ));
    };
    let mount = Candidate {
        manager: "Cargo",
        order: 0,
        path,
        // Two builds in one folder would overwrite each other's binaries.
        sharing: Sharing::Locked,
        owner: None,
        commands: Vec::new(),
        // Projects that are built in folders of one name must not meet.
        id: Some(format!("{first}-target")),
    };
    Ok(Target {
        mount,
        sources,
        names,
        build: command.span.clone(),
        folder: FOLDER,
        elsewhere,
    })
}

/// The path of a copied-out binary, in quotes where the word that it replaces is.
fn in_place_of(file: &Dockerfile, index: usize, range: &std::ops::Range<usize>, name: &str) -> String {
    let text = file
        .instructions
        .get(index)
        .and_then(|instruction| instruction.text().get(range.clone()));
    match text.is_some_and(|text| text.starts_with('"')) {
        true => format!("\"{FOLDER}{name}\""),
        false => format!("{FOLDER}{name}"),
    }
}

fn is_chain(run: &Execution) -> bool {
    match &run.body {
        crate::facts::Body::Script(body) => body.script.and_chain().is_some() && !body.is_heredoc,
        _ => false,
    }
}
