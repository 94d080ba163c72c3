//! What a build reports while it runs: its steps, which of them failed, and what they write. BuildKit's client says it as a
//! stream of JSON where it knows that, else as plain text; the other engines write text. This is the one reader of both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The most that is kept of a JSON document whose end did not come yet.
const MOST_PENDING: usize = 1024 * 1024;

/// The most steps that are remembered.
const MOST_STEPS: usize = 100_000;

/// The longest start of a line that is kept until the rest of it comes.
const LONGEST_LINE: usize = 16 * 1024;

/// A part of what BuildKit's client reports. The fields have its names.
#[derive(Debug, Deserialize)]
struct Report {
    #[serde(default)]
    vertexes: Vec<Vertex>,
    #[serde(default)]
    logs: Vec<Written>,
}

/// What is new of a step.
#[derive(Debug, Deserialize)]
struct Vertex {
    digest: String,
    #[serde(default)]
    name: String,
    started: Option<String>,
    completed: Option<String>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    error: String,
}

/// What a step wrote.
#[derive(Debug, Deserialize)]
struct Written {
    vertex: String,
    #[serde(default)]
    data: String,
}

/// A step of a build.
#[derive(Debug, Default)]
struct Step {
    /// The digest by which the client tells it from others; in plain text, its number.
    key: String,
    name: String,
    /// Why it failed, and when it ended, where the client tells: seconds, and the fraction of one.
    failure: Option<(String, Option<(String, String)>)>,
    /// Whether its name was said: when it begins, as the client's own text does, so that `CACHED` comes next to it.
    is_named: bool,
    /// Whether its end was said.
    is_done: bool,
    /// The start of a line of which the rest did not come yet.
    line: String,
}

/// What a build reported so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The start of a JSON document.
    pending: String,
    steps: Vec<Step>,
    /// What the client said of the whole build's failure.
    failure: Option<String>,
}

impl Progress {
    /// Takes a line of the client. `say` gets what it means for people, a line each.
    pub(super) fn take(&mut self, line: &str, say: &mut dyn FnMut(&str)) {
        if self.pending.is_empty() && !line.starts_with('{') {
            self.text(line);
            say(line);
            return;
        }
        // A document is one line, or several of which the last one is a brace alone.
        let is_whole = line == "}" || self.pending.is_empty() && line.ends_with('}');
        self.pending.push_str(line);
        if !is_whole && self.pending.len() < MOST_PENDING {
            return;
        }
        let document = std::mem::take(&mut self.pending);
        match serde_json::from_str::<Report>(&document) {
            Ok(report) => self.report(report, say),
            // No document of the client, which then is text.
            Err(_) => say(&document),
        }
    }

    /// The name and the error of the step that failed. Steps that run at the same time are stopped when one fails, and end
    /// after it.
    pub(super) fn failed_step(&self) -> Option<(&str, &str)> {
        let failed = self
            .steps
            .iter()
            .filter_map(|step| Some((step, step.failure.as_ref()?)));
        // Of those without a time, the first to be reported.
        let first = failed.min_by_key(|(_, (_, time))| time.clone())?;
        Some((&first.0.name, &first.1.0))
    }

    /// What the client said last of why the build failed.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Reads a line of plain text. What a command writes has the time behind the number of its step, and so cannot look
    /// like an error of BuildKit.
    fn text(&mut self, line: &str) {
        if let Some(failure) = line.strip_prefix("ERROR: ") {
            self.failure = Some(failure.to_owned());
        }
        let Some((number, rest)) = line.strip_prefix('#').and_then(|line| line.split_once(' ')) else {
            return;
        };
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        let Some(at) = self.step(number) else { return };
        let step = &mut self.steps[at];
        if step.name.is_empty() {
            rest.clone_into(&mut step.name);
        } else if let Some(error) = rest.strip_prefix("ERROR: ") {
            step.failure.get_or_insert_with(|| (error.to_owned(), None));
        }
    }

    fn report(&mut self, report: Report, say: &mut dyn FnMut(&str)) {
        for vertex in report.vertexes {
            let Some(at) = self.step(&vertex.digest) else { continue };
            let step = &mut self.steps[at];
            let number = at + 1;
            if step.name.is_empty() {
                step.name = vertex.name;
            }
            if vertex.started.is_some() || vertex.completed.is_some() {
                step.say_name(number, say);
            }
            let Some(completed) = vertex.completed else { continue };
            step.flush(number, say);
            if !vertex.error.is_empty() {
                say(&format!("#{number} ERROR: {}", vertex.error));
                step.failure = Some((vertex.error, Some(time(&completed))));
            } else if !step.is_done && vertex.cached {
                say(&format!("#{number} CACHED"));
            }
            step.is_done = true;
        }
        for written in report.logs {
            let (Some(at), Ok(bytes)) = (self.step(&written.vertex), STANDARD.decode(written.data)) else {
                continue;
            };
            let step = &mut self.steps[at];
            step.say_name(at + 1, say);
            for part in String::from_utf8_lossy(&bytes).split_inclusive('\n') {
                step.line.push_str(part.trim_end_matches(['\r', '\n']));
                if part.ends_with('\n') || step.line.len() > LONGEST_LINE {
                    step.flush(at + 1, say);
                }
            }
        }
    }

