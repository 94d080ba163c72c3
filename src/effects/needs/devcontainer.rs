//! Images that people work in: `devcontainer.json` builds one of the Dockerfile. What they run there no file tells.
//! <https://containers.dev/implementors/json_reference/>

use crate::context::ContextSource;
use crate::effects::ecosystems::manifests::paths;
use crate::knowledge::language_of;
use crate::syntax::Dockerfile;

use super::calls::texts;
use super::{Needs, Unanswered};

/// Where the settings are looked for, also where no build is sent them; the first is for a Dockerfile that lies beside them.
const SETTINGS: [&str; 3] = [
    "devcontainer.json",
    ".devcontainer.json",
    ".devcontainer/devcontainer.json",
];

/// Notes that nothing tells what runs in an image of which a development container is made.
pub(super) fn note(file: &Dockerfile, context: &ContextSource, needs: &mut Needs) {
    let place = SETTINGS
        .iter()
        .find_map(|path| Some(format!("{path}:{}", builds(context, path, &file.name)?)));
    if let Some(place) = place.filter(|_| needs.unknown_start.is_none()) {
        needs.unknown_start = Some(Unanswered::new(
            &place,
            "makes a development container of it, in which people run what they like".to_owned(),
            "give the development container a Dockerfile or a target of its own",
        ));
    }
}

/// The line on which a file of settings names the Dockerfile. It is JSON with comments, as JavaScript has them.
fn builds(context: &ContextSource, path: &str, dockerfile: &str) -> Option<usize> {
    let text = context.read_unfiltered(path)?;
    let literals = texts(&text, language_of("devcontainer.js")?);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    literals.windows(2).find_map(|pair| {
        let [(key, _), (value, line)] = pair else { return None };
        let named = matches!(key.as_str(), "dockerFile" | "dockerfile").then(|| paths::resolve(folder, value))??;
        let is_it = dockerfile == named || dockerfile.ends_with(&format!("/{named}"));
        is_it.then_some(*line)
    })
}
