//! One move: what goes behind a RUN, and what must stand before it.

use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Execution, Facts, ImageReference, is_within};
use crate::passes::Evidence;
use crate::syntax::{Dockerfile, Instruction, Keyword};

use super::between::{self, Effects, Way};
use super::split::{self, Runs};
use super::{gone, lines};
use crate::effects::image_files::{Copy, View, inside};
use crate::effects::installs::{self, Split, environment, folders, pyproject};

/// One move.
pub(super) struct Plan {
    /// The RUN that installs.
    pub(super) run: usize,
    /// The copies that move behind it, in order; none where a download before them is all that is new.
    pub(super) moved: Vec<usize>,
    /// Those of them that get a new text, since their destination is written relative to another folder.
    pub(super) rewritten: Vec<(usize, String)>,
    /// The new COPY lines, and the instruction they stand before.
    pub(super) lines: Vec<String>,
    pub(super) at: usize,
    /// What becomes of the RUN, if two.
    pub(super) runs: Option<Runs>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) programs: String,
}

/// A RUN that installs, and what is known of it.
pub(super) struct Site<'s> {
    pub(super) file: &'s Dockerfile,
    pub(super) facts: &'s Facts,
    pub(super) view: &'s View<'s>,
    /// The number of the RUN.
    pub(super) index: usize,
    pub(super) run: &'s Execution,
}

impl<'s> Site<'s> {
    /// The image that the stage stands on, be it through other stages; none where no image is below it.
    pub(super) fn image(&self) -> Option<&'s ImageReference> {
        let mut stage = self.facts.stages.get(self.facts.stage_of(self.index)?)?;
        loop {
            match &stage.base {
                Base::Stage(base) => stage = self.facts.stages.get(*base)?,
                Base::Image(image) => return Some(image),
                _ => return None,
            }
        }
    }
}

/// More files than anybody reads of in a report.
const MOST_EVIDENCE: usize = 12;

/// Why there is no move.
enum Blocked {
    /// A command of the RUN itself, by its number, needs the sources.
    At(usize, Obstacle),
    By(Obstacle),
}

impl From<Obstacle> for Blocked {
    fn from(obstacle: Obstacle) -> Self {
        Blocked::By(obstacle)
    }
}

/// What the installs of a RUN read and write.
#[derive(Default)]
struct Needed {
    files: Vec<String>,
    writes: Vec<String>,
    programs: Vec<String>,
    /// The command that reads the sources itself, and how the dependencies come before it.
    split: Option<(usize, Split)>,
}

/// The move that lets the commands `installs` run before the sources are copied. Where commands behind them in the RUN
/// need the sources, the RUN becomes two.
///
/// # Errors
/// What stands in the way. Where there is nothing to gain, there is no move and no error.
pub(super) fn plan(
    site: &Site<'_>,
    installs: &[usize],
    is_candidate: &dyn Fn(&&Copy) -> bool,
) -> Result<Option<Plan>, Obstacle> {
    let mut limit = site.run.commands.len();
    loop {
        match plan_up_to(site, installs, limit, is_candidate) {
            Ok(plan) => return Ok(plan),
            Err(Blocked::At(number, obstacle)) => {
                let has_installed = installs
                    .iter()
                    .any(|install| *install < number && installs::is_language(site.run, *install));
                if number >= limit || !has_installed || split::cut(site, number).is_err() {
                    return Err(obstacle);
                }
                limit = number;
            }
            Err(Blocked::By(obstacle)) => return Err(obstacle),
        }
    }
}

