//! The text of a RUN with mounts: the flags, and what goes because it would empty or avoid them.

use std::collections::HashMap;
use std::ops::Range;

use crate::facts::{Body, Command, Execution, Facts, ManagerUse, Mount, Obstruction, ScriptBody, is_within};
use crate::knowledge::{Action, Holds, Sharing};
use crate::syntax::{Dockerfile, Edit, Instruction};

use super::candidates::{Candidate, Candidates};
use super::target::Target;
use super::{Obstacle, chain};
use crate::passes::Level;
use crate::passes::layout::Layout;
use crate::passes::removal::{Removal, may_match_above};

/// What happens to one RUN.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) edits: Vec<Edit>,
    /// Edits of other instructions, by their numbers.
    pub(super) elsewhere: Vec<(usize, Vec<Edit>)>,
    /// Level, what and why.
    pub(super) changes: Vec<(Level, String, String)>,
    /// What is not done, and why.
    pub(super) refusals: Vec<(String, Obstacle)>,
}

/// Plans the edits for the caches of RUN number `index`.
pub(super) fn plan(file: &Dockerfile, facts: &Facts, index: usize, run: &Execution, candidates: Candidates) -> Plan {
    let mut plan = Plan {
        refusals: candidates.refusals,
        ..Plan::default()
    };
    let Some(instruction) = file.instructions.get(index) else {
        return plan;
    };
    let mut mounts = candidates.mounts;
    let mut existing = Existing::default();
    existing.take(&mut mounts, run);

    let script = match &run.body {
        Body::Script(script) => Some(script),
        _ => None,
    };
    // A mount that something in the RUN would empty, or stumble over, is given up; that may free others.
    let removal = loop {
        let paths: Vec<&str> = mounts
            .iter()
            .map(|mount| mount.path.as_str())
            .chain(existing.paths())
            .collect();
        let (path, obstacle) = match cleanup(run, script, &paths) {
            Ok(removal) => break removal,
            Err(stumble) => stumble,
        };
        let Some(position) = mounts.iter().position(|mount| mount.path == path) else {
            // It is the user's own mount: leave the RUN as it is.
            if !mounts.is_empty() {
                plan.refusals.push(("add cache mounts".to_owned(), obstacle));
            }
            return plan;
        };
        let mount = mounts.remove(position);
        plan.refusals
            .push((format!("mount the cache of {}", mount.manager), obstacle));
    };

    let mut edits = Edits {
        file,
        facts,
        index,
        script,
        list: Vec::new(),
        gone: Vec::new(),
    };
    for number in numbers(&mounts, &existing) {
        if let Some(command) = run.commands.get(number) {
            edits.command(command);
        }
    }
    edits.remove(removal);
    edits.complete(&existing);
    let target = candidates.target.filter(|target| mounts.contains(&target.mount));
    if let (Some(target), Some(script)) = (&target, script) {
        plan.elsewhere = edits.copy_out(target, script, instruction);
    }
    let gone = std::mem::take(&mut edits.gone);
    plan.edits = edits.list;
    if !mounts.is_empty() {
        plan.edits.extend(flags(file, instruction, &mounts));
    }
    if !plan.edits.is_empty() {
        plan.changes = changes(&mounts, &gone, target.as_ref());
    }
    plan
}