    /// The place of the step that the client calls `key`; none where there are too many.
    fn step(&mut self, key: &str) -> Option<usize> {
        // What is reported is mostly about the latest steps.
        if let Some(at) = self.steps.iter().rposition(|step| step.key == key) {
            return Some(at);
        }
        if self.steps.len() == MOST_STEPS {
            return None;
        }
        self.steps.push(Step {
            key: key.to_owned(),
            ..Step::default()
        });
        Some(self.steps.len() - 1)
    }
}

impl Step {
    fn say_name(&mut self, number: usize, say: &mut dyn FnMut(&str)) {
        if !self.is_named && !self.name.is_empty() {
            say(&format!("#{number} {}", self.name));
            self.is_named = true;
        }
    }

    /// Says what it wrote of its last line.
    fn flush(&mut self, number: usize, say: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            say(&format!("#{number} {}", self.line));
            self.line.clear();
        }
    }
}

/// A time as parts that are compared: `2026-11-27T17:46:20` and the fraction of a second, of which the client leaves out
/// zeros at the end.
fn time(text: &str) -> (String, String) {
    let (seconds, fraction) = text.trim_end_matches('Z').split_once('.').unwrap_or((text, ""));
    (seconds.trim_end_matches('Z').to_owned(), format!("{fraction:0<9}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(lines: &str) -> (Progress, Vec<String>) {
        let (mut progress, mut said) = (Progress::default(), Vec::new());
        for line in lines.lines() {
            progress.take(line, &mut |line| said.push(line.to_owned()));
        }
        (progress, said)
    }

    /// Two steps that run at the same time, of which one is stopped by the failure of the other and reported before it.
    const STOPPED: &str = r##"{"vertexes": [{"digest": "sha256:a", "name": "[a 2/2] RUN x"}, {"digest": "sha256:b", "name": "[b 2/2] RUN y"}]}
{
  "logs": [
    {
      "vertex": "sha256:a",
      "stream": 1,
      "data": "IzIgRVJST1I6IHgKaGVs"
    },
    {"vertex": "sha256:a", "data": "bG8K"}
  ]
}
{"vertexes": [{"digest": "sha256:b", "completed": "2026-11-27T17:46:20.5Z", "error": "context canceled"}]}
{"vertexes": [{"digest": "sha256:a", "completed": "2026-11-27T17:46:20.251739734Z", "error": "exit code: 3"}]}
Dockerfile:2
ERROR: failed to solve: exit code: 3
"##;

    #[test]
    fn the_step_that_failed_is_the_one_that_ended_first() {
        let (progress, said) = taken(STOPPED);
        assert_eq!(progress.failed_step(), Some(("[a 2/2] RUN x", "exit code: 3")));
        assert_eq!(progress.failure(), Some("failed to solve: exit code: 3"));
        let expected = [
            "#1 [a 2/2] RUN x",
            // What a command writes is read by people alone.
            "#1 #2 ERROR: x",
            "#1 hello",
            "#2 [b 2/2] RUN y",
            "#2 ERROR: context canceled",
            "#1 ERROR: exit code: 3",
            "Dockerfile:2",
            "ERROR: failed to solve: exit code: 3",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn plain_text_is_read_too() {
        let (progress, said) =
            taken("#5 [a 2/2] RUN x\n#6 [b] RUN y\n#5 0.2 #6 ERROR: no\n#5 ERROR: 3\n#6 ERROR: canceled\n");
        assert_eq!(progress.failed_step(), Some(("[a 2/2] RUN x", "3")));
        assert_eq!(said.len(), 5);
        let (progress, _) = taken("STEP 1/2: FROM x\n# ERROR: a\n#x ERROR: b\n");
        assert_eq!((progress.failed_step(), progress.failure()), (None, None));
    }

    #[test]
    fn what_is_no_document_is_text_and_none_grows_without_end() {
        let (progress, said) = taken("{ echo; }\n{\n\"vertexes\": 3\n}\n#1 x\n");
        assert_eq!(said, ["{ echo; }", "{\"vertexes\": 3}", "#1 x"]);
        assert_eq!(progress.pending, "");
        let (mut progress, mut said) = (Progress::default(), 0);
        progress.take("{", &mut |_| {});
        for _ in 0..100 {
            progress.take(&"x".repeat(LONGEST_LINE), &mut |line| said += line.len());
        }
        assert!(progress.pending.len() < MOST_PENDING && said >= MOST_PENDING);
    }

    #[test]
    fn times_are_compared_by_their_value() {
        assert!(time("2026-11-27T17:46:20Z") < time("2026-11-27T17:46:20.05Z"));
        assert!(time("2026-11-27T17:46:20.05Z") < time("2026-11-27T17:46:20.5Z"));
        assert!(time("2026-11-27T17:46:20.5Z") < time("2026-11-27T17:46:21Z"));
    }
}
