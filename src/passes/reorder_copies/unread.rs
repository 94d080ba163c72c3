//! COPYs that nothing reads any more: those that come to stand at the end of a stage which an earlier pass made.

use crate::facts::{Base, Facts, Stage, is_within};
use crate::syntax::{Dockerfile, Keyword};

/// The COPYs from the context at the end of stages that stand in no file yet, from which nothing takes what they bring.
/// A stage of the user's own keeps them: it may be built as a target.
pub(super) fn unread(file: &Dockerfile, facts: &Facts) -> Vec<usize> {
    let mut found = Vec::new();
    for (number, stage) in facts.stages.iter().enumerate() {
        let is_new = file
            .instructions
            .get(stage.instructions.start)
            .is_some_and(|from| from.lines.is_none());
        let is_base = facts.stages.iter().any(|other| other.base == Base::Stage(number));
        if !is_new || is_base || stage.taken.is_empty() {
            continue;
        }
        for index in stage.instructions.clone().skip(1).rev() {
            if !is_unread(file, facts, stage, index) {
                break;
            }
            found.push(index);
        }
    }
    found
}

/// Takes a COPY away. What is said above it is said of the same COPY in the stage that keeps it.
pub(super) fn remove(file: &mut Dockerfile, index: usize) {
    let gone = file.instructions.remove(index);
    let mut later = file.instructions.iter_mut().skip(index);
    if let Some(same) = later.find(|other| other.text() == gone.text()) {
        let comments = gone.leading.trim_start_matches(['\n', '\r']);
        same.leading.push_str(comments);
    }
}

fn is_unread(file: &Dockerfile, facts: &Facts, stage: &Stage, index: usize) -> bool {
    let Some(node) = file.instructions.get(index).map(|instruction| instruction.node()) else {
        return false;
    };
    if !matches!(node.keyword, Keyword::Copy | Keyword::Add) || node.flag("from").is_some() {
        return false;
    }
    let target = node
        .words()
        .last()
        .filter(|target| !target.value.contains('$'))
        .and_then(|target| facts.scope(index)?.absolute(&target.value));
    let Some(target) = target else { return false };
    stage.taken.iter().all(|taken| {
        let path = taken.path.as_deref().map(|path| format!("/{}", path.trim_matches('/')));
        path.is_some_and(|path| {
            !path.contains(['*', '?', '[']) && !is_within(&path, &target) && !is_within(&target, &path)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax;

    /// The texts that are unread if an earlier pass made the first stage.
    fn found(body: &str, taken: &str) -> Vec<String> {
        let text = format!("FROM python:3.11 AS builder\nWORKDIR /app\n{body}\nFROM python:3.11-slim\n{taken}\n");
        let mut file = syntax::parse("Dockerfile", &text).unwrap();
        assert_eq!(unread(&file, &Facts::of(&file)), Vec::<usize>::new());
        file.instructions[0].lines = None;
        let found = unread(&file, &Facts::of(&file));
        found
            .iter()
            .map(|index| file.instructions[*index].text().to_owned())
            .collect()
    }

    #[test]
    fn only_what_is_last_and_not_taken() {
        let body = "COPY a.txt .\nRUN pip install -r a.txt\nCOPY b.txt .\nCOPY . .";
        assert_eq!(
            found(body, "COPY --from=builder /opt/venv /opt/venv"),
            ["COPY . .", "COPY b.txt ."]
        );
        for taken in ["/app", "/app/out", "/", "app", "/a*"] {
            assert_eq!(
                found(body, &format!("COPY --from=builder {taken} /x")),
                Vec::<String>::new()
            );
        }
        let with_run = format!("{body}\nRUN make");
        assert_eq!(
            found(&with_run, "COPY --from=builder /opt/venv /opt/venv"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_stage_that_another_one_stands_on_keeps_all() {
        let taken = "COPY --from=builder /opt/venv /opt/venv\nFROM builder";
        assert_eq!(found("COPY . .", taken), Vec::<String>::new());
    }
}