/// The commands that fill mounts, by their numbers.
fn numbers(mounts: &[Candidate], existing: &Existing) -> Vec<usize> {
    let filled = mounts
        .iter()
        .chain(existing.covered.iter().map(|(candidate, _)| candidate));
    let mut numbers: Vec<usize> = filled.flat_map(|mount| mount.commands.iter().copied()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn changes(mounts: &[Candidate], gone: &[String], target: Option<&Target>) -> Vec<(Level, String, String)> {
    let mut changes = Vec::new();
    let mut managers: Vec<&str> = mounts
        .iter()
        .filter(|mount| mount.id.is_none())
        .map(|mount| mount.manager)
        .collect();
    managers.dedup();
    for manager in managers {
        let own = mounts
            .iter()
            .filter(|mount| mount.manager == manager && mount.id.is_none());
        let paths: Vec<&str> = own.map(|mount| mount.path.as_str()).collect();
        let what = format!("mount the cache of {manager} at {}", paths.join(" and "));
        let why = "a rebuild takes from the mount what it downloaded before, and the image does not hold it".to_owned();
        changes.push((Level::Safe, what, why));
    }
    if let Some(target) = target {
        let what = format!(
            "mount {} and copy {} out of it",
            target.mount.path,
            target.names.join(", ")
        );
        let why = "a rebuild compiles only what changed; Cargo tells that by the time stamps of the sources".to_owned();
        changes.push((Level::Standard, what, why));
    }
    if mounts.is_empty() {
        let what = "let the existing cache mount keep what it is for".to_owned();
        changes.push((Level::Safe, what, String::new()));
    }
    if let (Some((_, _, why)), false) = (changes.first_mut(), gone.is_empty()) {
        let verb = if gone.len() == 1 { "goes" } else { "go" };
        let reason = format!("{} {verb}, as a mount is empty or useless with it", gone.join(" and "));
        *why = if why.is_empty() {
            reason
        } else {
            format!("{why}; {reason}")
        };
    }
    changes
}

/// The mounts that the RUN has already.
#[derive(Default)]
struct Existing {
    /// Caches that an existing cache mount covers, with that mount.
    covered: Vec<(Candidate, Mount)>,
}

impl Existing {
    /// Takes from `mounts` what existing mounts cover. A mount within a cache, or one of another kind over it, means
    /// that the user has settled the matter.
    fn take(&mut self, mounts: &mut Vec<Candidate>, run: &Execution) {
        let mut kept = Vec::new();
        for candidate in mounts.drain(..) {
            let is_over = |mount: &&Mount| {
                mount
                    .target()
                    .is_some_and(|target| is_within(&candidate.path, &absolute(target)))
            };
            let is_inside = |mount: &Mount| {
                mount
                    .target()
                    .is_some_and(|target| is_within(&absolute(target), &candidate.path))
            };
            match run.mounts.iter().find(is_over) {
                Some(mount) if mount.kind == "cache" => self.covered.push((candidate, mount.clone())),
                Some(_) => {}
                None if run.mounts.iter().any(is_inside) => {}
                None => kept.push(candidate),
            }
        }
        *mounts = kept;
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.covered.iter().filter_map(|(_, mount)| mount.target())
    }
}

fn absolute(target: &str) -> String {
    format!("/{}", target.trim_matches('/'))
}

/// Spans of a script that go, with what stands there in words.
type Gone = Vec<(Range<usize>, String)>;

/// What in the RUN empties the folders at `paths` and can go; or the path that something stumbles over which cannot.
fn cleanup(run: &Execution, script: Option<&ScriptBody>, paths: &[&str]) -> Result<Gone, (String, Obstacle)> {
    let mut removal = Removal::default();
    let mut mount_of = HashMap::new();
    for (number, command) in run.commands.iter().enumerate() {
        let mut operands = Vec::new();
        for operand in &command.deletes {
            let Some(path) = operand.path.as_deref() else { continue };
            if let Some(mount) = paths.iter().find(|mount| is_within(path, mount)) {
                mount_of.insert(number, *mount);
                operands.push((number, operand.word));
            } else if let Some(mount) = paths.iter().find(|mount| may_match_above(path, mount)) {
                let obstacle = format!("the RUN deletes {path}, which holds the mount");
                return Err((
                    (*mount).to_owned(),
                    Obstacle::new(obstacle, "delete what is beside the cache by its own name"),
                ));
            }
        }
        if let Some(mount) = cleaned_mount(run, command, paths) {
            mount_of.insert(number, mount);
            removal.commands.push(number);
        } else if !operands.is_empty() && operands.len() == command.deletes.len() {
            removal.commands.push(number);
        } else {
            removal.words.extend(operands);
        }
    }
    let Some(first) = removal
        .commands
        .first()
        .or(removal.words.first().map(|(number, _)| number))
        .copied()
    else {
        return Ok(Vec::new());
    };
    let spans = script.map_or(Err(first), |script| removal.spans(run, script));
    spans.map_err(|number| {
        let text = run.commands.get(number).map(text_of).unwrap_or_default();
        let obstacle = format!("`{text}` would empty it in every build, and cannot just go");
        let remedy = "remove it, or join the commands of the RUN with `&&`";
        (
            mount_of.get(&number).copied().unwrap_or_default().to_owned(),
            Obstacle::new(obstacle, remedy),
        )
    })
}

/// The mount that a manager's own cleaning command empties: only where all that it cleans is in mounts.
fn cleaned_mount<'a>(run: &Execution, command: &Command, paths: &[&'a str]) -> Option<&'a str> {
    let used = command
        .manager
        .as_ref()
        .filter(|used| used.action == Action::CleanCache)?;
    let fills = run.commands.iter().filter_map(|command| command.manager.as_ref());
    let own = fills
        .filter(|other| other.manager.id == used.manager.id)
        .flat_map(|other| &other.caches);
    // Package lists are not what a cleaning command of a manager that has them cleans.
    let own = own.filter(|cache| cache.cache.holds != Holds::Lists);
    let mut mounts = own.map(|cache| {
        let path = cache.path.as_deref()?;
        paths.iter().find(|mount| is_within(path, mount)).copied()
    });
    let first = mounts.next()??;
    mounts.all(|mount| mount.is_some()).then_some(first)
}

