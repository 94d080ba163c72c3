//! A deletion that was added takes caches alone that nothing works on, or a single file that its own RUN wrote and has used; an added
//! command that cleans is one of the manager's table, called as the manager was.

use crate::effects::{AbsolutePath, Place};
use crate::facts::{Command, ManagerUse};
use crate::knowledge::{Action, Holds};

use super::flow::Flow;
use super::identity::Act;
use super::model::{Item, StageModel, Version};
use super::throwaway::{is_forced, is_throwaway};
use super::{Kind, Pair, Violation, named};

/// Checks every deletion and every cleaning command of the result that the original does not have.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (number, stage) in pair.after.stages.iter().enumerate() {
        for (at, item) in stage.items.iter().enumerate() {
            let Some(command) = pair.after.command(item) else {
                continue;
            };
            let site = Site {
                before: pair.before,
                version: pair.after,
                stage: (number, stage),
                at,
                item,
                command,
            };
            let why = if cleans(command).is_some() {
                is_new_call(pair.before, command).then(|| site.wrong_call()).flatten()
            } else if is_new_deletion(pair.before, item) {
                site.wrong_deletion()
            } else {
                None
            };
            found.extend(why.map(|why| site.violation(&why)));
        }
    }
    found.dedup_by(|a, b| a.what == b.what);
    found
}

/// What a command does with the manager whose cache it cleans.
fn cleans(command: &Command) -> Option<&ManagerUse> {
    command
        .manager
        .as_ref()
        .filter(|used| used.action == Action::CleanCache)
}

fn texts(command: &Command) -> Vec<&str> {
    command.words.iter().map(|word| word.text.as_str()).collect()
}

fn is_new_call(before: &Version<'_>, command: &Command) -> bool {
    let mut items = before.stages.iter().flat_map(|stage| &stage.items);
    !items.any(|item| before.command(item).is_some_and(|known| texts(known) == texts(command)))
}

/// Whether no step of the original deletes the same. What cleans caches is the same step whatever it names.
fn is_new_deletion(before: &Version<'_>, item: &Item) -> bool {
    let deletes = |other: &Item| other.act != Act::Nothing || other.effects().deletes == item.effects().deletes;
    let mut items = before.stages.iter().flat_map(|stage| &stage.items);
    !item.effects().deletes.is_empty() && !items.any(|other| other.act == item.act && deletes(other))
}

/// An added command.
struct Site<'s, 'a> {
    before: &'s Version<'a>,
    version: &'s Version<'a>,
    /// The stage that has it, and its number.
    stage: (usize, &'s StageModel),
    /// Its number among the items.
    at: usize,
    item: &'s Item,
    command: &'s Command,
}

impl<'s> Site<'s, '_> {
    fn violation(&self, why: &str) -> Violation {
        Violation {
            kind: Kind::AddedStep,
            line: self.version.line(self.item),
            what: format!("a step that would be added {why}"),
            remedy: "leave it out".to_owned(),
        }
    }

    /// The items before it in its RUN, with their commands.
    fn earlier(&self) -> impl DoubleEndedIterator<Item = (&'s Item, &'s Command)> {
        let version = self.version;
        let items = self.stage.1.items.get(..self.at).unwrap_or_default().iter();
        let own = items.filter(|item| item.step.instruction == self.item.step.instruction);
        own.filter_map(move |item| Some((item, version.command(item)?)))
    }

    /// What is wrong with a command that cleans.
    fn wrong_call(&self) -> Option<String> {
        let used = cleans(self.command)?;
        let callers: Vec<(&Item, &Command)> = self.earlier().filter(|(_, other)| calls(other, used)).collect();
        let Some((caller, command)) = callers
            .iter()
            .rev()
            .find(|(_, other)| self.is_called_alike(other, used))
        else {
            return Some(format!("calls {} otherwise than the RUN does", used.program));
        };
        if !Flow::of(command).is_certain() {
            return Some(format!("calls {}, which may not be there in every build", used.program));
        }
        let is_after = |other: &Item| {
            self.stage
                .1
                .items
                .iter()
                .skip_while(|item| !std::ptr::eq(*item, *caller))
                .any(|item| std::ptr::eq(item, other))
        };
        let mut removals = self.earlier().filter(|(item, other)| is_after(item) && removes(other));
        if removals.next().is_some() {
            return Some(format!("calls {}, which the RUN may have removed", used.program));
        }
        (!self.is_of_table(used)).then(|| format!("cleans in a way that {} is not known to have", used.manager.name))
    }

    /// Whether another command calls a manager by the same words as this one, or by a program that stands for one of its verbs.
    fn is_called_alike(&self, other: &Command, used: &ManagerUse) -> bool {
        let stands_for_verb = |used: &ManagerUse| used.manager.implied.contains_key(&used.program);
        let implied = other.manager.as_ref().is_some_and(stands_for_verb);
        implied
            || called(other) == called(self.command)
                && other.wrappers == self.command.wrappers
                && used.inner_at.is_none()
    }

