//! What later steps leave of what an earlier one did.

use super::path::Place;
use super::steps::{Step, StepKind};

/// Whether the steps that come later, in their order, surely delete all of `place`, and none makes something there again. What a
/// build may write there says nothing.
pub(crate) fn is_deleted<'s>(later: impl Iterator<Item = &'s Step>, place: &Place) -> bool {
    let deletes = |step: &Step| {
        let mut deleted = step.effects.deletes.iter();
        !step.is_conditional && deleted.any(|deleted| deleted.covers(place))
    };
    let makes = |step: &Step| {
        let mut known = step
            .effects
            .writes
            .iter()
            .filter(|written| **written != Place::Anywhere);
        step.kind != StepKind::Build && !step.effects.only_attributes && known.any(|written| written.meets(place))
    };
    later.fold(false, |is_gone, step| deletes(step) || is_gone && !makes(step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::ContextSource;
    use crate::effects::AbsolutePath;
    use crate::effects::steps::of_stage;
    use crate::facts::Facts;
    use crate::syntax::parse;

    /// Whether what the first step of a RUN leaves in `/opt/x` is gone in the end.
    fn is_gone(run: &str) -> bool {
        let file = parse("Dockerfile", &format!("FROM debian:bookworm\nRUN {run}\n")).unwrap();
        let facts = Facts::of(&file);
        let steps = of_stage(
            &file,
            &facts,
            &facts.stages[0],
            &ContextSource::in_memory([("a", "")]).unwrap(),
        );
        let place = Place::Under(AbsolutePath::of("/opt/x", None).unwrap());
        is_deleted(steps.iter().skip(1), &place)
    }

    #[test]
    fn deleted_for_good() {
        assert!(is_gone("mkdir /opt/x && rm -rf /opt/x"));
        assert!(is_gone("mkdir /opt/x && mv /opt/x /opt/y"));
        for run in [
            "mkdir /opt/x && rm -rf /opt/x && mkdir /opt/x",
            "mkdir /opt/x && rm -rf /opt/x && cp -r /srv/a /opt/x/a",
            "mkdir /opt/x && rm /opt/x/a",
            "mkdir /opt/x && { test -e /a && rm -rf /opt/x || true; }",
            "mkdir /opt/x && touch /opt/x/a",
        ] {
            assert!(!is_gone(run), "{run}");
        }
    }
}
