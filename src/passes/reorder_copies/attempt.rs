//! Which RUNs install, and which COPYs before them bring sources.

use std::ops::Range;

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Execution, Facts, Scope, Shell};
use crate::knowledge::{Action, Kind};
use crate::passes::PassOptions;
use crate::syntax::{Dockerfile, Instruction, Keyword};

use super::ID;
use super::plan::{Plan, Site, plan};
use crate::effects::image_files::{self as view, Copy, View};

/// The move that RUN number `index` allows; none where it is not the business of the pass; the number of the COPY and
/// what stands in its way where it is.
pub(super) fn attempt(
    file: &Dockerfile,
    facts: &Facts,
    options: &PassOptions,
    stage: Range<usize>,
    index: usize,
) -> Option<Result<Plan, (usize, Obstacle)>> {
    let run = facts.run(file, index)?;
    let scope = facts.scope(index)?;
    if facts.skips(index, ID) || !matches!(scope.shell, Shell::Posix(_)) {
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
        .any(|used| used.manager.kind == Kind::Language);
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
        may_choose_versions: !is_official(facts, index) || names_version_manager(scope),
        keeps_builds: options.cache_mounts,
    };
    // Who copies all behind the install copied those before it for a reason.
    let is_deliberate = (index..stage.end)
        .filter_map(|later| view::copy(file, facts, context, later))
        .any(|later| later.is_everything());
    let is_candidate = |copy: &&Copy| {
        let brings_sources = copy
            .layers
            .iter()
            .any(|layer| layer.is_folder || is_source(&layer.from));
        brings_sources && (copy.is_everything() || !is_deliberate) && !facts.skips(copy.index, ID)
    };
    let nearest = copies.iter().rev().find(is_candidate)?.index;
    let site = Site {
        file,
        facts,
        view: &view,
        index,
        run,
    };
    match plan(&site, &installs, &is_candidate) {
        Ok(plan) => plan.map(Ok),
        Err(obstacle) => is_language.then_some(Err((nearest, obstacle))),
    }
}

/// Whether the stage stands on an official image, which has one interpreter.
fn is_official(facts: &Facts, index: usize) -> bool {
    let mut stage = facts.stage_of(index).and_then(|stage| facts.stages.get(stage));
    while let Some(Base::Stage(base)) = stage.map(|stage| &stage.base) {
        stage = facts.stages.get(*base);
    }
    matches!(stage.map(|stage| &stage.base), Some(Base::Image(image)) if image.official_name().is_some())
}

/// Whether a variable tells of a version manager.
fn names_version_manager(scope: &Scope) -> bool {
    let managers = ["pyenv", "rbenv", "nodenv", "asdf", "mise", "volta", "nvm"];
    let tells = |text: &str| managers.iter().any(|manager| text.to_lowercase().contains(manager));
    let mut variables = scope.variables.iter();
    variables.any(|(name, variable)| tells(name) || variable.value.as_deref().is_some_and(tells))
}

/// Whether a file is code that nobody copies for an install, unlike settings that are written as code.
fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.contains(".config.") || name.starts_with('.') || matches!(name, "setup.py" | "gulpfile.js" | "Gruntfile.js")
    {
        return false;
    }
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
            || used.action == Action::Build && matches!(used.manager.id.as_str(), "go" | "dotnet" | "uv" | "cargo")
    })
}

/// What there is to say of a COPY of everything where no context tells what an install reads.
fn without_context(file: &Dockerfile, before: Range<usize>) -> Option<(usize, Obstacle)> {
    let mut indexes = before;
    let index = indexes.find(|index| {
        let node = file.instructions.get(*index).map(Instruction::node);
        node.is_some_and(|node| {
            let is_copy = matches!(node.keyword, Keyword::Copy | Keyword::Add) && node.flag("from").is_none();
            is_copy
                && node
                    .sources()
                    .iter()
                    .any(|source| matches!(source.value.as_str(), "." | "./" | "/"))
        })
    })?;
    let obstacle = Obstacle::new(
        ObstacleKind::MissingFile,
        "without the build context nothing tells which files the install reads",
        "name the Dockerfile by its path, or its build context with --context DIR",
    );
    Some((index, obstacle))
}
