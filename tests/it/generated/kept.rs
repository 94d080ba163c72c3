//! Whether what a start reads is in the last stage, told from the text of the Dockerfile and from how the generator made
//! it: nothing of the effects and of the validator is asked.

use plimsoll::syntax::{self, Dockerfile, Instruction, Keyword};

use super::draft::Made;

/// The most stages that one path is followed through.
const MOST_STAGES: usize = 8;

/// Whether the last stage of a Dockerfile has what the history made, from every step that made it.
pub fn has(text: &str, history: &[Made]) -> bool {
    let variables = variables(text);
    let file = syntax::parse("Dockerfile", &resolved(text, &variables)).unwrap();
    let stages = stages(&file);
    let history: Vec<Made> = history.iter().map(|made| resolved_step(made, &variables)).collect();
    let Some((last, before)) = history.split_last() else {
        return true;
    };
    let end = stages.len() - 1;
    in_stage(&stages, end, &last.path, last.by.as_deref(), before, MOST_STAGES)
}

/// The variables of the draft, which have one value each.
fn variables(text: &str) -> Vec<(&str, &str)> {
    let words = text
        .lines()
        .filter_map(|line| line.strip_prefix("ENV ").or(line.strip_prefix("ARG ")));
    words
        .filter_map(|word| word.split_once('='))
        .filter(|(name, _)| name.starts_with("DEST"))
        .collect()
}

fn resolved(text: &str, variables: &[(&str, &str)]) -> String {
    variables.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value)
            .replace(&format!("${name}"), value)
    })
}

fn resolved_step(made: &Made, variables: &[(&str, &str)]) -> Made {
    Made {
        path: made.path.clone(),
        by: made.by.as_ref().map(|by| resolved(by, variables)),
    }
}

/// Whether a stage has `path`: a step in it wrote it, and it has what that step worked on, or a COPY brought it.
fn in_stage(
    stages: &[Vec<&Instruction>],
    at: usize,
    path: &str,
    by: Option<&str>,
    before: &[Made],
    most: usize,
) -> bool {
    if most == 0 {
        return false;
    }
    let chain = chain(stages, at);
    let is_run = |step: &&&Instruction| step.keyword() == Keyword::Run;
    let ran = by.is_some_and(|by| {
        chain
            .iter()
            .filter(is_run)
            .any(|step| plain(step.text()).contains(&plain(by)))
    });
    if ran {
        return match before.split_last() {
            None => true,
            Some((last, before)) => in_stage(stages, at, &last.path, last.by.as_deref(), before, most - 1),
        };
    }
    let mut folder = "/".to_owned();
    for step in chain {
        if let Some(next) = workdir(step) {
            folder = absolute(&folder, &next);
        }
        if !matches!(step.keyword(), Keyword::Copy | Keyword::Add) {
            continue;
        }
        let brought = brought(step, &folder, path);
        let is_there = match step.node().flag("from") {
            None => by.is_none() && !brought.is_empty(),
            Some(from) => number_of(stages, from).is_some_and(|from| {
                let mut sources = brought.iter();
                sources.any(|source| in_stage(stages, from, source, by, before, most - 1))
            }),
        };
        if is_there {
            return true;
        }
    }
    false
}

/// The letters of commands alone: quotes and joints of lines may change.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "/._-=$%+:".contains(*letter))
        .collect()
}

fn stages(file: &Dockerfile) -> Vec<Vec<&Instruction>> {
    let mut stages: Vec<Vec<&Instruction>> = Vec::new();
    for step in &file.instructions {
        if step.keyword() == Keyword::From {
            stages.push(Vec::new());
        }
        if let Some(stage) = stages.last_mut() {
            stage.push(step);
        }
    }
    stages
}

fn number_of(stages: &[Vec<&Instruction>], name: &str) -> Option<usize> {
    let is_called = |stage: &Vec<&Instruction>| match stage[0].node().words() {
        [_, _, own] => own.value.eq_ignore_ascii_case(name),
        _ => false,
    };
    stages.iter().position(is_called)
}

/// The instructions of a stage, after those of the stages that it is built on.
fn chain<'a>(stages: &[Vec<&'a Instruction>], at: usize) -> Vec<&'a Instruction> {
    let own = stages[at].clone();
    let below = stages[at][0].node().words().first();
    match below.and_then(|base| number_of(&stages[..at], &base.value)) {
        Some(below) => [chain(stages, below), own].concat(),
        None => own,
    }
}

fn workdir(step: &Instruction) -> Option<String> {
    let text = step.text().trim();
    (step.keyword() == Keyword::Workdir).then(|| text.split_whitespace().nth(1).unwrap_or_default().to_owned())
}

fn absolute(folder: &str, path: &str) -> String {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    match path {
        "" | "." => folder.to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => format!("{}/{path}", folder.trim_end_matches('/')),
    }
}

/// What of its sources a COPY may bring to `path`; a source may be the file itself or a folder around it.
fn brought(step: &Instruction, folder: &str, path: &str) -> Vec<String> {
    let words = step.node().words();
    let Some((target, sources)) = words.split_last() else {
        return Vec::new();
    };
    let target = absolute(folder, &target.value);
    let Some(rest) = path.strip_prefix(target.trim_end_matches('/')) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for source in sources {
        let source = source.value.trim_end_matches('/');
        let name = source.rsplit('/').next().unwrap_or(source);
        if rest.is_empty() || rest.starts_with('/') {
            found.push(format!("{source}{rest}"));
        }
        if rest.strip_prefix('/').is_some_and(|rest| rest == name) {
            found.push(source.to_owned());
        }
    }
    found
}