fn text_of(command: &Command) -> String {
    command
        .words
        .iter()
        .map(|word| word.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether `used` keeps what it downloads without being told: the file has taken care of that before, or its own
/// words do.
pub(super) fn keeps_already(facts: &Facts, file: &Dockerfile, index: usize, used: &ManagerUse) -> bool {
    let options = used.manager.keep.iter().flat_map(|keep| &keep.options);
    // What tells is a setting's name (`-o NAME=value`), or a long option of its own.
    let names: Vec<&str> = options
        .filter_map(|option| match option.split_once('=') {
            Some((name, _)) => Some(name),
            None => option.starts_with("--").then_some(option.as_str()),
        })
        .collect();
    let says = |text: &str| {
        names
            .iter()
            .any(|name| text.to_lowercase().contains(&name.to_lowercase()))
    };
    let earlier = facts
        .stage_of(index)
        .map(|stage| chain(facts, stage))
        .unwrap_or_default();
    let mut texts = earlier
        .into_iter()
        .take_while(|other| *other <= index)
        .filter_map(|other| file.instructions.get(other));
    texts.any(|instruction| {
        let text = instruction.text();
        text.contains("docker-clean") || text.contains("keep-cache") || text.contains("keepcache=") || says(text)
    })
}

/// Whether an option other than that in word `but` downloads the package lists.
fn fetches_otherwise(used: &ManagerUse, but: usize) -> bool {
    let fetching = used.manager.lists.iter().flat_map(|lists| &lists.fetched_by);
    let names: Vec<&String> = fetching.collect();
    used.options
        .iter()
        .any(|(name, _, word)| *word != but && names.contains(&name))
}

struct Edits<'a> {
    file: &'a Dockerfile,
    facts: &'a Facts,
    index: usize,
    script: Option<&'a ScriptBody>,
    list: Vec<Edit>,
    /// What was taken away, in words.
    gone: Vec<String>,
}

impl Edits<'_> {
    /// Lets a command that fills a mount use and keep it.
    fn command(&mut self, command: &Command) {
        let (Some(used), Some(script)) = (&command.manager, self.script) else {
            return;
        };
        if !command.editable {
            return;
        }
        for obstruction in &used.contradictions {
            match obstruction {
                Obstruction::Option { words, instead, .. } => self.option(command, script, words, *instead),
                Obstruction::Variable {
                    name,
                    assignment: Some(assignment),
                    ..
                } => {
                    let Some(assigned) = command.assignments.get(*assignment) else {
                        continue;
                    };
                    let text = script.text();
                    let rest = text.get(assigned.span.end..).unwrap_or_default();
                    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                    self.list.push(Edit::delete(
                        script.source(assigned.span.start..assigned.span.end + blanks),
                    ));
                    self.gone.push(format!("`{name}`"));
                }
                Obstruction::Variable { name, neutral, .. } => {
                    let at = script.source(command.span.clone()).start;
                    self.list
                        .push(Edit::insert(at, format!("{name}={} ", neutral.unwrap_or_default())));
                }
            }
        }
        let keeps = used
            .manager
            .keep
            .iter()
            .filter(|keep| keep.programs.is_empty() || keep.programs.contains(&used.program));
        let options: Vec<&str> = keeps.flat_map(|keep| keep.options.iter().map(String::as_str)).collect();
        let fills = matches!(
            used.action,
            Action::Install | Action::Upgrade | Action::Download | Action::Build
        );
        if options.is_empty() || !fills || keeps_already(self.facts, self.file, self.index, used) {
            return;
        }
        if let Some(word) = command.words.get(used.verb_word) {
            let at = script.source(word.span.clone()).end;
            self.list.push(Edit::insert(at, format!(" {}", options.join(" "))));
        }
    }

    fn option(&mut self, command: &Command, script: &ScriptBody, words: &Range<usize>, instead: Option<&str>) {
        let (Some(first), Some(last)) = (command.words.get(words.start), command.words.get(words.end - 1)) else {
            return;
        };
        let Some(before) = words.start.checked_sub(1).and_then(|before| command.words.get(before)) else {
            return;
        };
        match instead {
            // Another option of the command does what this one would.
            Some(_)
                if command
                    .manager
                    .as_ref()
                    .is_some_and(|used| fetches_otherwise(used, words.start)) =>
            {
                self.list
                    .push(Edit::delete(script.source(before.span.end..last.span.end)));
            }
            Some(instead) => self
                .list
                .push(Edit::replace(script.source(first.span.start..last.span.end), instead)),
            None => self
                .list
                .push(Edit::delete(script.source(before.span.end..last.span.end))),
        }
        self.gone.push(format!("`{}`", first.text));
    }

    fn remove(&mut self, gone: Gone) {
        let Some(script) = self.script else { return };
        for (span, text) in gone {
            self.list.push(Edit::delete(script.source(span)));
            self.gone.push(format!("`{text}`"));
        }
    }

    /// Adds what existing mounts lack: the lock that their manager needs.
    fn complete(&mut self, existing: &Existing) {
        for (candidate, mount) in &existing.covered {
            let lacks = candidate.sharing == Sharing::Locked && mount.field(&["sharing"]).is_none();
            let already = self
                .list
                .iter()
                .any(|edit| edit.range == (mount.range.end..mount.range.end));
            if lacks && !already {
                self.list.push(Edit::insert(mount.range.end, ",sharing=locked"));
            }
        }
    }

    /// Copies binaries out of a mounted build folder, and lets the others find them where they are copied to.
    fn copy_out(&mut self, target: &Target, script: &ScriptBody, instruction: &Instruction) -> Vec<(usize, Vec<Edit>)> {
        let layout = Layout::of(self.file, instruction);
        let end = script.source(0..script.text().trim_end().len()).end;
        let and = layout.and("", "", false);
        self.list.push(Edit::insert(
            end,
            format!("{and}cp {} {}", target.sources.join(" "), target.folder),
        ));
        target.elsewhere.clone()
    }
}