    /// Whether the command is one of the table of a manager that its RUN calls.
    fn is_of_table(&self, used: &ManagerUse) -> bool {
        let text = texts(self.command).join(" ");
        let program = called(self.command).unwrap_or_default();
        let mut commands = used.manager.clean.commands.iter();
        commands.any(|command| command.replace("{program}", &program) == text)
    }

    /// What is wrong with a deletion.
    fn wrong_deletion(&self) -> Option<String> {
        if self.is_by_table() {
            return None;
        }
        let deleted = &self.item.effects().deletes;
        deleted
            .iter()
            .find_map(|place| match is_throwaway(place) || self.is_cache(place) {
                true => self.used_cache(place).or_else(|| self.read_later(place)),
                false => self.wrong_file(place).or_else(|| self.read_later(place)),
            })
    }

    /// Whether it is a command by which a manager of its RUN cleans, with a path that only the manager knows.
    fn is_by_table(&self) -> bool {
        let text = texts(self.command).join(" ");
        let is_unknown = self.command.deletes.iter().any(|operand| operand.path.is_none());
        let is_it = |command: &Command| {
            let program = called(command).unwrap_or_default();
            let used = command.manager.as_ref();
            let commands = used
                .map(|used| used.manager.clean.commands.as_slice())
                .unwrap_or_default();
            commands
                .iter()
                .any(|known| known.replace("{program}", &program) == text)
        };
        is_unknown && self.earlier().any(|(_, command)| is_it(command))
    }

    /// Whether a place is in a cache that the RUN fills, wherever a variable puts it.
    fn is_cache(&self, place: &Place) -> bool {
        let used = self.earlier().filter_map(|(_, command)| command.manager.as_ref());
        let paths = used
            .flat_map(|used| &used.caches)
            .filter_map(|cache| cache.path.as_deref());
        let mut folders = paths.filter_map(|path| AbsolutePath::of(path, None));
        place
            .path()
            .is_some_and(|path| folders.any(|folder| path.is_within(&folder)))
    }

    /// Whether a cache holds what later steps, or what was installed, work with.
    fn used_cache(&self, place: &Place) -> Option<String> {
        let items = self.stage.1.items.iter();
        let commands = items.filter_map(|item| self.version.command(item));
        let managers: Vec<&ManagerUse> = commands.filter_map(|command| command.manager.as_ref()).collect();
        let is_it = |cache: &&crate::facts::CacheUse| {
            let path = cache.path.as_deref().and_then(|path| AbsolutePath::of(path, None));
            path.is_some_and(|path| place.meets(&Place::of_pattern(path)))
        };
        for used in managers {
            for cache in used.caches.iter().filter(is_it) {
                if cache.cache.holds == Holds::Store || cache.linked == Some(true) {
                    return Some(format!("deletes {place}, on which what {} left stands", used.program));
                }
                let index = self.item.step.instruction;
                let is_lists = cache.cache.holds == Holds::Lists && self.is_in_known_run();
                let later = || {
                    self.version
                        .facts
                        .lists_needed_after(self.version.file, index, used.manager)
                };
                if let Some(later) = is_lists.then(later).flatten() {
                    let line = self.version.file.line_of(later);
                    return Some(format!("deletes package lists that line {line} may install from"));
                }
            }
        }
        None
    }

    /// Whether the RUN installs something that the original installs, too: the lists of one that was added are nothing to others.
    fn is_in_known_run(&self) -> bool {
        let known = self.before.stages.iter().flat_map(|stage| stage.installed(usize::MAX));
        let known: Vec<&str> = known.collect();
        let mut installed = self.earlier().flat_map(|(item, _)| item.act.installed());
        installed.any(|package| known.contains(&package.name.as_str()))
    }

    /// What is wrong with the deletion of something that is no cache.
    fn wrong_file(&self, place: &Place) -> Option<String> {
        let path = match place {
            Place::Exactly(path) | Place::Under(path) => path,
            _ => return Some(format!("deletes {place}")),
        };
        let exactly = Place::Exactly(path.clone());
        let mut earlier = self.earlier().rev();
        let Some((writer, command)) = earlier.find(|(item, _)| item.effects().writes.contains(&exactly)) else {
            return Some(format!(
                "deletes {path}, of which it is not known that its RUN wrote it"
            ));
        };
        if !Flow::of(command).is_certain() && !is_forced(self.command) {
            return Some(format!("deletes {path}, which may not be there"));
        }
        let since = self
            .earlier()
            .skip_while(|(item, _)| !std::ptr::eq(*item, writer))
            .skip(1);
        let mut readers = since.filter(|(item, _)| item.effects().reads.iter().any(|read| read.meets(&exactly)));
        if readers.next().is_none() {
            return Some(format!("deletes {path}, which nothing has used"));
        }
        let names = named::paths(self.version, self.stage.0);
        let is_named = names.iter().any(|named| named.path == *path);
        is_named.then(|| format!("deletes {path}, which the image names"))
    }

