//! What a file means: stages, scopes, commands.

use plimsoll::facts::{Base, Body, Command, Facts, Shell, User};
use plimsoll::syntax::{self, Dockerfile};

/// A file with its facts.
struct Known {
    file: Dockerfile,
    facts: Facts,
}

impl Known {
    fn of(text: &str) -> Known {
        let file = syntax::parse("Dockerfile", text).unwrap();
        let facts = Facts::of(&file);
        Known { file, facts }
    }

    /// The number of the instruction on a line.
    fn on(&self, line: usize) -> usize {
        let is_there = |instruction: &syntax::Instruction| instruction.lines.unwrap().first == line;
        self.file.instructions.iter().position(is_there).unwrap()
    }

    /// The value of a variable before the instruction on a line, and whether every build sees it.
    fn variable(&self, line: usize, name: &str) -> Option<(String, bool)> {
        let variable = self.facts.scope(self.on(line)).unwrap().variables.get(name)?;
        Some((variable.value.clone()?, variable.certain))
    }

    fn user(&self, line: usize) -> &User {
        &self.facts.scope(self.on(line)).unwrap().user
    }

    fn workdir(&self, line: usize) -> Option<&str> {
        self.facts.scope(self.on(line)).unwrap().workdir.as_deref()
    }

    /// The lines behind the one on `line` that run on top of it.
    fn later(&self, line: usize) -> Vec<usize> {
        let later = self.facts.later(self.on(line)).into_iter();
        later
            .map(|index| self.file.instructions[index].lines.unwrap().first)
            .collect()
    }
}

/// The commands of a RUN in an image with the usual tools.
fn commands(body: &str) -> Vec<Command> {
    let known = Known::of(&format!("FROM debian:12\nWORKDIR /src\nRUN {body}\n"));
    known.facts.run(&known.file, 2).unwrap().commands.clone()
}

fn words(command: &Command) -> String {
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    words.join(" ")
}

fn all_words(body: &str) -> Vec<String> {
    commands(body).iter().map(words).collect()
}

const STAGES: &str = "\
ARG BASE=debian:12
FROM ${BASE} AS base
RUN one
FROM base AS Left
RUN two
FROM base
RUN three
FROM scratch
COPY --from=LEFT /a /a
COPY --from=2 /b /b
FROM alpine AS tool
CMD four
";

#[test]
fn stages_know_what_they_stand_on() {
    let Known { facts, .. } = Known::of(STAGES);
    let Base::Image(image) = &facts.stages[0].base else {
        panic!("{:?}", facts.stages[0].base);
    };
    assert_eq!((image.name.as_str(), image.tag.as_deref()), ("debian", Some("12")));
    assert_eq!(facts.stages[1].base, Base::Stage(0));
    assert_eq!(facts.stages[1].name.as_deref(), Some("left"));
    assert_eq!(facts.stages[2].base, Base::Stage(0));
    assert_eq!(facts.stages[2].name, None);
    assert_eq!(facts.stages[3].base, Base::Scratch);
    let Known { facts, .. } = Known::of("ARG BASE\nFROM $BASE\nFROM base AS base\nFROM base\n");
    assert_eq!(facts.stages[0].base, Base::Unknown);
    // A stage's own name is not known before it.
    assert!(matches!(facts.stages[1].base, Base::Image(_)));
    assert_eq!(facts.stages[2].base, Base::Stage(1));
}

