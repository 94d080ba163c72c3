//! Inputs of a size, and the work that they are: what is allocated, in bytes. That is the same in each run and on each
//! machine, and grows as the work does where each step keeps or copies something.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use plimsoll::context::{ContextSource, Contexts};
use plimsoll::passes::{Level, PassOptions};
use plimsoll::rewrite::{Options, rewrite};

/// An input that can be made in any size.
pub struct Input {
    /// What it is, for messages.
    pub name: &'static str,
    /// Works on it, in a size.
    pub run: fn(usize),
    /// The smallest size that is measured; the others are two and four times it.
    pub size: usize,
}

/// All of them.
pub const INPUTS: &[Input] = &[
    Input {
        name: "Dockerfiles of one folder",
        run: dockerfiles_of_a_folder,
        size: 60,
    },
    Input {
        name: "commands of a RUN",
        run: commands_of_a_run,
        size: 50,
    },
    Input {
        name: "RUNs of a stage",
        run: runs_of_a_stage,
        size: 50,
    },
    Input {
        name: "stages of a file",
        run: stages_of_a_file,
        size: 20,
    },
    Input {
        name: "lines of a .dockerignore",
        run: lines_of_a_dockerignore,
        size: 100,
    },
    Input {
        name: "folders in each other",
        run: folders_in_each_other,
        size: 50,
    },
    Input {
        name: "files of a context",
        run: files_of_a_context,
        size: 200,
    },
    Input {
        name: "functions of a source",
        run: functions_of_a_source,
        size: 200,
    },
    Input {
        name: "brackets of a source",
        run: brackets_of_a_source,
        size: 2000,
    },
    Input {
        name: "commands of a script",
        run: commands_of_a_script,
        size: 200,
    },
    Input {
        name: "lines of a Makefile",
        run: lines_of_a_makefile,
        size: 500,
    },
];

/// The bytes that are allocated for an input in a size.
pub fn work(input: &Input, size: usize) -> u64 {
    // What is worked out once for all is not work on this input.
    (input.run)(size);
    allocation_counter::measure(|| (input.run)(size)).bytes_total
}

const DOCKERFILE: &str = "FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y curl\n\
                          RUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n";

fn rewritten(text: &str, context: Option<Arc<ContextSource>>) {
    let options = Options {
        passes: PassOptions {
            level: Level::Standard,
            context,
            ..PassOptions::default()
        },
        ..Options::default()
    };
    rewrite("Dockerfile", text, &options).unwrap();
}

fn in_memory<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) {
    let context = ContextSource::in_memory(files).unwrap();
    rewritten(DOCKERFILE, Some(Arc::new(context)));
}

fn dockerfiles_of_a_folder(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("requirements.txt", "flask\n");
    write("app.py", "import flask\n");
    write("compose.yaml", "services:\n  a:\n    build: .\n");
    let names: Vec<String> = (0..count).map(|number| format!("Dockerfile.{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        write(name, DOCKERFILE);
        // Each takes the sources of all.
        write(&format!("part{number}.py"), "import os\nos.system('ls')\n");
    }
    let contexts = Contexts::default();
    for name in &names {
        let path = folder.path().join(name);
        let context = ContextSource::open_among(&contexts, folder.path(), Some(&path)).unwrap();
        rewritten(DOCKERFILE, Some(Arc::new(context)));
    }
}

fn commands_of_a_run(count: usize) {
    let mut text = "FROM debian:12\nRUN apt-get update && apt-get install -y curl".to_owned();
    for number in 0..count {
        let _ = write!(text, " \\\n    && echo {number} > /opt/{number}");
    }
    rewritten(&(text + "\n"), None);
}

fn runs_of_a_stage(count: usize) {
    let mut text = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "RUN echo {number} > /opt/{number}");
    }
    rewritten(&text, None);
}

fn stages_of_a_file(count: usize) {
    let mut text = String::new();
    for number in 0..count {
        let _ = writeln!(text, "FROM debian:12 AS s{number}\nRUN echo {number} > /opt/{number}");
    }
    rewritten(&text, None);
}

fn lines_of_a_dockerignore(count: usize) {
    let lines: String = (0..count).map(|number| format!("folder{number}/*.log\n")).collect();
    in_memory([
        (".dockerignore", lines.as_str()),
        ("requirements.txt", "flask\n"),
        ("app.py", "import flask\n"),
    ]);
}

fn folders_in_each_other(count: usize) {
    let path = Path::new(&"a/".repeat(count)).join("x.py").display().to_string();
    in_memory([
        (path.as_str(), "import os\n"),
        ("requirements.txt", "flask\n"),
        ("app.py", "import flask\n"),
    ]);
}

fn functions_of_a_source(count: usize) {
    let mut text = "import os\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "def run{number}(command):\n    os.system(command)");
        let _ = writeln!(text, "name = 'ls'\nos.system(name)\nrun{number}('ls')");
    }
    in_memory([("requirements.txt", "flask\n"), ("app.py", text.as_str())]);
}

fn brackets_of_a_source(count: usize) {
    let text = format!(
        "import os\nos.system({}'ls'{}\n{}b\n",
        "f(".repeat(count),
        ")".repeat(count + 1),
        "a.".repeat(count)
    );
    in_memory([("requirements.txt", "flask\n"), ("app.py", text.as_str())]);
}

fn commands_of_a_script(count: usize) {
    let dockerfile = "FROM python:3.11\nWORKDIR /app\nCOPY . .\nCMD [\"sh\", \"start.sh\"]\n";
    let text = "#!/bin/sh\n".to_owned() + &"TOOL=ls\n\"$TOOL\" -l\n".repeat(count);
    let context = ContextSource::in_memory([("start.sh", text)]).unwrap();
    rewritten(dockerfile, Some(Arc::new(context)));
}

fn lines_of_a_makefile(count: usize) {
    let dockerfile = "FROM gcc:13\nWORKDIR /app\nCOPY . .\nRUN make\nCMD [\"./app\"]\n";
    let mut text = "app: app.c\n\tcc -o $@ $<\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "NAME{number} = $(NAME)x");
    }
    let context = ContextSource::in_memory([("Makefile", text.as_str()), ("app.c", "")]).unwrap();
    rewritten(dockerfile, Some(Arc::new(context)));
}

fn files_of_a_context(count: usize) {
    let names: Vec<String> = (0..count)
        .map(|number| format!("src/part{}/{number}.py", number % 20))
        .collect();
    let files = names.iter().map(|name| (name.as_str(), "import os\n"));
    in_memory(files.chain([("requirements.txt", "flask\n"), ("app.py", "import flask\n")]));
}
