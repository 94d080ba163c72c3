//! What stands between a COPY and the install that it is to follow.

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Scope, User, is_within};
use crate::syntax::{Instruction, Keyword, Node};

use super::plan::Site;
use super::{commands, gone};
use crate::effects::image_files::{Copy, View, inside};
use crate::effects::installs::folders;

/// The way of a COPY: up to and past the first commands of a RUN.
pub(super) struct Way<'w> {
    pub(super) site: &'w Site<'w>,
    /// The commands of the RUN that were looked at before.
    pub(super) installs: &'w [usize],
    /// How many commands of the RUN come before the COPY.
    pub(super) commands: usize,
}

/// What is between a COPY and an install does, beside being independent.
#[derive(Clone, Debug, Default)]
pub(super) struct Effects {
    /// Whether it makes folders in the destination, which a COPY made until now.
    pub(super) makes_folders: bool,
    /// The folders of the destination that it enters, as `cd` does: they must be there.
    pub(super) enters: Vec<String>,
}

impl Effects {
    pub(super) fn and(mut self, other: Effects) -> Effects {
        self.makes_folders |= other.makes_folders;
        self.enters.extend(other.enters);
        self
    }
}

/// What keeps a COPY where it is.
pub(super) struct Obstruction {
    /// The command of the RUN itself, if it is one.
    pub(super) command: Option<usize>,
    pub(super) obstacle: Obstacle,
}

impl From<Obstacle> for Obstruction {
    fn from(obstacle: Obstacle) -> Self {
        Obstruction {
            command: None,
            obstacle,
        }
    }
}

const BY_HAND: &str = "copy what the install reads in a COPY of its own, before the install";

/// Whether `copy` may go its way. The copies `moved` go before it.
pub(super) fn may_move(way: &Way<'_>, copy: &Copy, moved: &[usize]) -> Result<Effects, Obstruction> {
    let Site {
        file,
        facts,
        index,
        run,
        view,
        ..
    } = *way.site;
    let destinations = copy.places(view.context);
    let workdir = facts.scope(index).and_then(|scope| scope.workdir.as_deref());
    for destination in &destinations {
        folders::is_project(destination, workdir)?;
    }
    let mut effects = Effects::default();
    for between in copy.index + 1..index {
        if moved.contains(&between) {
            continue;
        }
        if let Some(instruction) = file.instructions.get(between) {
            effects = effects.and(passes(way.site, copy, between, instruction, &destinations)?);
        }
    }
    match commands::independent(run, &destinations, view, way.installs, way.commands) {
        Ok(alone) => Ok(effects.and(alone)),
        Err(commands::Dependent { command, why }) => Err(Obstruction {
            command,
            obstacle: Obstacle::new(
                ObstacleKind::Entangled,
                format!("line {} {why}", file.lines_of(index)),
                "put the install into a RUN of its own",
            ),
        }),
    }
}