/// The flags for `mounts`, in the layout of the RUN.
fn flags(file: &Dockerfile, instruction: &Instruction, mounts: &[Candidate]) -> Vec<Edit> {
    let node = instruction.node();
    let line = Layout::of(file, instruction).new_line();
    let flags: Vec<String> = mounts.iter().map(flag).collect();
    let flags = flags.join(&line);
    if let Some(last) = node.flags.last() {
        return vec![Edit::insert(last.range.end, format!("{line}{flags}"))];
    }
    let gap = node.keyword_range.end..node.arguments_range.start;
    let breaks = instruction
        .text()
        .get(gap.clone())
        .is_some_and(|gap| gap.contains('\n'));
    if breaks {
        vec![Edit::insert(gap.start, format!(" {flags}"))]
    } else if node.heredocs.is_empty() {
        vec![Edit::replace(gap, format!(" {flags}{line}"))]
    } else {
        vec![Edit::replace(gap, format!(" {flags} "))]
    }
}

fn flag(mount: &Candidate) -> String {
    let mut flag = "--mount=type=cache".to_owned();
    if let Some(id) = &mount.id {
        flag.push_str(&format!(",id={id}"));
    }
    flag.push_str(&format!(",target={}", mount.path));
    if mount.sharing == Sharing::Locked {
        flag.push_str(",sharing=locked");
    }
    if let Some((uid, gid)) = mount.owner {
        flag.push_str(&format!(",uid={uid}"));
        if let Some(gid) = gid {
            flag.push_str(&format!(",gid={gid}"));
        }
    }
    flag
}