/// The move for the commands of the RUN before number `limit`; the others go behind the sources.
fn plan_up_to(
    site: &Site<'_>,
    installs: &[usize],
    limit: usize,
    is_candidate: &dyn Fn(&&Copy) -> bool,
) -> Result<Option<Plan>, Blocked> {
    let view = site.view;
    let Some(needed) = needed(site, installs, limit)? else {
        return Ok(None);
    };
    let files = &needed.files;
    if site
        .run
        .mounts
        .iter()
        .any(|mount| mount.kind == "bind" && mount.field(&["from"]).is_none())
    {
        return Err(Blocked::By(Obstacle::new(
            ObstacleKind::Order,
            "the install reads files of the context through a bind mount",
            "move the COPY of the sources behind it by hand",
        )));
    }

    // The commands that run before the sources are there.
    let first_commands = match &needed.split {
        None => limit,
        Some((number, Split::Add(_))) => *number,
        Some((_, _)) => 0,
    };
    if let Some((_, Split::Download(_) | Split::Install(_))) = &needed.split
        && let Some(plan) = in_front(site, &needed, is_candidate)?
    {
        return Ok(Some(plan));
    }
    let way = Way {
        site,
        installs,
        commands: first_commands,
    };
    let brings_more = |copy: &Copy| copy.layers.iter().any(|layer| !is_read(files, &layer.to));
    let mut moved: Vec<usize> = Vec::new();
    let mut effects = Effects::default();
    for copy in view
        .copies
        .iter()
        .rev()
        .filter(|copy| is_candidate(copy) && brings_more(copy))
    {
        match between::may_move(&way, copy, &moved) {
            Ok(found) => {
                effects = effects.and(found);
                moved.push(copy.index);
            }
            // What brings files for the install is in its way if it stays.
            Err(between::Obstruction { command, obstacle }) => {
                let supplies = files.iter().any(|file| copy.supplies(view.context, file).is_some());
                match command {
                    Some(number) => return Err(Blocked::At(number, obstacle)),
                    None if copy.is_everything() || supplies => return Err(Blocked::By(obstacle)),
                    None => {}
                }
            }
        }
    }
    moved.sort_unstable();
    let Some(&first) = moved.first() else { return Ok(None) };
    let leaving: Vec<&Copy> = view.copies.iter().filter(|copy| moved.contains(&copy.index)).collect();
    overwrites(&needed.writes, &leaving, view)?;
    let scope = site.facts.scope(site.index).ok_or_else(gone)?;
    environment::is_free(site.file, site.index, scope, view)?;
    folders::home(site.facts, site.index, &leaving, view, files)?;

    let runs = match &needed.split {
        None if limit < site.run.commands.len() => Some(split::cut(site, limit)?),
        None => None,
        Some((number, found)) => match split::dependencies_first(site, *number, found)? {
            None => return Ok(None),
            some => some,
        },
    };
    let supplies = leaving
        .iter()
        .any(|copy| files.iter().any(|file| copy.supplies(view.context, file).is_some()));
    let is_made = |folder: &&String| {
        let path = folder.trim_matches('/');
        let stays = view.copies.iter().filter(|copy| !moved.contains(&copy.index));
        scope
            .workdir
            .as_deref()
            .is_some_and(|workdir| is_within(workdir, folder))
            || files.iter().any(|file| inside(file, path).is_some())
            || stays
                .flat_map(|copy| &copy.layers)
                .any(|layer| inside(&layer.to, path).is_some())
    };
    if let Some(folder) = effects.enters.iter().find(|folder| !is_made(folder)) {
        return Err(Blocked::By(Obstacle::new(
            ObstacleKind::Order,
            format!("the install runs in {folder}, which the COPY makes"),
            "put WORKDIR with that folder before the COPY",
        )));
    }
    if effects.makes_folders && !supplies {
        return Err(Blocked::By(Obstacle::new(
            ObstacleKind::Order,
            "a folder of the destination is made before the install, which the COPY makes now",
            "put WORKDIR before the COPY",
        )));
    }
    let at = if effects.makes_folders { first } else { site.index };
    let (mut copy_lines, mut rewritten) = (Vec::new(), Vec::new());
    for copy in &leaving {
        copy_lines.extend(lines::of(site, copy, files, &moved, at)?);
        rewritten.extend(lines::with_absolute_destination(site, copy)?);
    }
    Ok(Some(Plan {
        run: site.index,
        at,
        moved,
        rewritten,
        lines: copy_lines,
        runs,
        evidence: evidence(&needed, view),
        programs: needed.programs.join(" and "),
    }))
}

