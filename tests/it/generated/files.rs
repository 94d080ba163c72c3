//! Commands on files that are there: copied, moved, linked, packed, edited, deleted.

use plimsoll::knowledge::ArgumentRole;

use super::draft::{Draft, Kind, Made, Thing};
use super::options::option;

/// Does something to a file, or makes a new one.
pub fn change(draft: &mut Draft) {
    match draft.random.below(10) {
        0 | 1 => text(draft),
        2 => copy(draft),
        3 | 4 => move_away(draft),
        5 => link(draft),
        6 => install(draft),
        7 => pack(draft),
        8 => edit(draft),
        _ => delete(draft),
    }
}

/// Makes a text: by a command, or out of the context.
pub fn text(draft: &mut Draft) {
    let name = draft.name();
    let place = draft.place();
    let path = format!("{place}/{name}.txt");
    let spelt = draft.spell(&path);
    match draft.random.below(6) {
        0 => {
            let code = format!("echo {name} > {spelt}");
            draft.code(&code);
            draft.made(path, Kind::Text, &name, code);
        }
        1 => {
            let code = format!("printf '%s\\n' {name} | tee {spelt}");
            draft.code(&code);
            draft.made(path, Kind::Text, &name, format!("tee {spelt}"));
        }
        2 => {
            draft.line(format!("COPY <<EOF {path}\n{name}\nEOF"));
            draft.copied(path, Kind::Text, &name);
        }
        3 => {
            draft.file(format!("config/{name}.txt"), format!("{name}\n"));
            draft.line(format!("COPY config/{name}.txt {place}/"));
            draft.copied(path, Kind::Text, &name);
        }
        4 => {
            draft.file(format!("tools/{name}.sh"), format!("#!/bin/sh\necho {name}\n"));
            draft.line(format!("COPY --chmod=755 tools/{name}.sh {place}/{name}"));
            draft.copied(format!("{place}/{name}"), Kind::Script, &name);
        }
        _ => {
            draft.code(format!("echo {name} > /tmp/{name}"));
            let output = option(&mut draft.random, "sort", ArgumentRole::Writes, &[], &path);
            let command = format!("sort {output} /tmp/{name}");
            draft.command(&command);
            draft.made(path, Kind::Text, &name, command);
            draft.command(format!("rm -f /tmp/{name}"));
        }
    }
}

/// A thing that may be taken elsewhere: a link or what is linked must stay where it is.
fn movable(draft: &mut Draft) -> Option<usize> {
    let is_movable = |thing: &Thing| thing.needs.is_empty() && !matches!(thing.kind, Kind::Source(_));
    let all: Vec<usize> = (0..draft.things.len())
        .filter(|at| is_movable(&draft.things[*at]) && !is_needed(draft, *at))
        .collect();
    (!all.is_empty()).then(|| all[draft.random.below(all.len())])
}

/// Whether another thing works with this one, or finds files beside it.
fn is_needed(draft: &Draft, at: usize) -> bool {
    let path = &draft.things[at].path;
    let needs = draft.things.iter().flat_map(|thing| &thing.needs);
    let is_named = needs
        .filter_map(|history| history.last())
        .any(|made| made.path == *path);
    // Programs that installers of packages made name their interpreter.
    is_named || path.contains("/node_modules/") || path.contains("/.venv") || path.starts_with("/opt/venv")
}

