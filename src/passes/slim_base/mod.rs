//! `slim-base`: the runtime stage on the slim variant of its image. See `docs/passes/slim-base.md`.

use crate::edits::system_packages;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Base, Facts, Shell};
use crate::knowledge::{CALLS_ARE_SHOWN, Purpose, release_of, slimmer};
use crate::syntax::{Dockerfile, Edit, Keyword};

use super::split_stages::{builds, is_runtime_stage, tools_of, without};
use super::{Change, Level, Outcome, Pass, PassOptions, Refusal};
use crate::effects::needs::{Needs, lacking, nameless_need};

/// Puts the last stage on a smaller variant of the same image, of the same version and release.
pub struct SlimBase;

impl Pass for SlimBase {
    fn id(&self) -> &'static str {
        "slim-base"
    }

    fn level(&self) -> Level {
        Level::Standard
    }

    fn page(&self) -> &'static str {
        include_str!("../../../docs/passes/slim-base.md")
    }

    fn run(&self, file: &mut Dockerfile, facts: &Facts, options: &PassOptions) -> Outcome {
        let mut outcome = Outcome::default();
        let Some((number, stage)) = facts.stages.iter().enumerate().next_back() else {
            return outcome;
        };
        let Base::Image(image) = &stage.base else {
            return outcome;
        };
        let range = stage.instructions.clone();
        let is_kept = facts.skips(range.start, self.id());
        let is_split = is_runtime_stage(file, stage);
        if is_kept || !is_split && options.level < Level::Aggressive {
            return outcome;
        }
        let Some(smaller) = slimmer(&image.repository(), image.tag.as_deref()) else {
            return outcome;
        };
        if smaller.purpose != Purpose::Same {
            return outcome;
        }
        let Some(from) = file.instructions.get(range.start) else {
            return outcome;
        };
        let Some(lines) = from.lines else { return outcome };
        let refusal = |obstacle: Obstacle| {
            let what = format!("use {}:{}, which is smaller", smaller.image, smaller.tag);
            Refusal::new(SlimBase.id(), lines, what, obstacle)
        };
        let word = from.node().words().first().cloned();
        let Some(word) = word.filter(|word| !word.value.contains('$') && image.digest.is_none()) else {
            outcome.refusals.push(refusal(Obstacle::new(
                ObstacleKind::UnknownPackage,
                "FROM names the image by a variable or a digest",
                "name the slim variant in its place",
            )));
            return outcome;
        };
        let is_posix = range.clone().all(|index| {
            facts
                .scope(index)
                .is_none_or(|scope| matches!(scope.shell, Shell::Posix(_)))
        });
        let triggers = range.clone().any(|index| {
            file.instructions
                .get(index)
                .is_some_and(|i| i.keyword() == Keyword::Onbuild)
        });
        if !is_posix || triggers {
            return outcome;
        }
        let Some(context) = options.context.as_deref() else {
            outcome.refusals.push(refusal(Obstacle::new(
                ObstacleKind::MissingFile,
                "without the build context nothing tells which tools and libraries the program uses",
                "name the Dockerfile by its path, or its build context with --context DIR",
            )));
            return outcome;
        };
        if let Some(line) = builds(file, facts, stage) {
            outcome.refusals.push(refusal(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("line {line} installs or compiles in this stage, for which the larger image may be needed"),
                "install and compile in a stage of its own",
            )));
            return outcome;
        }
        let Some(release) = release_of(&image.repository(), image.tag.as_deref()) else {
            return outcome;
        };
        let needs = Needs::of(file, facts, stage, context, release.family);
        if let Some(evidence) = &needs.builds_at_start {
            outcome.refusals.push(refusal(Obstacle::new(
                ObstacleKind::NeededAtRunTime,
                format!("{} {}", evidence.place, evidence.fact),
                "install and compile in the Dockerfile, and start the result",
            )));
            return outcome;
        }
        if let Err(obstacle) = answered(&needs, options.level) {
            outcome.refusals.push(refusal(obstacle));
            return outcome;
        }
        if let Some(need) = nameless_need(&image.repository(), &release) {
            outcome.refusals.push(refusal(Obstacle::new(
                ObstacleKind::UnknownPackage,
                format!("programs built on the image need {need}, and its name in this release is not known"),
                "name an image whose tag tells the release of the distribution",
            )));
            return outcome;
        }
        let extra = lacking(
            file,
            facts,
            range.clone(),
            &needs,
            &release,
            image,
            (&smaller.image, &smaller.tag),
        );
        let extra = match extra {
            Ok(extra) => extra,
            Err(unknown) => {
                outcome.refusals.push(refusal(unknown.obstacle()));
                return outcome;
            }
        };
        let on = (smaller.image.as_str(), Some(smaller.tag.as_str()));
        let site = system_packages::Site {
            file,
            facts,
            stage: number,
            on,
            family: release.family,
        };
        if let Err(obstacle) = system_packages::can_add(&site, &extra, &needs) {
            outcome.refusals.push(refusal(obstacle));
            return outcome;
        }
        let edit = Edit::replace(word.range, with_tag(&word.value, &smaller.tag));
        let old = file.clone();
        if file.edit(range.start, vec![edit]).is_err() {
            return outcome;
        }
        let names: Vec<String> = extra.iter().map(|(name, _)| name.clone()).collect();
        let mut lines = lines;
        if !names.is_empty() {
            let Some(changed) = system_packages::add(file, facts, number, release.family, &names) else {
                *file = old;
                return outcome;
            };
            lines = changed.map_or(lines, |changed| lines.join(changed));
        }
        let mut what = format!("use {} in place of {}", with_tag(&word.value, &smaller.tag), word.value);
        if !names.is_empty() {
            what.push_str(&format!(", with {}", names.join(", ")));
        }
        let left_out = tools_of(&word.value, &with_tag(&word.value, &smaller.tag));
        outcome.changes.push(Change {
            pass: self.id(),
            level: if is_split { Level::Standard } else { Level::Aggressive },
            lines,
            what,
            why: "the same version on the same release of the distribution, without compilers, headers and tools that nothing here calls".to_owned(),
            evidence: extra.into_iter().map(|(name, evidence)| super::Evidence {
                place: evidence.place,
                fact: format!("{}: {name}", evidence.fact),
            }).collect(),
            assumptions: without(CALLS_ARE_SHOWN, &[left_out]).into_iter().collect(),
        });
        outcome
    }
}

/// Refuses a stage of which it is not known what it runs, or what that calls.
fn answered(needs: &Needs, level: Level) -> Result<(), Obstacle> {
    match needs.may_miss_tools(level).or(needs.unread_manifest.as_ref()) {
        Some(unanswered) => Err(unanswered.obstacle()),
        None if !needs.starts => Err(Obstacle::new(
            ObstacleKind::UnknownNeed,
            "nothing tells what the image runs",
            "start a program or a script of the build context in CMD or ENTRYPOINT",
        )),
        None => Ok(()),
    }
}

/// The image as written, with another tag.
fn with_tag(image: &str, tag: &str) -> String {
    let (folder, name) = image
        .rsplit_once('/')
        .map_or(("", image), |(folder, name)| (folder, name));
    let name = name.split(':').next().unwrap_or(name);
    if folder.is_empty() {
        format!("{name}:{tag}")
    } else {
        format!("{folder}/{name}:{tag}")
    }
}