/// The download in front of the COPY of the sources, where nothing but other copies stands between that and the build:
/// nothing has to move.
fn in_front(site: &Site<'_>, needed: &Needed, is_candidate: &dyn Fn(&&Copy) -> bool) -> Result<Option<Plan>, Obstacle> {
    let Site {
        file,
        facts,
        view,
        index,
        ..
    } = *site;
    let Some((number, split)) = &needed.split else {
        return Ok(None);
    };
    let brings_more = |copy: &&Copy| copy.layers.iter().any(|layer| !is_read(&needed.files, &layer.to));
    let sources: Vec<usize> = view
        .copies
        .iter()
        .filter(|copy| is_candidate(copy) && brings_more(copy))
        .map(|copy| copy.index)
        .collect();
    let Some(&first) = sources.first() else {
        return Ok(None);
    };
    let is_copy = |index: usize| {
        let keyword = file.instructions.get(index).map(Instruction::keyword);
        matches!(keyword, Some(Keyword::Copy | Keyword::Add))
    };
    let is_brought_behind = || {
        let staying = view
            .copies
            .iter()
            .filter(|copy| copy.index > first && !sources.contains(&copy.index));
        let supplies = |copy: &Copy| {
            needed
                .files
                .iter()
                .any(|file| copy.supplies(view.context, file).is_some())
        };
        staying.into_iter().any(supplies)
    };
    // What a COPY behind the sources brings is not there in front of them.
    if !(first..index).all(is_copy) || is_brought_behind() {
        return Ok(None);
    }
    let leaving: Vec<&Copy> = view
        .copies
        .iter()
        .filter(|copy| sources.contains(&copy.index))
        .collect();
    overwrites(&needed.writes, &leaving, view)?;
    let scope = facts.scope(index).ok_or_else(gone)?;
    environment::is_free(site.file, site.index, scope, view)?;
    folders::home(facts, index, &leaving, view, &needed.files)?;
    let Some(runs) = split::dependencies_first(site, *number, split)? else {
        return Ok(None);
    };
    let mut copy_lines = Vec::new();
    for copy in &leaving {
        copy_lines.extend(lines::of(site, copy, &needed.files, &sources, first)?);
    }
    Ok(Some(Plan {
        run: index,
        at: first,
        moved: Vec::new(),
        rewritten: Vec::new(),
        lines: copy_lines,
        runs: Some(runs),
        evidence: evidence(needed, view),
        programs: needed.programs.join(" and "),
    }))
}

/// Which file is read by what.
fn evidence(needed: &Needed, view: &View<'_>) -> Vec<Evidence> {
    let programs = needed.programs.join("`, `");
    let files = needed.files.iter().take(MOST_EVIDENCE);
    let found = files.map(|path| Evidence {
        place: view.supplier(path).map_or_else(|| path.clone(), |(_, from)| from),
        fact: format!("read by `{programs}`"),
    });
    found.collect()
}

/// What the installs before command number `limit` read; none where running them first gains nothing.
fn needed(site: &Site<'_>, installs: &[usize], limit: usize) -> Result<Option<Needed>, Blocked> {
    let mut needed = Needed::default();
    for &number in installs.iter().filter(|number| **number < limit) {
        let needs = if split::is_prepared(site, number) {
            installs::Needs::pointless()
        } else {
            installs::needs(site.run, number, site.view).map_err(|obstacle| Blocked::At(number, obstacle))?
        };
        if let Some(used) = site
            .run
            .commands
            .get(number)
            .and_then(|command| command.manager.as_ref())
        {
            needed.programs.push(used.program.clone());
        }
        match needs.split {
            Some(Split::Pointless) if needed.programs.len() == 1 => return Ok(None),
            Some(Split::Pointless) => return Err(Blocked::At(number, gone())),
            Some(Split::Download(words))
                if words.first().is_some_and(|word| word == "go") && !split::knows_modules(site) =>
            {
                return Ok(None);
            }
            Some(Split::Install(_)) if !site.image().is_some_and(|image| pyproject::can_read(image, site.view)) => {
                return Err(Blocked::At(
                    number,
                    Obstacle::new(
                        ObstacleKind::Unsupported,
                        "pip has no command for the dependencies alone, and before 3.11 Python does not read \
                         pyproject.toml by itself",
                        "list the dependencies in a requirements.txt, and install that before the project",
                    ),
                ));
            }
            Some(split @ (Split::Download(_) | Split::Install(_))) => {
                // The RUN as it is stays behind the sources: only the new one reads before them.
                needed = Needed {
                    files: needs.files,
                    writes: needs.writes,
                    programs: needed.programs,
                    split: Some((number, split)),
                };
                break;
            }
            split => {
                needed.files.extend(needs.files);
                needed.writes.extend(needs.writes);
                if let Some(split) = split {
                    needed.split = Some((number, split));
                    break;
                }
            }
        }
    }
    needed.programs.dedup();
    needed.files.sort();
    needed.files.dedup();
    Ok(Some(needed))
}

/// Whether the install reads `path`, alone or with its folder.
fn is_read(files: &[String], path: &str) -> bool {
    files.iter().any(|file| match file.strip_suffix('/') {
        Some(folder) => inside(path, folder).is_some(),
        None => file == path,
    })
}

/// Whether the copies would overwrite what the install wrote.
fn overwrites(writes: &[String], leaving: &[&Copy], view: &View<'_>) -> Result<(), Obstacle> {
    let is_brought = |path: &&String| leaving.iter().any(|copy| copy.supplies(view.context, path).is_some());
    let Some(path) = writes.iter().find(is_brought) else {
        return Ok(());
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    Err(Obstacle::new(
        ObstacleKind::Order,
        format!("the build context has /{path} of the image too, which would overwrite what the install writes there"),
        format!("add {name} to .dockerignore"),
    ))
}
