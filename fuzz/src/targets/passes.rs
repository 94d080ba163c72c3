//! A rewrite is read by our own parser, keeps the configuration of the image, passes validation, and a second run changes
//! nothing, whatever the Dockerfile and its context are.

use std::sync::Arc;

use super::Project;
use plimsoll::facts::{Base, Facts};
use plimsoll::rewrite::{Options, Rewrite, rewrite, violations};
use plimsoll::syntax::{Dockerfile, Keyword, parse};

/// Checks one text.
pub fn run(text: &str) {
    let project = Project::of(text);
    let Some(context) = project.context().map(Arc::new) else {
        return;
    };
    let mut options = project.options(context);
    let Ok(first) = rewrite("Dockerfile", project.dockerfile, &options) else {
        return;
    };
    let before = parse("Dockerfile", &first.original).expect("it was read before");
    let after = parse("Dockerfile", &first.text).expect("a rewrite is read again");
    assert_eq!(configuration(&before), configuration(&after), "{}", first.text);
    if let Some(context) = &options.passes.context {
        // What validation undid on the way is no fault of the result.
        let wrong = violations(&before, &after, context);
        assert!(wrong.is_empty(), "{wrong:#?}\n{}", first.text);
    }
    use_ignore_file(&mut options, &first);
    let second = rewrite("Dockerfile", &first.text, &options).expect("a rewrite is rewritten again");
    assert_eq!(
        second.text, first.text,
        "a second run changes it: {:#?}",
        second.changes
    );
    let again = second
        .dockerignore
        .filter(plimsoll::passes::dockerignore::Proposal::is_change);
    assert_eq!(again, None, "a second run proposes more");
}

/// Gives a second run the `.dockerignore` that the first one proposes.
fn use_ignore_file(options: &mut Options, first: &Rewrite) {
    let proposed = first.dockerignore.as_ref().filter(|proposal| proposal.is_change());
    if let (Some(proposal), Some(context)) = (proposed, &options.passes.context) {
        let after = context
            .with_ignore_text(&proposal.text)
            .expect("a proposal is read again");
        options.passes.context = Some(Arc::new(after));
    }
}

/// What the last image says of itself, with the stages that it stands on: one text a setting, sorted.
fn configuration(file: &Dockerfile) -> Vec<String> {
    let facts = Facts::of(file);
    let mut found = Vec::new();
    let mut stage = facts.stages.last();
    let mut last_ones = Vec::new();
    while let Some(current) = stage {
        for index in current.instructions.clone().rev() {
            let instruction = &file.instructions[index];
            let node = instruction.node();
            let text = format!(
                "{} {}",
                node.keyword.name(),
                &instruction.text()[node.arguments_range.clone()]
            );
            match node.keyword {
                Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Stopsignal
                    if !last_ones.contains(&node.keyword) =>
                {
                    last_ones.push(node.keyword);
                    found.push(text);
                }
                Keyword::Expose | Keyword::Label | Keyword::Volume | Keyword::Onbuild => found.push(text),
                _ => {}
            }
        }
        stage = match current.base {
            Base::Stage(number) => facts.stages.get(number),
            _ => None,
        };
    }
    found.sort();
    found.dedup();
    found
}
