//! The smoke test that is written for an image: what it asks, and that it is a sound script.

use std::process::Command;

use plimsoll::context::ContextSource;
use plimsoll::emit::smoke::script;
use plimsoll::smoke::Plan;
use plimsoll::syntax::parse;

use crate::support::{Folder, snapshot};

fn plan(text: &str, files: &[(&str, &str)]) -> Plan {
    let context = ContextSource::in_memory(files.iter().map(|(path, text)| (*path, *text))).unwrap();
    Plan::of(&parse("Dockerfile", text).unwrap(), Some(&context))
}

const SPLIT: &str = "\
FROM python:3.11 AS builder
RUN python -m venv /opt/venv
COPY requirements.txt requirements/ ./
RUN pip install -r requirements.txt gunicorn[gevent]
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends curl ffmpeg libpq5
WORKDIR /app
COPY --from=builder /opt/venv /opt/venv
COPY . .
ARG PORT=5000
EXPOSE $PORT/tcp 53/udp
HEALTHCHECK CMD curl -f 'http://localhost:5000/health' || exit 1
CMD [\"gunicorn\", \"app:app\"]
";

#[test]
fn a_python_image() {
    let found = plan(
        SPLIT,
        &[
            (
                "requirements.txt",
                "-r requirements/base.txt\nFlask==3.0\npywin32==306; sys_platform == 'win32'\n",
            ),
            ("requirements/base.txt", "PyYAML\n"),
            ("requirements/development.txt", "pytest\n"),
            ("requirements-gpu.txt", "torch\n"),
            (
                "app.py",
                "import subprocess\nsubprocess.run(['ffmpeg', '-i'])\nsubprocess.run(['git'])\n",
            ),
        ],
    );
    assert_eq!(found.python, ["flask", "gunicorn", "pyyaml"]);
    assert_eq!(found.programs, ["curl", "gunicorn", "ffmpeg"], "git is not installed");
    for tool in ["gcc", "g++", "make"] {
        assert!(found.gone.iter().any(|gone| gone == tool), "{:?}", found.gone);
    }
    assert_eq!(found.port, Some(5000));
    assert_eq!(
        found.health,
        ["/bin/sh", "-c", "curl -f 'http://localhost:5000/health' || exit 1"]
    );
    assert!(found.starts && found.node.is_empty());
    snapshot("smoke-python", script(&found).unwrap());
}

#[test]
fn projects_declare_in_their_manifest() {
    let manifest = "[project]\nname = \"x\"\ndependencies = [\n  \"fastapi\",\n  \"uvloop; os_name == 'posix'\",\n]\n\
                    [project.optional-dependencies]\ngpu = [\"torch\"]\n[dependency-groups]\ndev = [\"ruff\"]\n";
    let text = "FROM python:3.11-slim\nRUN pip install uv\nWORKDIR /app\nCOPY . .\nRUN uv sync --frozen\nCMD [\"python\", \"-m\", \"x\"]\n";
    let found = plan(text, &[("pyproject.toml", manifest), ("uv.lock", "")]);
    assert_eq!(found.python, ["fastapi"]);
    assert!(found.gone.is_empty(), "there is no other stage: {:?}", found.gone);
    assert_eq!(found.port, None);
}

#[test]
fn a_node_image() {
    let manifest = r#"{"dependencies": {"express": "4", "@types/node": "20"}, "devDependencies": {"jest": "29"}}"#;
    let text = "FROM node:20 AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci\nFROM node:20-slim\nWORKDIR /app\n\
                COPY --from=build /app/node_modules ./node_modules\nCOPY . .\nENTRYPOINT [\"node\"]\nCMD [\"index.js\"]\n";
    let files = [("package.json", manifest), ("index.js", "")];
    let found = plan(text, &files);
    assert_eq!(
        (found.node.as_slice(), found.programs.as_slice()),
        (&["express".to_owned()][..], &["node".to_owned()][..])
    );
    // What is bundled is not looked for.
    let bundled = text.replace("/app/node_modules ./node_modules", "/app/dist ./dist");
    assert!(plan(&bundled, &files).node.is_empty());
}

#[test]
fn tools_that_may_come_along_are_not_said_to_be_gone() {
    let text = |packages: &str| {
        format!(
            "FROM debian:bookworm AS b\nRUN apt-get update && apt-get install -y build-essential\nFROM debian:bookworm\n\
             RUN apt-get update && apt-get install -y {packages}\nCOPY --from=b /x /x\nCMD [\"/x\"]\n"
        )
    };
    assert!(plan(&text("curl"), &[]).gone.contains(&"gcc".to_owned()));
    for packages in ["build-essential", "python3-pip", "a-package-of-nobody"] {
        assert_eq!(plan(&text(packages), &[]).gone, [""; 0], "{packages}");
    }
}

#[test]
fn every_script_is_sound() {
    let hostile = "a'b $(touch owned) `touch owned`\nc; touch owned #";
    let words = vec![hostile.to_owned(), "b".to_owned()];
    let full = Plan {
        file: hostile.to_owned(),
        python: words.clone(),
        node: words.clone(),
        programs: words.clone(),
        gone: words.clone(),
        starts: true,
        health: words.clone(),
        port: Some(80),
        command: Some(hostile.to_owned()),
    };
    let empty = || Plan::default();
    let plans = [
        full.clone(),
        empty(),
        Plan {
            starts: true,
            ..empty()
        },
        Plan {
            python: words.clone(),
            ..empty()
        },
        Plan {
            node: words.clone(),
            ..empty()
        },
        Plan {
            gone: vec!["gcc".to_owned()],
            ..empty()
        },
        Plan {
            programs: vec!["x".to_owned()],
            ..empty()
        },
        Plan {
            starts: true,
            port: Some(1),
            ..empty()
        },
        Plan {
            starts: true,
            health: words,
            ..empty()
        },
    ];
    let has_shellcheck = Command::new("shellcheck").arg("--version").output().is_ok();
    if !has_shellcheck {
        eprintln!("SKIPPED: shellcheck is not here; the scripts are only parsed");
    }
    let folder = Folder::new();
    for plan in &plans {
        folder.write("smoke.sh", script(plan).unwrap());
        assert!(folder.succeeds(".", "sh", &["-n", "smoke.sh"]), "{plan:?}");
        if has_shellcheck {
            assert!(folder.succeeds(".", "shellcheck", &["smoke.sh"]), "{plan:?}");
        }
    }
    // With an engine that agrees to everything, nothing of the words is executed, and they arrive as they are.
    folder.write("smoke.sh", script(&full).unwrap());
    folder.write("engine", "#!/bin/sh\nprintf '<%s>' \"$@\" >> said\necho true\n");
    let run = "chmod +x engine && ENGINE=./engine PATIENCE=1 sh smoke.sh image > out 2>&1; test ! -e owned";
    assert!(folder.succeeds(".", "sh", &["-c", run]));
    assert!(
        folder.read("said").contains(&format!("<{hostile}>")),
        "{}",
        folder.read("said")
    );
}

#[test]
fn the_script_is_written_and_can_be_executed() {
    let folder = Folder::new();
    folder.write("Dockerfile", SPLIT);
    folder.write("plimsoll.toml", "smoke = \"python -m app --selftest\"\n");
    let outcome = folder.plimsoll(&["smoke", "--output", "smoke.sh"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome}");
    let text = folder.read("smoke.sh");
    assert!(text.contains("-c 'python -m app --selftest'"), "{text}");
    assert!(folder.succeeds(".", "test", &["-x", "smoke.sh"]));
    assert_eq!(folder.plimsoll(&["smoke"]).stdout, text);
    // Without an image it says how it is used.
    assert!(!folder.succeeds(".", "./smoke.sh", &[] as &[&str]));
}
