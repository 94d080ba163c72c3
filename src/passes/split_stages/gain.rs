//! What a split would gain.

use crate::facts::{Base, Facts, ImageReference, Stage};
use crate::knowledge::{Action, Kind, Purpose, Release, Slimmer, slimmer};
use crate::syntax::Dockerfile;

use super::{development, packages};

/// What a split of the last stage would gain: the packages that only builds use, a smaller image, and development
/// dependencies.
pub(super) struct Gain {
    pub(super) packages: Vec<(usize, String)>,
    pub(super) smaller: Option<Slimmer>,
    /// Whether a project of Node.js is installed and built, which takes development dependencies.
    pub(super) development: bool,
}

impl Gain {
    /// Looks for what a split gains; none where there is nothing.
    pub(super) fn of(file: &Dockerfile, facts: &Facts, stage: &Stage) -> Option<(Gain, ImageReference, Release)> {
        let Base::Image(image) = &stage.base else { return None };
        let release = super::release(file, stage)?;
        let range = stage.instructions.clone();
        let mut packages: Vec<(usize, String)> = Vec::new();
        let (mut installs, mut builds) = (false, false);
        for index in range.clone() {
            let Some(run) = facts.run(file, index) else { continue };
            let removed = packages::removed_again(run);
            for used in run.commands.iter().filter_map(|command| command.manager.as_ref()) {
                if development::is_node(used) {
                    installs |= used.action == Action::Install && !development::is_global(used);
                    builds |= matches!(used.action, Action::Build | Action::Run | Action::Exec);
                }
                if used.manager.kind != Kind::System || used.action != Action::Install {
                    continue;
                }
                let is_virtual = used.options.iter().any(|(name, value, _)| {
                    matches!(name.as_str(), "-t" | "--virtual") && value.as_ref().is_some_and(|v| removed.contains(v))
                });
                let stays = |name: &str| !is_virtual && !removed.iter().any(|gone| gone == name);
                let names = used.packages.iter().map(|(name, ..)| name).filter(|name| stays(name));
                packages.extend(
                    names
                        .filter(|name| packages::is_for_builds(name, &release))
                        .map(|name| (index, name.clone())),
                );
            }
        }
        let from = file.instructions.get(range.start)?;
        let is_plain = image.digest.is_none() && !from.node().words().first()?.value.contains('$');
        let smaller = slimmer(&image.repository(), image.tag.as_deref()).filter(|_| is_plain);
        let smaller = smaller.filter(|smaller| {
            matches!(
                smaller.purpose,
                Purpose::Same | Purpose::Binaries | Purpose::JavaPrograms | Purpose::DotnetWeb
            )
        });
        let gain = Gain {
            packages,
            smaller,
            development: installs && builds,
        };
        let is_something = !gain.packages.is_empty() || gain.smaller.is_some() || gain.development;
        is_something.then(|| (gain, image.clone(), release))
    }
}