/// Whether `copy` may stand behind the instruction number `between`.
fn passes(
    site: &Site<'_>,
    copy: &Copy,
    between: usize,
    instruction: &Instruction,
    destinations: &[String],
) -> Result<Effects, Obstacle> {
    let Site { file, facts, view, .. } = *site;
    let refuse = |kind, found: String, remedy: &str| Err(Obstacle::new(kind, found, remedy));
    let line = file.lines_of(between);
    let node = instruction.node();
    let is_near = |path: &str| destinations.iter().any(|d| is_within(path, d) || is_within(d, path));
    let mut effects = Effects::default();
    match node.keyword {
        Keyword::Env | Keyword::Arg => {
            let text = file
                .instructions
                .get(copy.index)
                .map(Instruction::text)
                .unwrap_or_default();
            if set_by(node).iter().any(|name| uses(text, name)) {
                return refuse(
                    ObstacleKind::Order,
                    format!("line {line} sets a variable that the COPY uses"),
                    "move it above the COPY",
                );
            }
        }
        Keyword::Workdir => {
            let target = facts.scope(between + 1).and_then(|scope| scope.workdir.clone());
            let Some(target) = target else {
                return refuse(
                    ObstacleKind::UnknownPlace,
                    format!("line {line} goes to a folder that a variable names"),
                    BY_HAND,
                );
            };
            let is_root = facts.scope(between).is_some_and(|scope| scope.user == User::Root);
            // A folder made by COPY belongs to whom --chown says, one made by WORKDIR to USER. COPY sets owner and mode
            // of what it finds inside its destination, not of the destination itself.
            let makes = is_near(&target) && (copy.flags.contains("--ch") || !is_root);
            effects.makes_folders |= makes && !is_there(facts.scope(copy.index), copy);
        }
        Keyword::Volume => {
            let volumes = node.words().iter().map(|word| word.value.as_str());
            if volumes
                .into_iter()
                .any(|volume| volume.contains('$') || is_near(volume))
            {
                return refuse(
                    ObstacleKind::Order,
                    format!("line {line} makes a volume of the folder"),
                    "move the VOLUME to the end of the stage",
                );
            }
        }
        Keyword::Copy | Keyword::Add => {
            let other = view.copies.iter().find(|other| other.index == between);
            if let Some(other) = other {
                collide(view, copy, other, destinations).map_err(|()| {
                    Obstacle::new(
                        ObstacleKind::Order,
                        format!("line {line} copies something else to the same place"),
                        BY_HAND,
                    )
                })?;
            }
        }
        Keyword::Run => {
            let found = facts.run(file, between).ok_or_else(gone)?;
            let alone = commands::independent(found, destinations, view, &[], found.commands.len());
            let alone = alone.map_err(|commands::Dependent { why, .. }| {
                Obstacle::new(
                    ObstacleKind::Order,
                    format!("line {line} {why}"),
                    "move the install above it, with a COPY of the files that it reads",
                )
            })?;
            let workdir = facts.scope(between).and_then(|scope| scope.workdir.as_deref());
            let is_missing = |folder: &&String| !workdir.is_some_and(|workdir| is_within(workdir, folder));
            if let Some(folder) = alone.enters.iter().find(is_missing) {
                return refuse(
                    ObstacleKind::Order,
                    format!("line {line} runs in {folder}, which the COPY makes"),
                    "put WORKDIR with that folder before it",
                );
            }
            effects.makes_folders |= alone.makes_folders && !is_there(facts.scope(copy.index), copy);
        }
        _ => {}
    }
    Ok(effects)
}

/// Whether the destination of a COPY is a folder before it.
fn is_there(scope: Option<&Scope>, copy: &Copy) -> bool {
    let workdir = scope.and_then(|scope| scope.workdir.as_deref());
    let destination = copy.destination.as_deref();
    workdir
        .zip(destination)
        .is_some_and(|(workdir, destination)| is_within(workdir, destination))
}

/// The variables that an ENV or ARG sets.
pub(super) fn set_by(node: &Node) -> Vec<String> {
    use crate::syntax::Arguments;
    match &node.arguments {
        Arguments::Pairs { pairs, .. } => pairs.iter().map(|pair| pair.name.clone()).collect(),
        _ => {
            let words = node.words().iter();
            words
                .map(|word| word.value.split('=').next().unwrap_or_default().to_owned())
                .collect()
        }
    }
}

/// Whether `$name` or `${name…}` stands in `text`.
pub(super) fn uses(text: &str, name: &str) -> bool {
    text.split('$').skip(1).any(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.strip_prefix(name)
            .is_some_and(|end| !end.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

/// Whether `other`, which stays before the install, and `copy` bring different things to one place.
fn collide(view: &View<'_>, copy: &Copy, other: &Copy, destinations: &[String]) -> Result<(), ()> {
    let Some(target) = other.destination.as_deref() else {
        return Err(());
    };
    let is_near = destinations
        .iter()
        .any(|d| is_within(target, d) || is_within(d, target));
    if !is_near {
        return Ok(());
    }
    if other.layers.is_empty() {
        // From another stage: its place must be free.
        let path = target.trim_matches('/');
        let is_inside = destinations.iter().any(|d| is_within(target, d) && target != d);
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
