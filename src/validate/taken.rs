//! What a new COPY takes out of another stage is there: no step of that stage moves or deletes it after it was made.

use crate::effects::{AbsolutePath, Place};

use super::arrival::Delivery;
use super::model::{Item, StageModel};
use super::{Kind, Pair, Violation, named};

/// Checks every stage of the result.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let made = pair.made();
    made.flat_map(|((_, after), old, new)| check_stage(pair, after, old, new))
        .collect()
}

fn check_stage(pair: &Pair<'_>, number: usize, old: &StageModel, new: &StageModel) -> Vec<Violation> {
    let is_new = |delivery: &&Delivery| {
        new.items
            .get(delivery.at)
            .is_some_and(|item| old.position(&item.act).is_none())
    };
    let names = named::paths(pair.after, number);
    let taken = new.deliveries.iter().filter(is_new).filter_map(|delivery| {
        let path = delivery
            .region
            .path()
            .filter(|path| !path.as_str().contains(['*', '?', '[']))?;
        let source = pair.after.stages.get(delivery.from)?;
        let item = taken(source, path, names.iter().any(|named| named.path == *path))?;
        let (line, taker) = (pair.after.line(new.items.get(delivery.at)?), pair.after.line(item));
        Some(Violation {
            kind: Kind::NeededFileLost,
            line,
            what: format!("line {line} copies {path}, which line {taker} may move or delete before"),
            remedy: "name what is moved or deleted by its path, without variables".to_owned(),
        })
    });
    taken.collect()
}

/// The step that takes a path away after the last one that made it, or may do so where nothing shows that it is needed.
fn taken<'s>(source: &'s StageModel, path: &AbsolutePath, is_needed: bool) -> Option<&'s Item> {
    let exactly = Place::Exactly(path.clone());
    let made = source.items.iter().rposition(|item| makes(item, &exactly))?;
    let takes = |place: &Place, item: &Item| match place {
        _ if place.covers(&exactly) => *place != Place::Anywhere || !is_needed && item.effects().reads.contains(place),
        Place::Somewhere(folder) => !is_needed && path.is_within(folder) && path != folder,
        Place::Pattern(_) => !is_needed && place.meets(&exactly),
        _ => false,
    };
    let mut later = source.items.iter().skip(made + 1);
    later.find(|item| item.effects().deletes.iter().any(|place| takes(place, item)))
}

fn makes(item: &Item, place: &Place) -> bool {
    item.written()
        .any(|written| written != Place::Anywhere && written.covers(place))
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    /// A file with one stage, and the same with a builder from which `copied` is taken.
    fn versions(take: &str, copied: &str) -> (String, String) {
        let build = format!("WORKDIR /src\nARG X=tool\nCOPY . .\nRUN go build -o out/tool .\nRUN {take}\n");
        let end = "CMD [\"/srv/tool\"]\n";
        (
            format!("FROM golang:1.22\n{build}{end}"),
            format!(
                "FROM golang:1.22 AS builder\n{build}\nFROM debian:bookworm-slim\nARG X=tool\nWORKDIR /src\n\
                 COPY --from=builder /srv /srv\nCOPY . .\n{copied}{end}"
            ),
        )
    }

    #[test]
    fn what_was_moved_away_is_not_copied() {
        const COPY: &str = "COPY --from=builder /src/out/tool /src/out/tool\n";
        for take in ["mv out/tool /srv/", "mv out/tool* /srv/tool", "mv out/$X /srv/tool"] {
            let (before, after) = versions(take, COPY);
            rejects(&before, &after, Kind::NeededFileLost);
        }
        let (before, after) = versions("mv out/tool /srv/", "");
        accepts(&before, &after);
        let (before, after) = versions("cp out/tool /srv/ && rm -f out/tools.txt", COPY);
        accepts(&before, &after);
    }
}
