//! The text of a RUN with mounts: the flags, and what goes because it would empty or avoid them.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::edits::comments;
use crate::edits::joining::Joining;
use crate::edits::layout::Layout;
use crate::edits::removal::Gone;
use crate::facts::{Command, Execution, Facts, ManagerUse, Obstruction, ScriptBody, Word};
use crate::knowledge::{Action, Keep, Sharing};
use crate::syntax::{Dockerfile, Edit, Instruction};

use super::candidates::Candidate;
use super::chain;
use super::existing::Existing;
use super::plan::Done;
use super::target::{TOUCH, Target};

/// The options that let `used` keep what it downloads.
fn keep_options(used: &ManagerUse) -> Vec<&'static str> {
    let keeps = used.manager.keep.iter().filter(|keep| is_for(keep, used));
    keeps.flat_map(|keep| keep.options.iter().map(String::as_str)).collect()
}

fn is_for(keep: &Keep, used: &ManagerUse) -> bool {
    keep.programs.is_empty() || keep.programs.contains(&used.program)
}

/// Whether `used`, which `command` calls, keeps what it downloads without being told: its own words say so, or the file
/// has written that into the settings of the system before.
pub(super) fn keeps_already(
    facts: &Facts,
    file: &Dockerfile,
    index: usize,
    command: &Command,
    used: &ManagerUse,
) -> bool {
    let options = keep_options(used);
    let says = |option: &&str| {
        let mut words = command.words.iter();
        words.any(|word| word.text.eq_ignore_ascii_case(option))
    };
    if options.iter().filter(|option| option.len() > 2).all(says) {
        return true;
    }
    let keys: Vec<String> = options.iter().filter_map(|option| key(option)).collect();
    let earlier = facts
        .stage_of(index)
        .map(|stage| chain(facts, stage))
        .unwrap_or_default();
    let mut earlier = earlier.into_iter().take_while(|other| *other <= index);
    earlier.any(|other| {
        let names_hook = || {
            let text = file.instructions.get(other).map(Instruction::text);
            text.is_some_and(|text| text.contains("docker-clean"))
        };
        let run = facts.run(file, other);
        names_hook() || run.is_some_and(|run| run.commands.iter().any(|command| writes_setting(command, &keys)))
    })
}

/// Whether a command that installs nothing names one of the settings, as it does to write it into a file.
fn writes_setting(command: &Command, keys: &[String]) -> bool {
    let is_about = |word: &Word| {
        let text = word.text.to_lowercase();
        keys.iter().any(|key| text.contains(key.as_str()))
    };
    let installs = command
        .manager
        .as_ref()
        .is_some_and(|used| used.action != Action::Config);
    !installs && command.words.iter().any(is_about)
}

/// What a setting is called that an option sets: `Dir::Cache::Archives=keep`, `--setopt=keepcache=1`.
fn key(option: &str) -> Option<String> {
    let name = option.rsplit_once('=')?.0;
    let name = name.rsplit_once('=').map_or(name, |(_, name)| name);
    Some(name.to_lowercase())
}

/// Whether an option other than that in word `but` downloads the package lists.
fn fetches_otherwise(used: &ManagerUse, but: usize) -> bool {
    let fetching = used.manager.lists.iter().flat_map(|lists| &lists.fetched_by);
    let names: Vec<&String> = fetching.collect();
    used.options
        .iter()
        .any(|(name, _, word)| *word != but && names.contains(&name))
}

/// The edits of one RUN.
pub(super) struct Edits<'a> {
    pub(super) file: &'a Dockerfile,
    pub(super) facts: &'a Facts,
    pub(super) index: usize,
    pub(super) script: Option<&'a ScriptBody>,
    pub(super) list: Vec<Edit>,
    /// Comments that come above the instruction.
    pub(super) above: Vec<String>,
    pub(super) done: Done,
}