    /// A later step, here or in a stage that stands on this one, that reads what is deleted.
    fn read_later(&self, place: &Place) -> Option<String> {
        let is_it = |item: &Item| {
            item.step.instruction == self.item.step.instruction && item.step.command == self.item.step.command
        };
        let later = |stage: &'s StageModel| {
            let own = stage.items.iter().position(is_it);
            own.map(|own| stage.items.get(own + 1..).unwrap_or_default())
        };
        let stages = self.version.stages.iter();
        let mut items = stages.filter_map(later).flatten();
        let reader = items.find(|item| self.reads(item, place))?;
        Some(format!(
            "deletes {place}, which line {} reads",
            self.version.line(reader)
        ))
    }

    fn reads(&self, item: &Item, place: &Place) -> bool {
        let command = self.version.command(item);
        let is_free = |command: &Command| {
            command.manager.is_some() || command.has_tag("asks") || !command.deletes.is_empty() && is_forced(command)
        };
        let effects = item.effects();
        let mut required = effects.requires.iter();
        let is_in = |path: &AbsolutePath| place.covers(&Place::Exactly(path.clone()));
        let mut read = effects.reads.iter().filter(|read| **read != Place::Anywhere);
        !command.is_some_and(is_free) && (required.any(is_in) || read.any(|read| read.path().is_some_and(is_in)))
    }
}

/// Whether a command calls the manager.
fn calls(command: &Command, used: &ManagerUse) -> bool {
    command
        .manager
        .as_ref()
        .is_some_and(|other| other.manager.id == used.manager.id)
}

fn removes(command: &Command) -> bool {
    command
        .manager
        .as_ref()
        .is_some_and(|used| used.action == Action::Remove)
}

/// The words by which a command calls its manager: `/opt/conda/bin/conda`, `python3 -m pip`.
fn called(command: &Command) -> Option<String> {
    let used = command.manager.as_ref()?;
    let is_program = |word: &crate::facts::Word| {
        let value = word.value.as_deref();
        value.is_some_and(|value| value.rsplit('/').next() == Some(used.program.as_str()))
    };
    let end = command.words.iter().position(is_program)?;
    Some(texts(command).get(..=end)?.join(" "))
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    const APT: &str = "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y curl\n";

    /// The file with a command at the end of its first RUN.
    fn with(before: &str, command: &str) -> String {
        let (first, rest) = before.split_once("\nRUN ").unwrap();
        let (run, rest) = rest.split_once('\n').unwrap();
        format!("{first}\nRUN {run} && {command}\n{rest}")
    }

    #[test]
    fn caches() {
        accepts(APT, &with(APT, "rm -rf /var/lib/apt/lists/*"));
        for command in ["rm -rf /var/lib/apt", "rm -rf /var/lib", "rm -rf /usr/share/doc"] {
            rejects(APT, &with(APT, command), Kind::AddedStep);
        }
        let bundle = "FROM ruby:3.3\nRUN bundle install\n";
        accepts(bundle, &with(bundle, "rm -rf /usr/local/bundle/cache"));
        let script = format!("{APT}COPY setup.sh /\nRUN cat /var/lib/apt/lists/lock\n");
        rejects(&script, &with(&script, "rm -rf /var/lib/apt/lists/*"), Kind::AddedStep);
        // A RUN that is new brings its own lists.
        let before = "FROM debian:bookworm-slim\nCOPY setup.sh /\nRUN sh /setup.sh\n";
        let added = "COPY setup.sh /\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n";
        accepts(before, &before.replace("COPY setup.sh /\n", added));
    }

    #[test]
    fn commands_of_managers() {
        let dnf = "FROM fedora:40\nRUN dnf install -y curl\n";
        accepts(dnf, &with(dnf, "dnf clean all"));
        for command in ["dnf clean everything", "/usr/bin/dnf clean all", "yum clean all"] {
            rejects(dnf, &with(dnf, command), Kind::AddedStep);
        }
        let conda = "FROM debian:bookworm\nRUN /opt/conda/bin/conda install -y numpy\n";
        accepts(conda, &with(conda, "/opt/conda/bin/conda clean -ay"));
        rejects(conda, &with(conda, "conda clean -ay"), Kind::AddedStep);
    }

    #[test]
    fn files() {
        let before = "FROM debian:bookworm\nWORKDIR /opt\nRUN curl -fsSLo six.tar.gz https://example.org/six.tar.gz && tar -xzf six.tar.gz\n";
        accepts(before, &with(before, "rm /opt/six.tar.gz"));
        rejects(before, &with(before, "rm -r /opt"), Kind::AddedStep);
        let unused = before.replace(" && tar -xzf six.tar.gz", "");
        rejects(&unused, &with(&unused, "rm /opt/six.tar.gz"), Kind::AddedStep);
        let read = format!("{before}RUN sha256sum /opt/six.tar.gz\n");
        rejects(&read, &with(&read, "rm /opt/six.tar.gz"), Kind::AddedStep);
        let skipped = before
            .replace("RUN curl", "RUN test -e /a && curl")
            .replace(".gz && tar", ".gz; tar");
        rejects(&skipped, &with(&skipped, "rm /opt/six.tar.gz"), Kind::AddedStep);
    }
}
