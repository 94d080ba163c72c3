//! A `.dockerignore` means the same to a walk and to a single path; a proposal keeps the present text, takes away nothing
//! that a COPY names, and is complete.

use super::Project;
use plimsoll::context::{ContextSource, DockerIgnore, Measure};
use plimsoll::effects::copied_sources;
use plimsoll::passes::Level;
use plimsoll::passes::dockerignore::propose_for;
use plimsoll::syntax::{Dockerfile, parse};

/// Checks one text.
pub fn run(text: &str) {
    let project = Project::of(text);
    let Some(context) = project.context() else { return };
    walks_as_it_answers(&context, context.ignore());
    let file = parse("Dockerfile", project.dockerfile).ok();
    for level in [Level::Safe, Level::Standard, Level::Aggressive] {
        proposes(&context, file.as_ref(), level);
    }
}

fn walks_as_it_answers(context: &ContextSource, ignore: &DockerIgnore) {
    for entry in Measure::new(context.walk(), ignore).entries() {
        let path = &entry.entry.path;
        assert_eq!(entry.verdict, ignore.path(path), "{path}");
    }
}

fn proposes(context: &ContextSource, file: Option<&Dockerfile>, level: Level) {
    let proposal = propose_for(context, file, level);
    assert!(proposal.text.starts_with(&proposal.original), "{}", proposal.text);
    assert!(proposal.after.bytes <= proposal.before.bytes);
    let after = context
        .with_ignore_text(&proposal.text)
        .expect("a proposal is read again");
    for source in file.iter().flat_map(|file| copied_sources(file)) {
        let found = |context: &ContextSource| context.glob(&source).len();
        assert!(
            found(&after) > 0 || found(context) == 0,
            "{source} is kept out: {}",
            proposal.text
        );
    }
    let again = propose_for(&after, file, level);
    assert_eq!(again.text, proposal.text, "a second run proposes more");
}