impl Edits<'_> {
    /// Lets a command that fills a mount use and keep it.
    pub(super) fn command(&mut self, command: &Command, mounts: &[Candidate]) {
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
                    let gone = script.source(assigned.span.start..assigned.span.end + blanks);
                    // What a command runs inherits its variables.
                    if self.list.iter().any(|edit| edit.range == gone) {
                        continue;
                    }
                    self.list.push(Edit::delete(gone));
                    let text = script.text().get(assigned.span.clone());
                    self.done.removed.push(text.unwrap_or(name).to_owned());
                }
                Obstruction::Variable { name, neutral, .. } => {
                    let set = self.set(command, script, name, neutral.unwrap_or_default());
                    self.done.overridden.push(set);
                }
            }
        }
        let is_new = |path: &str| mounts.iter().any(|mount| mount.path == path);
        let installs = matches!(used.action, Action::Install | Action::Upgrade | Action::Exec);
        let mut caches = used.caches.iter();
        let copies_with =
            caches.find_map(|cache| cache.copies_with.filter(|_| cache.path.as_deref().is_some_and(is_new)));
        if let Some((name, value)) = copies_with.filter(|_| installs && !command.switches_user) {
            let set = self.set(command, script, name, value);
            self.done.copying.push(set);
        }
        self.keep(command, used, script);
    }

    /// Sets a variable for a command, and says so in the shell's words.
    fn set(&mut self, command: &Command, script: &ScriptBody, name: &str, value: &str) -> String {
        let at = script.source(command.span.clone()).start;
        // A bare `NAME= command` looks like a slip, to ShellCheck too.
        let value = if value.is_empty() { "\"\"" } else { value };
        self.list.push(Edit::insert(at, format!("{name}={value} ")));
        format!("{name}={value}")
    }

    /// Adds the options that keep downloads.
    fn keep(&mut self, command: &Command, used: &ManagerUse, script: &ScriptBody) {
        let options = keep_options(used);
        let fills = matches!(
            used.action,
            Action::Install | Action::Upgrade | Action::Download | Action::Build
        );
        if options.is_empty() || !fills || keeps_already(self.facts, self.file, self.index, command, used) {
            return;
        }
        if let Some(word) = command.words.get(used.verb_word) {
            let at = script.source(word.span.clone()).end;
            let kept = (used.program.clone(), options.join(" "));
            self.list.push(Edit::insert(at, format!(" {}", kept.1)));
            if !self.done.kept.contains(&kept) {
                self.done.kept.push(kept);
            }
        }
    }

    /// Takes an option away, or puts another one in its place.
    fn option(&mut self, command: &Command, script: &ScriptBody, words: &Range<usize>, instead: Option<&str>) {
        let (Some(first), Some(last)) = (command.words.get(words.start), command.words.get(words.end - 1)) else {
            return;
        };
        let Some(before) = words.start.checked_sub(1).and_then(|before| command.words.get(before)) else {
            return;
        };
        let text: Vec<&str> = command
            .words
            .get(words.clone())
            .unwrap_or_default()
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        let text = text.join(" ");
        // Where another option of the command does what the new one would, the old one just goes.
        let used = command.manager.as_ref();
        let is_done = used.is_some_and(|used| fetches_otherwise(used, words.start));
        match instead.filter(|_| !is_done) {
            Some(instead) => {
                let span = script.source(first.span.start..last.span.end);
                self.list.push(Edit::replace(span, instead));
                let replaced = (text, instead.to_owned());
                if !self.done.replaced.contains(&replaced) {
                    self.done.replaced.push(replaced);
                }
            }
            None => {
                let span = script.source_behind(before.span.end..last.span.end);
                self.list.push(Edit::delete(span));
                self.done.removed.push(text);
            }
        }
    }

    /// Takes stretches of the script away, but for comments in them that speak of something else.
    pub(super) fn remove(&mut self, gone: Vec<Gone>, run: &Execution, instruction: &Instruction) {
        let managers = run.commands.iter().filter_map(|command| command.manager.as_ref());
        let packages: BTreeSet<String> = managers
            .flat_map(|used| &used.packages)
            .map(|(name, ..)| name.to_lowercase())
            .collect();
        let stretches: Vec<Range<usize>> = gone.iter().map(|gone| gone.source.clone()).collect();
        let escape = self.file.escape();
        let kept = comments::kept(instruction.text(), &stretches, escape, &|word| packages.contains(word));
        self.list.extend(kept.edits);
        self.above = kept.above;
        for Gone { source, text } in gone {
            self.list.push(Edit::delete(source));
            self.done.removed.push(text);
        }
    }

    /// Adds what existing mounts lack: the lock that their manager needs, and the user who fills them.
    pub(super) fn complete(&mut self, existing: &Existing) {
        for (candidate, mount) in &existing.covered {
            let mut fields = Vec::new();
            if candidate.sharing == Sharing::Locked && mount.field(&["sharing"]).is_none() {
                fields.push("sharing=locked".to_owned());
            }
            // At the cache itself: what else is in a folder above may belong to others.
            let is_own = mount.path.as_deref() == Some(candidate.path.as_str());
            let has_owner = mount.field(&["uid", "gid", "mode"]).is_some();
            if let (Some(owner), true, false) = (candidate.owner, is_own, has_owner) {
                fields.push(owner_fields(owner));
            }
            let at = mount.range.end..mount.range.end;
            if !fields.is_empty() && !self.list.iter().any(|edit| edit.range == at) {
                let fields = fields.join(",");
                self.list.push(Edit::insert(at.start, format!(",{fields}")));
                self.done.completed.push(fields);
            }
        }
    }

    /// Copies binaries out of a mounted build folder, and lets the others find them where they are copied to.
    pub(super) fn copy_out(
        &mut self,
        target: &Target,
        script: &ScriptBody,
        instruction: &Instruction,
    ) -> Vec<(usize, Vec<Edit>, String)> {
        let layout = Layout::of(self.file, instruction);
        let end = script.source(0..script.text().trim_end().len()).end;
        let and = layout.join(Joining::And, "", "", false);
        let build = script.source(target.build.clone()).start;
        self.list.push(Edit::insert(build, format!("{TOUCH}{and}")));
        self.list.push(Edit::insert(
            end,
            format!("{and}cp {} {}", target.sources.join(" "), target.folder),
        ));
        target.elsewhere.clone()
    }
}

/// The flags for `mounts`, in the layout of the RUN.
pub(super) fn flags(file: &Dockerfile, instruction: &Instruction, mounts: &[Candidate]) -> Vec<Edit> {
    let node = instruction.node();
    let line = Layout::of(file, instruction).new_line();
    let flags: Vec<String> = mounts.iter().map(flag).collect();
    let flags = flags.join(&line);
    let gap_start = node.flags.last().map_or(node.keyword_range.end, |last| last.range.end);
    let gap = gap_start..node.arguments_range.start;
    let breaks = instruction
        .text()
        .get(gap.clone())
        .is_some_and(|gap| gap.contains('\n'));
    let before = if node.flags.is_empty() { " " } else { line.as_str() };
    let behind = if node.heredocs.is_empty() { line.as_str() } else { " " };
    if breaks {
        vec![Edit::insert(gap.start, format!("{before}{flags}"))]
    } else {
        vec![Edit::replace(gap, format!("{before}{flags}{behind}"))]
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
    if let Some(owner) = mount.owner {
        flag.push_str(&format!(",{}", owner_fields(owner)));
    }
    flag
}

fn owner_fields((uid, gid): (u32, Option<u32>)) -> String {
    match gid {
        Some(gid) => format!("uid={uid},gid={gid}"),
        None => format!("uid={uid}"),
    }
}
