//! A stage that only the result has stands on the image of the stage that its steps come from: another one may lack
//! compilers, or build for another system.

use crate::facts::ImageReference;
use crate::knowledge::slimmer_images;

use super::model::StageModel;
use super::{Kind, Pair, Violation};

/// Checks every stage of the result that the original does not have.
pub(super) fn check(pair: &Pair<'_>) -> Vec<Violation> {
    let is_new = |after: usize| pair.stages.iter().all(|(_, known)| *known != after);
    let made = pair.made().filter(|((_, after), ..)| is_new(*after));
    made.filter_map(|(_, old, new)| check_stage(pair, old, new)).collect()
}

fn check_stage(pair: &Pair<'_>, old: &StageModel, new: &StageModel) -> Option<Violation> {
    if old.image == new.image || is_pinned(old.image.as_ref(), new.image.as_ref()) {
        return None;
    }
    let name = |image: &Option<ImageReference>| match image {
        Some(image) => image.to_string(),
        None => "an image that is not known".to_owned(),
    };
    // The first step that both have says which lines are meant.
    let shared = old.items.iter().find(|item| new.position(&item.act).is_some())?;
    Some(Violation {
        kind: Kind::BaseLacks,
        line: pair.before.line(shared),
        what: format!(
            "line {} would run on {} instead of {}",
            pair.before.line(shared),
            name(&new.image),
            name(&old.image)
        ),
        remedy: "build on the image of the original".to_owned(),
    })
}

/// Whether the tables say that a tag only names the release that the other one stands for.
fn is_pinned(old: Option<&ImageReference>, new: Option<&ImageReference>) -> bool {
    let (Some(old), Some(new)) = (old, new) else {
        return false;
    };
    let smaller = slimmer_images(&old.repository(), old.tag.as_deref());
    let mut pinned = smaller.iter().filter_map(|known| known.pinned.as_deref());
    old.repository() == new.repository() && pinned.any(|tag| new.tag.as_deref() == Some(tag))
}

#[cfg(test)]
mod tests {
    use crate::validate::Kind;
    use crate::validate::tests::{accepts, rejects};

    const BEFORE: &str =
        "FROM golang:1.22-bookworm\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/tool .\nENTRYPOINT [\"/bin/tool\"]\n";

    fn split(builder: &str) -> String {
        format!(
            "FROM {builder} AS builder\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/tool .\n\nFROM golang:1.22-bookworm\nWORKDIR /src\n\
             COPY --from=builder /bin/tool /bin/tool\nCOPY . .\nENTRYPOINT [\"/bin/tool\"]\n"
        )
    }

    #[test]
    fn a_builder_on_another_image() {
        accepts(BEFORE, &split("golang:1.22-bookworm"));
        for image in [
            "golang:1.21-bookworm",
            "golang:1.22-alpine",
            "debian:bookworm-slim",
            "scratch",
        ] {
            rejects(BEFORE, &split(image), Kind::BaseLacks);
        }
    }

    #[test]
    fn a_builder_that_names_the_release() {
        let before = BEFORE.replace("1.22-bookworm", "1.26");
        let after = |builder: &str| split(builder).replace("\n\nFROM golang:1.22-bookworm", "\n\nFROM golang:1.26");
        accepts(&before, &after("golang:1.26-trixie"));
        rejects(&before, &after("golang:1.26-bookworm"), Kind::BaseLacks);
    }
}
