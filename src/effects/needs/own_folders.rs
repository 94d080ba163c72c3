//! Which steps use by its path what was installed into the interpreter's own folders. In a virtual environment it would be
//! elsewhere.

use crate::effects::ecosystems::Output;
use crate::effects::steps::{Step, StepKind};
use crate::effects::{AbsolutePath, Place};

const PROGRAMS: &str = "/usr/local/bin";
const LIBRARIES: &str = "/usr/local/lib/python*";

/// The first step that uses something of the interpreter's own folders after a step that installed there: its instruction, and
/// what it uses. Of a step that may do anything only the program is looked at.
pub(crate) fn first_use<'s>(steps: impl Iterator<Item = &'s Step>) -> Option<(usize, String)> {
    // Those that installed nothing there.
    let mut earlier: Vec<&Step> = Vec::new();
    let mut is_installed = false;
    for step in steps {
        if is_installed && let Some(what) = used(step, &earlier) {
            return Some((step.instruction, what));
        }
        if step.outputs.iter().any(is_of_interpreter) {
            is_installed = true;
        } else {
            earlier.push(step);
        }
    }
    None
}

fn is_of_interpreter(output: &Output) -> bool {
    matches!(output, Output::PythonSite | Output::PythonTools(_))
}

/// What a step uses that none of the earlier ones wrote by its name.
fn used(step: &Step, earlier: &[&Step]) -> Option<String> {
    let effects = &step.effects;
    let is_written = |path: &AbsolutePath| {
        let exactly = Place::Exactly(path.clone());
        let mut written = earlier.iter().flat_map(|step| &step.effects.writes);
        written.any(|place| *place != Place::Anywhere && place.covers(&exactly))
    };
    let is_own = |path: &&AbsolutePath| is_of_folders(path) && !is_written(path);
    let programs: Vec<AbsolutePath> = effects
        .runs
        .iter()
        .filter_map(|run| AbsolutePath::of(run, None))
        .collect();
    if let Some(path) = programs.iter().chain(&effects.requires).find(is_own) {
        return Some(format!("names {path}"));
    }
    if effects.unknown.is_some() || step.kind == StepKind::Build || step.kind == StepKind::Packages {
        return None;
    }
    let mut places = effects.reads.iter().chain(&effects.links_to);
    places.find_map(|place| match place {
        Place::Exactly(path) | Place::Under(path) | Place::Pattern(path) if is_of_folders(path) => {
            (!is_written(path)).then(|| format!("names {path}"))
        }
        _ => (!effects.writes.is_empty() && may_be_of_folders(place)).then(|| match place.path() {
            Some(path) => format!("uses what is in {path}"),
            None => "uses a file whose name is not known".to_owned(),
        }),
    })
}

/// Whether a path is one within the folders.
fn is_of_folders(path: &AbsolutePath) -> bool {
    let exactly = Place::Exactly(path.clone());
    let is_within = |folder: &str| Place::of_pattern(AbsolutePath::root().join(folder)).covers(&exactly);
    path.as_str() != PROGRAMS && is_within(PROGRAMS) || is_within(LIBRARIES)
}

/// Whether a place that says less than one path may have something of the folders.
fn may_be_of_folders(place: &Place) -> bool {
    let within = |folder: &str| Place::of_pattern(AbsolutePath::root().join(folder).join("*"));
    !matches!(place, Place::Exactly(_))
        && [PROGRAMS, LIBRARIES]
            .into_iter()
            .any(|folder| place.meets(&within(folder)))
}

#[cfg(test)]
mod tests {
    use crate::context::ContextSource;
    use crate::effects::steps;
    use crate::facts::Facts;

    /// What is used by `run` after an install.
    fn used_by(run: &str) -> Option<String> {
        let text = format!("FROM python:3.12\nARG DIR=/usr/local\nWORKDIR /app\nRUN pip install flask\n{run}\n");
        let file = crate::syntax::parse("Dockerfile", &text).unwrap();
        let facts = Facts::of(&file);
        let context = ContextSource::in_memory::<&str, &str>([]).unwrap();
        let steps = steps::of_stage(&file, &facts, &facts.stages[0], &context);
        super::first_use(steps.iter()).map(|(_, what)| what)
    }

    #[test]
    fn what_names_an_installed_program_or_may() {
        for run in [
            "RUN cp /usr/local/bin/flask /opt/flask",
            "RUN ln -s /usr/local/bin/flask /usr/bin/flask",
            "RUN cd /usr/local/bin && ln -s flask serve",
            "RUN chmod +x /usr/local/bin/flask",
            "RUN install -m755 $DIR/bin/flask /opt/flask",
            "RUN ln -s ${DIR}/bin/flask /usr/bin/flask",
            "RUN cp -r /usr/local /opt/all",
            "RUN cp /usr/local/lib/python3.12/site-packages/flask/app.py /opt/",
            "RUN /usr/local/bin/flask --version",
        ] {
            assert!(used_by(run).is_some(), "{run}");
        }
    }

    #[test]
    fn what_names_other_files() {
        for run in [
            "RUN curl -fsSLo /usr/local/bin/tini https://example.com/tini && chmod +x /usr/local/bin/tini",
            "RUN cp app.py /opt/app.py",
            "RUN find /usr/local -name '*.pyc' -delete",
            "RUN ls /usr/local/bin",
            "RUN ln -s /app/bin/run /usr/local/bin/run",
        ] {
            assert_eq!(used_by(run), None, "{run}");
        }
    }
}
