//! What COPY and ADD bring to a stage, by way of other stages of the file too.

use crate::context::{ContextSource, Kind, Presence};
use crate::facts::{Base, Facts};
use crate::syntax::Dockerfile;

use super::{Copy, Layer, inside, join};

/// What of the context is in stage number `stage`, by its own COPYs, by those of the stages that it stands on, and by
/// those of the stages that it copies from.
///
/// What a RUN changed on the way is not known, here as in a stage without others.
pub(crate) fn of_stage(file: &Dockerfile, facts: &Facts, stage: usize, context: &ContextSource) -> Vec<Copy> {
    of_first(file, facts, stage + 1, context).pop().unwrap_or_default()
}

/// The same for each stage, by its number.
pub(crate) fn of_stages(file: &Dockerfile, facts: &Facts, context: &ContextSource) -> Vec<Vec<Copy>> {
    of_first(file, facts, facts.stages.len(), context)
}

fn of_first(file: &Dockerfile, facts: &Facts, count: usize, context: &ContextSource) -> Vec<Vec<Copy>> {
    // Each stage is read once, in order: one takes only from those before it.
    let mut stages: Vec<Vec<Copy>> = Vec::new();
    for known in facts.stages.iter().take(count) {
        let mut copies = match known.base {
            Base::Stage(below) => stages.get(below).cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        for index in known.instructions.clone() {
            let Some(mut copy) = super::copy(file, facts, context, index) else {
                continue;
            };
            let taken = taken(facts, index, &stages);
            if !taken.is_empty() {
                copy.layers = carried(&copy, &taken, context);
            }
            copies.push(copy);
        }
        stages.push(copies);
    }
    stages
}

/// The paths that instruction number `index` takes out of stages before it, with what COPYs put there.
fn taken<'s>(facts: &Facts, index: usize, stages: &'s [Vec<Copy>]) -> Vec<(&'s [Copy], String)> {
    let of_stage = facts.stages.iter().zip(stages);
    of_stage
        .flat_map(|(stage, copies)| {
            let paths = stage.taken.iter().filter(move |taken| taken.instruction == index);
            paths.filter_map(move |taken| {
                let path = taken.path.as_deref()?.trim_matches('/');
                (!path.contains(['*', '?', '['])).then(|| (copies.as_slice(), path.to_owned()))
            })
        })
        .collect()
}

/// What of the context a COPY out of other stages carries along.
fn carried(copy: &Copy, taken: &[(&[Copy], String)], context: &ContextSource) -> Vec<Layer> {
    let Some(destination) = &copy.destination else {
        return Vec::new();
    };
    let into_folder = taken.len() > 1 || copy.destination_text.ends_with(['/', '.']);
    let mut layers = Vec::new();
    for (copies, path) in taken {
        let to = destination.trim_matches('/');
        let name = path.rsplit('/').next().unwrap_or(path);
        for layer in copies.iter().flat_map(|copy| &copy.layers) {
            // Either all that the layer brings is in what is taken, or what is taken is in the layer.
            if let Some(rest) = inside(&layer.to, path) {
                let is_file = rest.is_empty() && !layer.is_folder;
                let place = if is_file && into_folder { name } else { rest };
                layers.push(Layer {
                    from: layer.from.clone(),
                    to: join(to, place),
                    is_folder: layer.is_folder,
                });
            } else if let Some(rest) = inside(path, &layer.to).filter(|_| layer.is_folder) {
                let from = join(&layer.from, rest);
                let is_folder = match context.presence(&from) {
                    Presence::Here(Kind::Folder) => true,
                    Presence::Here(Kind::File) => false,
                    _ => continue,
                };
                let place = if !is_folder && into_folder { name } else { "" };
                layers.push(Layer {
                    from,
                    to: join(to, place),
                    is_folder,
                });
            }
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files as _;
    use crate::syntax;

    /// The texts that the last stage has at `paths`.
    fn texts(dockerfile: &str, paths: &[&str]) -> Vec<Option<String>> {
        let files = [
            ("run.sh", "run\n"),
            ("site/serve.sh", "serve\n"),
            ("site/bin/tool", "tool\n"),
        ];
        let context = ContextSource::in_memory(files).unwrap();
        let file = syntax::parse("Dockerfile", dockerfile).unwrap();
        let facts = Facts::with(&file, &context);
        let copies = of_stage(&file, &facts, facts.stages.len() - 1, &context);
        let view = crate::effects::image_files::View {
            context: &context,
            copies: &copies,
            may_choose_versions: false,
            keeps_builds: false,
        };
        paths.iter().map(|path| view.read(path)).collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_folder_that_another_stage_copied() {
        let text = "FROM node:20 AS builder\nCOPY . /app\nFROM node:20-slim\nCOPY --from=builder /app/site /srv\n";
        assert_eq!(
            texts(text, &["srv/serve.sh", "srv/bin/tool", "srv/run.sh"]),
            [some("serve\n"), some("tool\n"), None]
        );
    }

    #[test]
    fn files_by_their_own_and_by_another_name() {
        let text = "FROM node:20 AS builder\nCOPY run.sh site/serve.sh /app/\nFROM node:20-slim\n\
                    COPY --from=builder /app/run.sh /usr/bin/start\nCOPY --from=0 /app/serve.sh /bin/\n";
        assert_eq!(
            texts(text, &["usr/bin/start", "bin/serve.sh", "app/run.sh"]),
            [some("run\n"), some("serve\n"), None]
        );
    }

    #[test]
    fn through_several_stages_and_below() {
        let text = "FROM node:20 AS base\nCOPY site /site\nFROM base AS builder\nRUN true\nFROM node:20-slim AS last\n\
                    COPY --from=builder /site /out\nFROM last\n";
        assert_eq!(texts(text, &["out/serve.sh"]), [some("serve\n")]);
    }

    #[test]
    fn nothing_of_images_and_patterns() {
        let text = "FROM node:20 AS builder\nCOPY . /app\nFROM node:20-slim\nCOPY --from=busybox /app /app\n\
                    COPY --from=builder /app/*.sh /out/\n";
        assert_eq!(texts(text, &["app/run.sh", "out/run.sh"]), [None, None]);
    }
}
