//! What orchestrators run in the image: probes and hooks of Kubernetes and Helm, health checks of ECS, and the commands
//! that the project's own files run in its containers.

use crate::context::ContextSource;
use crate::effects::image_files::View;

use super::Needs;
use super::started::{By, Reader, words_of};

/// Adds the tools that they call. They start nothing that a build would have to be there for.
pub(super) fn read(context: &ContextSource, image: &View<'_>, workdir: Option<&str>, needs: &mut Needs) {
    let mut reader = Reader::new(image, needs, By::Others);
    for run in context.orchestrated().iter() {
        reader.words(
            &words_of(&run.command),
            workdir,
            &format!("{}:{}", run.path, run.line),
            0,
        );
    }
    for run in context.container_commands().iter() {
        let place = format!("{}:{}", run.path, run.line);
        // Options, and the image or the service, come before the command.
        for (at, word) in run.words.iter().enumerate().skip(1) {
            let is_command = !word.starts_with('-') && !word.contains(['=', '$', ':', '/']);
            if is_command && let Some(words) = run.words.get(at..) {
                reader.words(words.get(..1).unwrap_or_default(), workdir, &place, 0);
            }
        }
    }
}
