//! Programs of C, Go and Rust, and how they are built.

use plimsoll::knowledge::ArgumentRole;

use super::draft::{Draft, Kind};

/// Builds a program of C.
pub fn c(draft: &mut Draft) {
    match draft.random.below(6) {
        0 => by_make(draft),
        1 => by_a_script(draft),
        2 => with_a_library(draft),
        _ => by_the_compiler(draft),
    }
}

/// Runs a command that makes a program, which prints its name.
fn program(draft: &mut Draft, text: String, path: String, name: &str) {
    draft.command(&text);
    draft.made(path, Kind::Program, name, text);
}

/// The same in a folder.
fn program_in(draft: &mut Draft, folder: &str, text: String, path: String, name: &str) {
    draft.command_in(folder, &text);
    draft.made(path, Kind::Program, name, text);
}

fn source_of_c(says: &str) -> String {
    format!("#include <stdio.h>\nint main(void) {{ puts(\"{says}\"); return 0; }}\n")
}

/// The option of a compiler that names its output.
fn output(draft: &mut Draft, path: &str) -> String {
    let path = draft.spell(path);
    super::options::option(&mut draft.random, "gcc", ArgumentRole::Writes, &["-MF"], &path)
}

fn by_the_compiler(draft: &mut Draft) {
    let name = draft.name();
    draft.file(format!("src/{name}.c"), source_of_c(&name));
    let source = draft.fetch(&format!("src/{name}.c"), false);
    let place = draft.place();
    let path = format!("{place}/{name}");
    let folder = parent(&source);
    let compiler = draft
        .random
        .pick(&["gcc", "cc", "gcc -O2 -Wall", "cc -s -pipe", "gcc -std=c99 -DX=1"]);
    match draft.random.below(4) {
        0 => {
            let out = output(draft, &path);
            let source = draft.spell(&source);
            let text = format!("{compiler} {source} {out}");
            program(draft, text, path, &name);
        }
        1 => {
            let out = super::options::option(&mut draft.random, "gcc", ArgumentRole::Writes, &["-MF"], &path);
            let text = format!("{compiler} {out} {name}.c");
            program_in(draft, &folder, text, path, &name);
        }
        2 => {
            draft.command_in(&folder, format!("{compiler} -c {name}.c"));
            let text = format!("{compiler} {name}.o -o {path}");
            program_in(draft, &folder, text, path, &name);
        }
        _ => {
            draft.command_in(&folder, format!("{compiler} {name}.c"));
            let text = format!("mv a.out {path}");
            program_in(draft, &folder, text, path, &name);
        }
    }
}

fn by_make(draft: &mut Draft) {
    let name = draft.name();
    draft.file(format!("{name}/{name}.c"), source_of_c(&name));
    let rules = format!(
        "PREFIX ?= /usr/local\n\n{name}: {name}.c\n\t$(CC) -O1 -o $@ $<\n\ninstall: {name}\n\tinstall -d \
         $(DESTDIR)$(PREFIX)/bin\n\tinstall -m 755 {name} $(DESTDIR)$(PREFIX)/bin/{name}\n\n.PHONY: install\n"
    );
    draft.file(format!("{name}/Makefile"), rules);
    let folder = draft.fetch(&name, true);
    let enter = super::options::option(&mut draft.random, "make", ArgumentRole::Enters, &[], &folder);
    match draft.random.below(4) {
        0 => {
            let text = format!("make {enter} install");
            program(draft, text, format!("/usr/local/bin/{name}"), &name);
        }
        1 => {
            draft.command(format!("make {enter}"));
            let text = format!("make {enter} install PREFIX=/opt/{name}");
            program(draft, text, format!("/opt/{name}/bin/{name}"), &name);
        }
        2 => {
            let text = format!("make DESTDIR=/stage PREFIX=/usr install -j2 -C {folder}");
            program(draft, text, format!("/stage/usr/bin/{name}"), &name);
        }
        _ => {
            let text = format!("make {name}");
            program_in(draft, &folder, text, format!("{folder}/{name}"), &name);
        }
    }
}

