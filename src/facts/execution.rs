//! What RUN, CMD, ENTRYPOINT and HEALTHCHECK execute: their bodies as commands.

use std::ops::Range;

use crate::shell::{self, Script};
use crate::syntax::{Arguments, Keyword, Logical, Node, csv_fields};

use super::command::{Command, FileRedirect, Reader};
use super::scope::{Scope, Shell};

/// What an instruction executes.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The body.
    pub body: Body,
    /// Every command of the body in source order, nested ones included; empty where the body is opaque.
    pub commands: Vec<Command>,
    /// The files that compound commands as a whole read and write: `{ …; } > file`.
    pub redirects: Vec<FileRedirect>,
    /// RUN's mounts.
    pub mounts: Vec<Mount>,
}

/// The text that is executed.
#[derive(Clone, Debug)]
pub enum Body {
    /// A shell script that was parsed.
    Script(ScriptBody),
    /// The exec form.
    Exec,
    /// A text that is left as it is, and why.
    Opaque(String),
}

/// A shell script and where it stands in the instruction's text.
#[derive(Clone, Debug)]
pub struct ScriptBody {
    /// The script. Its spans count in [`Self::text`].
    pub script: Script,
    /// Whether it is the body of a heredoc.
    pub is_heredoc: bool,
    source: Logical,
}

impl ScriptBody {
    /// The text that the shell sees.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// Where `span` of the script stands in the instruction's text.
    pub fn source(&self, span: Range<usize>) -> Range<usize> {
        self.source.source_range(span)
    }

    /// Where `span` stands, with the continuation that may stand between it and the character before it.
    pub fn source_behind(&self, span: Range<usize>) -> Range<usize> {
        let start = match span.start.checked_sub(1) {
            Some(before) => self.source.source_range(before..span.start).end,
            None => self.source.source_start(span.start),
        };
        start..self.source.source_range(span).end
    }
}

/// A `--mount` of a RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where the flag stands in the instruction's text.
    pub range: Range<usize>,
    /// `bind`, `cache`, `tmpfs`, `secret` or `ssh`.
    pub kind: String,
    /// Where it is mounted, by the defaults of ARGs; none where a variable or an unknown folder hides it, and for a
    /// secret without a target.
    pub path: Option<String>,
    /// The fields as written, in lower case before the `=`.
    pub fields: Vec<(String, Option<String>)>,
}

impl Mount {
    /// The value of the first field that has one of `names`.
    pub fn field(&self, names: &[&str]) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(name, _)| names.contains(&name.as_str()))?;
        value.as_deref()
    }

    /// Where it is mounted, as written.
    pub fn target(&self) -> Option<&str> {
        self.field(&["target", "dst", "destination"])
    }
}

/// Reads what an instruction executes in `scope`, or ONBUILD's trigger in a child; none for instructions that execute
/// nothing.
pub(super) fn of(node: &Node, text: &str, scope: &Scope) -> Option<Execution> {
    let arguments = match (&node.arguments, node.keyword) {
        (Arguments::Trigger(trigger), _) => return of(trigger, text, scope),
        (Arguments::Healthcheck(command), _) => command.as_deref()?,
        (arguments, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint) => arguments,
        _ => return None,
    };
    let mounts = node
        .flags_named("mount")
        .filter_map(|flag| mount(flag.value.as_deref()?, flag.range.clone(), scope))
        .collect();
    let mut reader = Reader::new(scope);
    let body = match arguments {
        Arguments::Exec(words) => {
            reader.exec(words);
            Body::Exec
        }
        Arguments::Shell(line) => body(node, line, text, scope),
        _ => return None,
    };
    if let Body::Script(script) = &body {
        reader.script(&script.script, options(scope));
    }
    Some(Execution {
        body,
        commands: reader.commands,
        redirects: reader.compound_redirects,
        mounts,
    })
}