#[test]
fn stages_know_what_is_taken_from_them() {
    let Known { facts, .. } = Known::of(STAGES);
    let taken = |stage: usize| {
        let taken = facts.stages[stage].taken.iter();
        taken.map(|taken| taken.path.as_deref().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((taken(0), taken(1), taken(2)), (vec![], vec!["/a"], vec!["/b"]));
    let mounted = "FROM a AS x\nFROM b\nRUN --mount=from=x,source=/out,target=/in true\nCOPY --from=x $OUT /\n";
    let Known { facts, .. } = Known::of(mounted);
    let paths: Vec<_> = facts.stages[0]
        .taken
        .iter()
        .map(|taken| taken.path.as_deref())
        .collect();
    assert_eq!(paths, [Some("/out"), None]);
}

#[test]
fn families_and_what_is_shipped() {
    let known = Known::of(STAGES);
    assert_eq!(known.facts.family(0), [0, 1, 2]);
    assert_eq!(known.facts.family(1), [1]);
    let shipped: Vec<bool> = (0..5).map(|stage| known.facts.is_shipped(stage)).collect();
    // Nothing takes from the fourth, so that it is a target of its own; the others are builders.
    assert_eq!(shipped, [false, false, false, true, true]);
    let base = Known::of("FROM a AS base\nFROM base AS build\nFROM base\nCOPY --from=build / /\n");
    assert!(base.facts.is_shipped(0));
    assert!(!base.facts.is_shipped(1));
}

#[test]
fn what_runs_later_on_top() {
    let known = Known::of(STAGES);
    assert_eq!(known.later(3), [4, 5, 6, 7]);
    assert_eq!(known.later(5), [0; 0]);
}

#[test]
fn an_arg_before_from_is_for_from_lines() {
    let known = Known::of("ARG A=1\nARG B=2\nFROM debian\nARG A\nRUN x\nFROM alpine\nRUN y\n");
    assert_eq!(known.variable(5, "A"), Some(("1".into(), false)));
    assert_eq!(known.variable(5, "B"), None);
    assert_eq!(known.variable(7, "A"), None);
}

#[test]
fn env_wins_over_arg() {
    let known = Known::of("FROM debian\nENV A=env\nARG A=arg\nRUN x\nARG B=arg\nENV B=env\nRUN y\n");
    assert_eq!(known.variable(4, "A"), Some(("env".into(), true)));
    assert_eq!(known.variable(7, "B"), Some(("env".into(), true)));
}

#[test]
fn env_sees_what_was_before_it() {
    let text = "FROM debian\nENV a=1\nENV a=2 b=$a c=${missing:-x}\nRUN x\nARG v=3\nENV d=$v\nRUN y\n";
    let known = Known::of(text);
    assert_eq!(known.variable(4, "b"), Some(("1".into(), true)));
    assert_eq!(known.variable(4, "c"), Some(("x".into(), true)));
    // What is made of an ARG is as uncertain as that.
    assert_eq!(known.variable(7, "d"), Some(("3".into(), false)));
}

#[test]
fn env_reaches_the_stages_on_top_and_arg_does_not() {
    let known = Known::of("FROM debian AS base\nARG a=1\nENV e=2\nFROM base\nRUN x\nFROM alpine\nRUN y\n");
    assert_eq!(known.variable(5, "e"), Some(("2".into(), true)));
    assert_eq!(known.variable(5, "a"), None);
    assert_eq!(known.variable(7, "e"), None);
}

#[test]
fn users() {
    let text = "\
FROM debian:12
RUN useradd -m -u 1000 app
USER app
RUN a
ENV WHO=app
USER $WHO
RUN b
ARG NAME=app
USER ${NAME}
RUN c
USER 0
RUN d
";
    let known = Known::of(text);
    assert_eq!(*known.user(2), User::Root);
    let User::Other(app) = known.user(4) else { panic!() };
    assert_eq!((app.uid, app.home.as_deref()), (Some(1000), Some("/home/app")));
    assert_eq!(known.user(4), known.user(7));
    // By a build argument it may be somebody else.
    let User::Other(account) = known.user(10) else { panic!() };
    assert_eq!(account.uid, None);
    assert_eq!(*known.user(12), User::Root);
}

#[test]
fn what_an_unknown_image_hides() {
    let text = "FROM team/base\nRUN pip install a\nRUN apt-get install -y b\nRUN pip install c\n";
    let known = Known::of(text);
    assert_eq!((known.user(2), known.workdir(2)), (&User::Unknown, None));
    // Only root installs system packages: from there on it is clear.
    assert_eq!((known.user(3), known.user(4)), (&User::Root, &User::Root));
    for body in [
        "sudo apt-get install -y b",
        "if true; then apt-get install -y b; fi",
        "apt-get update || true",
    ] {
        let known = Known::of(&format!("FROM team/base\nRUN {body}\nRUN true\n"));
        assert_eq!(*known.user(3), User::Unknown, "{body}");
    }
}

#[test]
fn folders() {
    let text = "FROM debian\nWORKDIR /a\nWORKDIR b\nRUN x\nENV D=/c\nWORKDIR $D/d\nRUN y\nARG E\nWORKDIR $E\nRUN z\n";
    let known = Known::of(text);
    assert_eq!(known.workdir(4), Some("/a/b"));
    assert_eq!(known.workdir(7), Some("/c/d"));
    assert_eq!(known.workdir(10), None);
}

#[test]
fn shells() {
    let text = "FROM debian\nSHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN x\nSHELL [\"pwsh\"]\nRUN y\n";
    let known = Known::of(text);
    let shell = |line: usize| &known.facts.scope(known.on(line)).unwrap().shell;
    assert!(matches!(shell(3), Shell::Posix(options) if options.errexit && options.pipefail));
    assert_eq!(*shell(5), Shell::Windows);
    let body = &known.facts.run(&known.file, known.on(5)).unwrap().body;
    assert!(matches!(body, Body::Opaque(_)));
}

#[test]
fn wrappers_are_taken_off() {
    assert_eq!(
        all_words("sudo -u app env A=1 nice -n 5 pip install x"),
        ["pip install x"]
    );
    assert_eq!(all_words("exec timeout -k 5 60 make"), ["make"]);
    let command = &commands("sudo -E PIP_NO_CACHE_DIR=1 pip install x")[0];
    assert!(command.switches_user);
    assert_eq!(command.assignments[0].name, "PIP_NO_CACHE_DIR");
    assert!(!commands("A=1 pip install x")[0].switches_user);
}

#[test]
fn folders_are_followed() {
    let workdirs =
        |body: &str| -> Vec<Option<String>> { commands(body).into_iter().map(|command| command.workdir).collect() };
    let some = |path: &str| Some(path.to_owned());
    assert_eq!(
        workdirs("a && cd lib && b"),
        [some("/src"), some("/src"), some("/src/lib")]
    );
    assert_eq!(workdirs("(cd lib && a) && b").last().unwrap(), &some("/src"));
    assert_eq!(workdirs("if a; then cd lib; fi; b").last().unwrap(), &None);
    assert_eq!(workdirs("cd $X && b").last().unwrap(), &None);
    assert_eq!(
        commands("cd lib && rm -rf x ../y")[1].deletes[1].path.as_deref(),
        Some("/src/y")
    );
}

#[test]
fn exports_reach_what_follows() {
    let cache = |body: &str| {
        let commands = commands(body);
        let used = commands.iter().find_map(|command| command.manager.as_ref()).unwrap();
        used.caches[0].path.clone()
    };
    assert_eq!(cache("pip install x").as_deref(), Some("/root/.cache/pip"));
    assert_eq!(cache("export PIP_CACHE_DIR=/c && pip install x").as_deref(), Some("/c"));
    assert_eq!(cache("PIP_CACHE_DIR=/c pip install x").as_deref(), Some("/c"));
    assert_eq!(cache("PIP_CACHE_DIR=$(pwd) pip install x").as_deref(), Some("/src"));
    assert_eq!(cache("PIP_CACHE_DIR=$(cat place) pip install x"), None);
}

#[test]
fn a_script_in_words_does_not_end_the_subshell_around_it() {
    for body in [
        "(cd /web && bash -ec \"npm run build\" && npm prune) && ls",
        "(cd /web && sh -c '(cd /other && true); npm run build' && npm prune) && ls",
    ] {
        let found = commands(body);
        let in_folder = |words: &str| {
            found
                .iter()
                .find(|command| self::words(command) == words)
                .unwrap()
                .workdir
                .clone()
        };
        assert_eq!(in_folder("npm prune").as_deref(), Some("/web"), "{body}");
        assert_eq!(in_folder("npm run build").as_deref(), Some("/web"), "{body}");
        assert_eq!(in_folder("ls").as_deref(), Some("/src"), "{body}");
    }
}

#[test]
fn bodies_within_quotes_are_read_and_not_editable() {
    let inner = commands("sh -c 'apt-get update && apt-get install -y curl' && pip install x");
    assert_eq!(
        inner.iter().map(words).collect::<Vec<_>>(),
        ["apt-get update", "apt-get install -y curl", "pip install x"]
    );
    assert_eq!(
        inner.iter().map(|command| command.editable).collect::<Vec<_>>(),
        [false, false, true]
    );
    let known = Known::of("FROM debian\nRUN [\"bash\", \"-lc\", \"pip install x\"]\n");
    let run = known.facts.run(&known.file, 1).unwrap();
    assert_eq!(words(&run.commands[0]), "pip install x");
    assert!(!run.commands[0].editable);
}

#[test]
fn commands_that_run_others() {
    assert_eq!(all_words("poetry run pip install x").last().unwrap(), "pip install x");
    // What comes from the input is a word that is not known.
    assert_eq!(all_words("xargs -a list apt-get install -y"), ["apt-get install -y "]);
}

#[test]
fn triggers_are_read_too() {
    let known = Known::of("FROM debian\nONBUILD RUN apt-get install -y curl\n");
    assert!(known.facts.run(&known.file, 1).is_none(), "it is no RUN of this file");
    let execution = known.facts.instructions[1].execution.as_ref().unwrap();
    assert_eq!(words(&execution.commands[0]), "apt-get install -y curl");
}

#[test]
fn mounts_know_their_place() {
    let text = "\
FROM debian
WORKDIR /root
ARG C=/c
RUN --mount=type=cache,target=.cache --mount=type=cache,dst=$C/x/../y --mount=type=cache,target=$D true
";
    let known = Known::of(text);
    let mounts = &known.facts.run(&known.file, 3).unwrap().mounts;
    let paths: Vec<_> = mounts.iter().map(|mount| mount.path.as_deref()).collect();
    assert_eq!(paths, [Some("/root/.cache"), Some("/c/y"), None]);
}

#[test]
fn skip_comments() {
    let text = "\
FROM debian
# plimsoll: skip=merge-runs, clean-layers because of the mirror, sadly
RUN a
# plimsoll: skip our own cache
RUN b
# plimsoll: skipping is not meant
RUN c
# plimsoll: skip=cache-mounts
FROM alpine
RUN d
";
    let known = Known::of(text);
    let skip = |line: usize| &known.facts.instructions[known.on(line)].skip;
    assert_eq!(skip(3).passes, ["merge-runs", "clean-layers"]);
    assert!(!skip(3).all && skip(5).all && !skip(7).all);
    assert!(skip(10).applies_to("cache-mounts"));
}
