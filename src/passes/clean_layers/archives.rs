//! Archives that a RUN downloads and unpacks, and that nothing needs behind that.

use crate::edits::removal::{may_match_above, part_matches};
use crate::effects::download::{absolute, downloaded};
use crate::effects::{AbsolutePath, Effects, Place, of_command};
use crate::facts::{Command, Execution};
use crate::syntax::Dockerfile;

use super::{Mess, Way};

/// The endings of archives that `tar` and `unzip` unpack.
const ENDINGS: [&str; 9] = [
    ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tbz2", ".zip", ".tar.zst", ".txz",
];

/// Folders whose files somebody may want for themselves, as a server hands them out.
const SERVED: [&str; 8] = ["html", "www", "htdocs", "public", "static", "wwwroot", "webapps", "srv"];

/// The archives that RUN number `index` leaves behind.
pub(super) fn of(file: &Dockerfile, index: usize, run: &Execution) -> Option<Mess> {
    // What changes the folder in a way that the facts don't follow.
    if run.commands.iter().any(|command| command.has_tag("hides-folder")) {
        return None;
    }
    let found = (0..run.commands.len()).filter_map(|number| left(file, index, run, number));
    let mut left: Vec<String> = found.collect();
    left.dedup();
    if left.is_empty() {
        return None;
    }
    Some(Mess {
        what: format!("delete {} after unpacking", left.join(" and ")),
        way: Way::Command(format!("rm {}", left.join(" "))),
    })
}

/// The archive that command `number` downloads, as `rm` should call it, if it is unpacked once and named nowhere else.
fn left(file: &Dockerfile, index: usize, run: &Execution, number: usize) -> Option<String> {
    let command = run.commands.get(number).filter(|command| is_certain(command))?;
    let path = downloaded(command)?;
    let (folder, name) = path.rsplit_once('/')?;
    let is_plain = !path.contains([' ', '$', '\'', '"', '*', '?', '[']);
    let is_archive = ENDINGS.iter().any(|ending| name.ends_with(ending));
    if !is_plain || !is_archive || folder.split('/').any(|part| SERVED.contains(&part)) {
        return None;
    }
    let mut uses = run.commands.iter().skip(number + 1).filter(|command| {
        let mut words = command.words.iter();
        words.any(|word| {
            may_name(&word.text, &path) || word.value.as_deref().is_some_and(|value| may_name(value, &path))
        })
    });
    let (unpacking, more) = (uses.next()?, uses.next());
    let is_path = |word: &&crate::facts::Word| {
        let value = word.value.as_deref();
        value.is_some_and(|value| absolute(unpacking, value).as_deref() == Some(path.as_str()))
    };
    let word = unpacking.words.iter().find(is_path)?;
    let archive = Place::Exactly(AbsolutePath::of(&path, None)?);
    let unpacks = is_certain(unpacking) && unpacks(unpacking, &archive);
    // It may be gone already, with a folder above it.
    let later = run.commands.iter().skip(number + 1);
    if later
        .map(|command| of_command(command, &()))
        .any(|effects| takes(&effects, &archive))
    {
        return None;
    }
    let mut behind = file.instructions.iter().skip(index + 1);
    if more.is_some() || !unpacks || behind.any(|instruction| may_name_in(instruction.text(), &path)) {
        return None;
    }
    let moves = run.commands.iter().any(|command| command.program() == Some("cd"));
    Some(if moves { path } else { word.text.clone() })
}

/// Whether a command reads an archive and writes what is in it, and not the archive.
fn unpacks(command: &Command, archive: &Place) -> bool {
    let effects = of_command(command, &());
    let spreads = effects
        .writes
        .iter()
        .any(|place| matches!(place, Place::Under(_) | Place::Somewhere(_)));
    effects.unknown.is_none()
        && effects
            .reads
            .iter()
            .any(|place| place == archive || place.covers(archive))
        && spreads
}

/// Whether a command may delete an archive, or move it away.
fn takes(effects: &Effects, archive: &Place) -> bool {
    effects.deletes.iter().any(|place| place.meets(archive))
}

/// Whether a command runs in every build, as the user of the RUN, and stops it if it fails.
fn is_certain(command: &Command) -> bool {
    let context = &command.context;
    context.is_required_link() && command.editable && !command.switches_user
}

fn may_name_in(text: &str, path: &str) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || ";&|()'\"".contains(c));
    words.any(|word| may_name(word, path))
}

/// Whether a word may mean the file at `path`: it holds its name, is a pattern that fits it, or a variable in it may
/// make it so.
fn may_name(word: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_pattern = word.contains(['*', '?', '[']);
    let fits = || match word.starts_with('/') {
        true => may_match_above(word, path),
        false => part_matches(word.rsplit('/').next().unwrap_or(word), name),
    };
    let may_become = || word.contains('$') && ENDINGS.iter().any(|ending| word.ends_with(ending));
    word.contains(name) || is_pattern && fits() || may_become()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let may_name = |word| may_name(word, "/srv/a-1.tar.gz");
        assert!(may_name("/opt/a-1.tar.gz"));
        assert!(may_name("*.tar.gz"));
        assert!(may_name("a-?.tar.gz"));
        assert!(may_name("/srv/*"));
        assert!(may_name("a-$VERSION.tar.gz"));
        assert!(!may_name("*.deb"));
        assert!(!may_name("/var/lib/apt/lists/*"));
        assert!(!may_name("a"));
    }
}