fn name_of(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// A place where no file of this name is.
fn new_place(draft: &mut Draft, name: &str) -> Option<String> {
    let place = draft.place();
    let path = format!("{place}/{name}");
    (!draft.things.iter().any(|thing| thing.path == path)).then_some(place)
}

fn then(history: &[Made], path: &str, by: &str) -> Vec<Made> {
    let mut history = history.to_vec();
    history.push(Made {
        path: path.to_owned(),
        by: Some(by.to_owned()),
    });
    history
}

/// A thing that can go to another place: its number, itself, its name and the place.
fn taken(draft: &mut Draft) -> Option<(usize, Thing, String, String)> {
    let at = movable(draft)?;
    let old = draft.things[at].clone();
    let name = name_of(&old.path);
    let place = new_place(draft, &name)?;
    Some((at, old, name, place))
}

/// Notes that `by` made another one of a thing at `path`.
fn add(draft: &mut Draft, old: Thing, path: String, by: &str) {
    let history = then(&old.history, &path, by);
    draft.things.push(Thing { path, history, ..old });
}

fn copy(draft: &mut Draft) {
    let Some((_, old, name, place)) = taken(draft) else {
        return;
    };
    let (from, to) = (draft.spell(&old.path), draft.spell(&place));
    let command = match draft.random.below(5) {
        0 => format!("cp {from} {place}/"),
        1 => {
            let target = option(&mut draft.random, "cp", ArgumentRole::WritesIntoFolder, &[], &to);
            format!("cp -p {target} {from}")
        }
        2 => format!("cp -a {from} {to}/{name}"),
        3 => format!(
            "cp {} {from} {place}",
            draft.random.pick(&["-f", "--force", "-v", "--preserve", "-pv"])
        ),
        _ => format!("cp -T {from} {to}/{name}"),
    };
    draft.command(&command);
    add(draft, old, format!("{place}/{name}"), &command);
}

fn move_away(draft: &mut Draft) {
    let Some((at, old, name, place)) = taken(draft) else {
        return;
    };
    let (from, to) = (draft.spell(&old.path), draft.spell(&place));
    let command = match draft.random.below(4) {
        0 => format!("mv {from} {place}/"),
        1 => {
            let target = option(&mut draft.random, "mv", ArgumentRole::WritesTreeIntoFolder, &[], &to);
            format!("mv {target} {from}")
        }
        2 => format!("mv -f {from} {to}/{name}"),
        _ => format!("mv {from} {to}"),
    };
    draft.command(&command);
    let path = format!("{place}/{name}");
    let history = then(&old.history, &path, &command);
    draft.things[at] = Thing { path, history, ..old };
}

fn link(draft: &mut Draft) {
    let Some((_, old, name, place)) = taken(draft) else {
        return;
    };
    let from = old.path.clone();
    let command = match draft.random.below(4) {
        0 => format!("ln -s {from} {place}/{name}"),
        1 => {
            let target = option(&mut draft.random, "ln", ArgumentRole::WritesIntoFolder, &[], &place);
            format!("ln --symbolic {target} {from}")
        }
        2 => format!("ln -sf {from} {place}/"),
        _ => format!("ln -sr {from} {place}/{name}"),
    };
    draft.command(&command);
    let path = format!("{place}/{name}");
    let history = then(&[], &path, &command);
    let needs = vec![old.history.clone()];
    draft.things.push(Thing {
        path,
        history,
        needs,
        ..old
    });
}

fn install(draft: &mut Draft) {
    let Some((_, old, name, place)) = taken(draft) else {
        return;
    };
    let from = draft.spell(&old.path);
    let command = match draft.random.below(4) {
        0 => format!("install -m 755 {from} {place}"),
        1 => format!("install -Dm755 {from} {place}/{name}"),
        2 => {
            let target = option(
                &mut draft.random,
                "install",
                ArgumentRole::WritesIntoFolder,
                &[],
                &place,
            );
            format!("install -m755 {target} {from}")
        }
        _ => format!("install --mode=755 -D -T {from} {place}/{name}"),
    };
    draft.command(&command);
    add(draft, old, format!("{place}/{name}"), &command);
}

fn pack(draft: &mut Draft) {
    let Some((_, old, name, place)) = taken(draft) else {
        return;
    };
    let folder = old
        .path
        .strip_suffix(&format!("/{name}"))
        .unwrap_or_default()
        .to_owned();
    let enter = option(&mut draft.random, "tar", ArgumentRole::EntersLate, &["--cd"], &place);
    let by = match draft.random.below(3) {
        0 => {
            let code = format!("tar -C {folder} -cf - {name} | tar xf - -C {place}");
            draft.code(&code);
            format!("tar xf - -C {place}")
        }
        1 => {
            draft.command(format!("tar czf /tmp/{name}.tgz -C {folder} {name}"));
            let command = format!("tar -xzf /tmp/{name}.tgz {enter}");
            draft.command(&command);
            draft.command(format!("rm /tmp/{name}.tgz"));
            command
        }
        _ => {
            draft.command(format!(
                "tar --create --file=/tmp/{name}.tar --directory={folder} {name}"
            ));
            let command = format!("tar --extract {enter} --file /tmp/{name}.tar");
            draft.command(&command);
            command
        }
    };
    add(draft, old, format!("{place}/{name}"), &by);
}

fn edit(draft: &mut Draft) {
    let is_text = |thing: &Thing| thing.kind == Kind::Text && thing.needs.is_empty() && !thing.says.contains('-');
    let Some(at) = (0..draft.things.len()).find(|at| is_text(&draft.things[*at]) && !is_needed(draft, *at)) else {
        return;
    };
    let old = draft.things[at].clone();
    let says = draft.name();
    let path = draft.spell(&old.path);
    let command = match draft.random.below(4) {
        0 => format!("sed -i s/{}/{says}/ {path}", old.says),
        1 => format!("sed --in-place -e s/{}/{says}/ {path}", old.says),
        2 => format!("sed -Ei s/{}/{says}/ {path}", old.says),
        _ => format!("sed -i.bak s/{}/{says}/ {path}", old.says),
    };
    draft.command(&command);
    let history = then(&old.history, &old.path, &command);
    draft.things[at] = Thing { says, history, ..old };
}

/// Deletes a file that nothing needs, later than it was made.
fn delete(draft: &mut Draft) {
    if draft.things.len() < 3 {
        return;
    }
    let Some(at) = movable(draft) else { return };
    let old = draft.things.remove(at);
    let path = draft.spell(&old.path);
    let command = draft.random.pick(&["rm", "rm -f", "rm -rf", "unlink"]);
    draft.command(format!("{command} {path}"));
}