fn by_a_script(draft: &mut Draft) {
    let name = draft.name();
    draft.file(format!("{name}/{name}.c"), source_of_c(&name));
    let place = draft
        .random
        .pick(&["/opt/made", "/srv/made/bin", "/usr/local/bin", "/made"])
        .to_owned();
    let script =
        format!("#!/bin/sh\nset -e\ncd \"$(dirname \"$0\")\"\nmkdir -p {place}\ngcc -O1 -o {place}/{name} {name}.c\n");
    draft.file(format!("{name}/build.sh"), script);
    let folder = draft.fetch(&name, true);
    let shell = draft.random.pick(&["sh", "bash", "sh -e", "bash -eu"]);
    let text = format!("{shell} {folder}/build.sh");
    draft.command(&text);
    draft.has(&place);
    draft.made(format!("{place}/{name}"), Kind::Program, &name, text);
}

/// A shared library in a folder that the loader knows or is told of, and a program that is linked to it.
fn with_a_library(draft: &mut Draft) {
    let name = draft.name();
    draft.file(
        format!("{name}/lib.c"),
        format!("const char *word(void) {{ return \"{name}\"; }}\n"),
    );
    let program = "#include <stdio.h>\nconst char *word(void);\nint main(void) { puts(word()); return 0; }\n";
    draft.file(format!("{name}/main.c"), program);
    let folder = draft.fetch(&name, true);
    let place = draft
        .random
        .pick(&["/usr/local/lib", "/opt/vendor/lib", "/srv/lib"])
        .to_owned();
    draft.make(&place);
    let library = format!("{place}/lib{name}.so");
    let made_library = format!("gcc -shared -fPIC -o {library} lib.c");
    draft.command_in(&folder, &made_library);
    draft.made(&library, Kind::Text, "", made_library);
    let needed = draft.things.pop().map(|thing| thing.history);
    let way = draft.random.below(2);
    let path = format!("{}/{name}", draft.place());
    let is_known = way == 0 && place == "/usr/local/lib";
    let runpath = if is_known {
        String::new()
    } else {
        format!(" -Wl,-rpath,{place}")
    };
    let text = format!("gcc main.c -L{place} -l{name}{runpath} -o {path}");
    program_in(draft, &folder, text, path, &name);
    if let Some(thing) = draft.things.last_mut() {
        thing.needs.extend(needed);
    }
    if is_known {
        draft.command("ldconfig");
    }
}

/// Builds a program of Go.
pub fn go(draft: &mut Draft) {
    let name = draft.name();
    draft.file(
        format!("{name}/go.mod"),
        format!("module example.com/{name}\n\ngo 1.22\n"),
    );
    let main = format!("package main\n\nimport \"os\"\n\nfunc main() {{\n\tos.Stdout.WriteString(\"{name}\\n\")\n}}\n");
    draft.file(format!("{name}/main.go"), main);
    let folder = draft.fetch(&name, true);
    let place = draft.place();
    let path = format!("{place}/{name}");
    match draft.random.below(4) {
        0 => {
            let text = format!("go build -C {folder} -o {path} .");
            program(draft, text, path, &name);
        }
        1 => {
            let text = format!("env GOBIN={place} go install .");
            program_in(draft, &folder, text, path, &name);
        }
        2 => {
            let text = format!("env CGO_ENABLED=0 go build -trimpath -ldflags=-s -o={path} .");
            program_in(draft, &folder, text, path, &name);
        }
        _ => {
            draft.command_in(&folder, "go build");
            let text = format!("mv {name} {place}/");
            program_in(draft, &folder, text, path, &name);
        }
    }
}

/// Builds a program of Rust.
pub fn rust(draft: &mut Draft) {
    let name = draft.name();
    draft.file(
        format!("{name}/src/main.rs"),
        format!("fn main() {{\n    println!(\"{name}\");\n}}\n"),
    );
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    draft.file(format!("{name}/Cargo.toml"), manifest);
    let folder = draft.fetch(&name, true);
    let place = draft.place();
    let path = format!("{place}/{name}");
    match draft.random.below(3) {
        0 => {
            let text = format!("rustc -C opt-level=1 -o {path} src/main.rs");
            program_in(draft, &folder, text, path, &name);
        }
        1 => {
            draft.command_in(&folder, "cargo build --release --offline");
            let text = format!("install -m 755 target/release/{name} {place}");
            program_in(draft, &folder, text, path, &name);
        }
        _ => {
            let text = format!("cargo install --offline --path {folder} --root /opt/{name}");
            program(draft, text, format!("/opt/{name}/bin/{name}"), &name);
        }
    }
}

fn parent(path: &str) -> String {
    path.rsplit_once('/')
        .map(|(folder, _)| folder.to_owned())
        .unwrap_or_default()
}