impl Execution {
    /// `npx tsc`: whether command number `number` is one that the manager before it runs.
    #[must_use]
    pub fn is_run_by_the_one_before(&self, number: usize) -> bool {
        // The words of an exec form have no place in a script.
        let is_exec = matches!(self.body, Body::Exec);
        let before = number.checked_sub(1).and_then(|before| self.commands.get(before));
        before.zip(self.commands.get(number)).is_some_and(|(outer, command)| {
            outer.manager.is_some() && outer.span == command.span && (is_exec || !command.span.is_empty())
        })
    }

    /// Takes the text of a shell script that is run in `scope` and the folder it runs in; returns its commands.
    ///
    /// # Errors
    /// Where the text is not understood, and why.
    pub fn of_script(text: &str, scope: &Scope, workdir: Option<&str>) -> Result<Execution, String> {
        let script = shell::parse(text).map_err(|opaque| opaque.to_string())?;
        let mut scope = scope.clone();
        scope.workdir = workdir.map(str::to_owned);
        let mut reader = Reader::new(&scope);
        reader.script(&script, shell::ShellOptions::default());
        Ok(Execution {
            body: Body::Exec,
            commands: reader.commands,
            redirects: reader.compound_redirects,
            mounts: Vec::new(),
        })
    }
}

fn options(scope: &Scope) -> shell::ShellOptions {
    if let Shell::Posix(options) = scope.shell {
        options
    } else {
        shell::ShellOptions::default()
    }
}

fn body(node: &Node, line: &Logical, text: &str, scope: &Scope) -> Body {
    match &scope.shell {
        Shell::Posix(_) => {}
        Shell::Windows => return Body::Opaque("it runs on Windows".to_owned()),
        Shell::Other(shell) => return Body::Opaque(format!("it is written for {shell}")),
    }
    let source = match node.heredocs.as_slice() {
        [] => line.clone(),
        // `RUN <<EOF`: the body is the script, unless it names its own interpreter.
        [heredoc] if node.keyword == Keyword::Run && is_lone_heredoc(line.text()) => {
            let body = text.get(heredoc.body.clone()).unwrap_or_default();
            if body.trim_start().starts_with("#!") {
                return Body::Opaque("the heredoc names its own interpreter".to_owned());
            }
            Logical::of(body, heredoc.body.start)
        }
        _ => return Body::Opaque("heredocs are files for its command".to_owned()),
    };
    match shell::parse(source.text()) {
        Ok(script) => Body::Script(ScriptBody {
            script,
            is_heredoc: !node.heredocs.is_empty(),
            source,
        }),
        Err(opaque) => Body::Opaque(format!("the shell text was not understood: {opaque}")),
    }
}

/// Whether the line is nothing but the word that announces a heredoc for standard input.
fn is_lone_heredoc(line: &str) -> bool {
    let word = line.trim();
    word.starts_with("<<")
        && !word
            .trim_start_matches(['<', '-'])
            .trim_start()
            .contains(char::is_whitespace)
}

fn mount(value: &str, range: Range<usize>, scope: &Scope) -> Option<Mount> {
    let fields: Vec<(String, Option<String>)> = csv_fields(value)?
        .iter()
        .map(|field| match field.split_once('=') {
            Some((name, value)) => (name.to_lowercase(), Some(value.to_owned())),
            None => (field.to_lowercase(), None),
        })
        .collect();
    let kind = fields
        .iter()
        .find(|(name, _)| name == "type")
        .and_then(|(_, kind)| kind.clone());
    let mut mount = Mount {
        range,
        kind: kind.unwrap_or_else(|| "bind".to_owned()),
        path: None,
        fields,
    };
    // BuildKit replaces variables in here whatever the escape character of the file is.
    let target = mount.target().and_then(|target| super::resolved(scope, target, '\\'));
    mount.path = target.and_then(|(target, _)| scope.absolute(&target));
    Some(mount)
}
