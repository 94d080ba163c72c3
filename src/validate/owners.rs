//! Files belong to the same users in the result as in the original.

use crate::effects::Place;
use crate::effects::steps::StepKind;
use crate::facts::User;
use crate::syntax::Node;

use super::arrival::Delivery;
use super::model::{Item, StageModel, Version};
use super::{Kind, Pair, Violation, reads};

/// Checks every COPY of the result that the original does not have.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    made.flat_map(|(_, old, new)| check_stage(pair, old, new)).collect()
}

fn check_stage(pair: &Pair<'_>, old: &StageModel, new: &StageModel) -> Vec<Violation> {
    let is_new = |(_, item): &(usize, &Item)| old.position(&item.act).is_none();
    let copies = new.items.iter().enumerate().filter(is_new);
    let changed = copies.filter_map(|(at, item)| {
        let path = match item.step.kind {
            StepKind::FromContext => from_context(pair, old, new, item),
            StepKind::FromStage => from_stage(pair.after, new, at, item),
            _ => None,
        }?;
        Some(Violation {
            kind: Kind::OwnerChanged,
            line: pair.after.line(item),
            what: format!("{path} would belong to somebody else"),
            remedy: "keep --chown and --chmod as they are".to_owned(),
        })
    });
    changed.collect()
}

/// What a COPY from the context brings otherwise than every COPY of the original that brings it.
fn from_context(pair: &Pair<'_>, old: &StageModel, new: &StageModel, item: &Item) -> Option<String> {
    let own = pair.after.node(item.step.instruction)?;
    let copy = new.copy_of(item)?;
    let is_changed = |layer: &&_| {
        let brings =
            |copy: &&crate::effects::image_files::Copy| copy.layers.iter().any(|other| reads::covers(other, layer));
        let nodes = old
            .copies
            .iter()
            .filter(brings)
            .filter_map(|copy| pair.before.node(copy.index));
        // Who owns what comes out of another stage is not said there.
        let mut nodes = nodes.filter(|node| node.flag("from").is_none()).peekable();
        nodes.peek().is_some() && !nodes.any(|node| ownership(node) == ownership(own))
    };
    let layer = copy.layers.iter().find(is_changed)?;
    Some(format!("/{}", layer.to))
}

fn ownership(node: &Node) -> (Option<&str>, Option<&str>) {
    (node.flag("chown"), node.flag("chmod"))
}

/// What a COPY from another stage gives to somebody who made nothing of it there, or takes from its makers.
fn from_stage(version: &Version<'_>, new: &StageModel, at: usize, item: &Item) -> Option<String> {
    let given = version.node(item.step.instruction)?.flag("chown").map(user_of);
    let is_changed = |delivery: &&Delivery| {
        let Some(makers) = makers(version, delivery) else {
            return false;
        };
        match given {
            Some(given) if given.contains('$') => false,
            Some(given) => !makers.is_empty() && !includes(&makers, given) && !runs_as(version, delivery, given),
            // Without --chown, the folder itself goes to root, unless it is there.
            None => {
                let is_there = delivery.region.path().is_some_and(|path| new.has_folder(at, path));
                !makers.is_empty() && !includes(&makers, ROOT) && !is_there
            }
        }
    };
    let mut deliveries = new.deliveries.iter().filter(|delivery| delivery.at == at);
    let delivery = deliveries.find(is_changed)?;
    Some(delivery.region.to_string())
}

/// The number of root.
const ROOT: &str = "0";

/// The user in a value of `--chown`.
fn user_of(value: &str) -> &str {
    match value.split(':').next().unwrap_or(value) {
        "root" => ROOT,
        user => user,
    }
}

fn includes(makers: &[Vec<String>], user: &str) -> bool {
    makers.iter().flatten().any(|name| name == user)
}

/// Whether a RUN of the stage runs as a user: that it makes nothing of what a COPY brings is not sure.
fn runs_as(version: &Version<'_>, delivery: &Delivery, user: &str) -> bool {
    let items = version.stages.get(delivery.from).map(|stage| stage.items.as_slice());
    let mut runs = items.unwrap_or_default().iter().filter(|item| item.is_run());
    runs.any(|item| maker(version, item).is_none_or(|names| names.iter().any(|name| name == user)))
}

/// The names and numbers of those who make something of what a COPY brings; none where one of them is not known.
fn makers(version: &Version<'_>, delivery: &Delivery) -> Option<Vec<Vec<String>>> {
    let stage = version.stages.get(delivery.from)?;
    let is_met = |place: &Place| *place != Place::Anywhere && place.meets(&delivery.region);
    let makers = stage
        .items
        .iter()
        .filter(|item| item.effects().writes.iter().any(is_met));
    makers.map(|item| maker(version, item)).collect()
}

fn maker(version: &Version<'_>, item: &Item) -> Option<Vec<String>> {
    let index = item.step.instruction;
    if !item.is_run() {
        let chown = version.node(index)?.flag("chown").map_or(ROOT, user_of);
        return (!chown.contains('$')).then(|| vec![chown.to_owned()]);
    }
    let switches = version.command(item).is_some_and(|command| command.switches_user);
    match &version.facts.scope(index)?.user {
        _ if switches => None,
        User::Root => Some(vec![ROOT.to_owned()]),
        User::Other(account) => {
            let number = account.uid.map(|uid| uid.to_string());
            let name = user_of(&account.name).to_owned();
            Some(number.into_iter().chain([name]).collect())
        }
        User::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    #[test]
    fn files_of_the_context() {
        let before = "FROM node:20-bookworm\nWORKDIR /app\nCOPY --chown=node . .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n";
        let after = "FROM node:20-bookworm\nWORKDIR /app\nCOPY --chown=node package.json ./\nRUN npm install\nCOPY --chown=node . .\n\
            CMD [\"node\", \"index.js\"]\n";
        accepts(before, after);
        accepts(before, &after.replace("COPY --chown", "COPY --link --chown"));
        for flag in ["", "--chown=nobody ", "--chown=node --chmod=777 "] {
            rejects(before, &after.replacen("--chown=node ", flag, 1), Kind::OwnerChanged);
            rejects(
                before,
                &after.replace("--chown=node . .", &format!("{flag}. .")),
                Kind::OwnerChanged,
            );
        }
    }

    #[test]
    fn files_out_of_another_stage() {
        let build = "WORKDIR /src\nCOPY . .\nUSER 1000:1000\nRUN go build -o /srv/tool .\n";
        let before = format!("FROM golang:1.22-bookworm\n{build}ENTRYPOINT [\"/srv/tool\"]\n");
        let split = |chown: &str| {
            format!(
                "FROM golang:1.22-bookworm AS builder\n{build}\nFROM golang:1.22-bookworm\nWORKDIR /src\nCOPY . .\nUSER 1000:1000\n\
                 COPY --from=builder {chown}/srv/tool /srv/tool\nENTRYPOINT [\"/srv/tool\"]\n"
            )
        };
        accepts(&before, &split("--chown=1000:1000 "));
        for chown in ["", "--chown=1234 ", "--chown=root "] {
            rejects(&before, &split(chown), Kind::OwnerChanged);
        }
        let of_root = |text: &str| text.replace("USER 1000:1000\n", "");
        accepts(&of_root(&before), &of_root(&split("")));
        accepts(&of_root(&before), &of_root(&split("--chown=0:0 ")));
        rejects(&of_root(&before), &of_root(&split("--chown=1234 ")), Kind::OwnerChanged);
    }

    #[test]
    fn a_user_who_installs_for_itself() {
        let install = "RUN useradd -m sailor\nUSER sailor\n";
        let before = format!(
            "FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\n{install}RUN pip install -r requirements.txt\nCOPY app.py .\n\
             CMD [\"python\", \"app.py\"]\n"
        );
        let split = |owner: &str| {
            format!(
                "FROM python:3.12 AS builder\nWORKDIR /app\nCOPY requirements.txt .\n{install}RUN pip install -r requirements.txt\n\n\
                 FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\n{install}\
                 COPY --from=builder --chown={owner} /home/sailor/.local /home/sailor/.local\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n"
            )
        };
        accepts(&before, &split("sailor"));
        rejects(&before, &split("1234"), Kind::OwnerChanged);
    }
}
