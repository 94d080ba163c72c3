//! No text makes a reader panic.

use proptest::prelude::*;

use super::*;

/// Every file name that some reader looks for, and the command that makes it look.
const TARGETS: &[(&str, Manager, &str, &str)] = &[
    ("requirements.txt", Manager::Pip, "install", "-r requirements.txt"),
    ("pyproject.toml", Manager::Pip, "install", "."),
    ("pyproject.toml", Manager::Uv, "sync", ""),
    ("pyproject.toml", Manager::Poetry, "install", ""),
    ("pyproject.toml", Manager::Pdm, "install", ""),
    ("setup.cfg", Manager::Pip, "install", "-e ."),
    ("setup.py", Manager::Pip, "install", "-e ."),
    ("Pipfile", Manager::Pipenv, "install", ""),
    ("package.json", Manager::Npm, "ci", ""),
    ("package.json", Manager::Yarn, "install", ""),
    ("pnpm-workspace.yaml", Manager::Pnpm, "install", ""),
    (".npmrc", Manager::Npm, "ci", ""),
    (".yarnrc", Manager::Yarn, "", ""),
    (".yarnrc.yml", Manager::Yarn, "", ""),
    ("x.js", Manager::Npm, "ci", ""),
    ("go.mod", Manager::Go, "mod download", ""),
    ("go.work", Manager::Go, "build", ""),
    ("Cargo.toml", Manager::Cargo, "build", ""),
    (".cargo/config.toml", Manager::Cargo, "build", ""),
    ("pom.xml", Manager::Maven, "package", ""),
    ("build.gradle", Manager::Gradle, "build", ""),
    ("settings.gradle", Manager::Gradle, "build", ""),
    ("Gemfile", Manager::Bundler, "install", ""),
    ("Gemfile.lock", Manager::Bundler, "install", ""),
    ("composer.json", Manager::Composer, "install", ""),
    ("a.csproj", Manager::Dotnet, "restore", "a.csproj"),
    ("a.sln", Manager::Dotnet, "restore", "a.sln"),
    ("a.slnx", Manager::Dotnet, "restore", "a.slnx"),
    ("nuget.config", Manager::Dotnet, "restore", "a.csproj"),
];

fn reads_without_panic(text: &str) {
    for (name, manager, verb, arguments) in TARGETS {
        let mut files = vec![(*name, text)];
        if *name != "package.json" {
            files.push(("package.json", r#"{"scripts": {"postinstall": "node x.js"}}"#));
        }
        let files = MemoryFiles::new(files);
        let install = Install::new(*manager, verb, arguments.split_whitespace(), "");
        let found = reads(&install, &files);
        declared_dependencies(*manager, "", &files);
        for file in &found.files {
            assert!(files.exists(&file.path), "{name} says that {} is there", file.path);
        }
        assert!(found.files.is_sorted_by(|a, b| a.path < b.path));
    }
}

/// Pieces of the languages of manifests: they get deeper into the readers than arbitrary text does.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "-r ",
        "-e ",
        "./",
        "../",
        "a",
        "b.txt",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        ":",
        ",",
        "=",
        "=>",
        "(",
        ")",
        "\n",
        "\n  ",
        "#",
        "//",
        "/*",
        "\\",
        "$",
        "${X}",
        "*",
        "**",
        "?",
        "file:",
        "git+https://",
        " @ ",
        "; ",
        "é",
        "\u{feff}",
        "\0",
        "require ",
        "replace ",
        "use ",
        "gem ",
        "path: ",
        "include ",
        "from: ",
        "group ",
        " do",
        "end",
        "[project]",
        "[tool.poetry.dependencies]",
        "[workspace]",
        "members",
        "path",
        "<a>",
        "</a>",
        "<modules><module>",
        "workspaces",
        "scripts",
        "postinstall",
        "require(",
        "import ",
        "open(",
        "&&",
        "|",
        "`",
        "$(",
        "> ",
        "\"scripts\": {",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        reads_without_panic(&text);
    }

    #[test]
    fn any_pieces(text in pieces()) {
        reads_without_panic(&text);
    }

    #[test]
    fn any_script(script in pieces()) {
        let manifest = serde_json::json!({"scripts": {"postinstall": script, "prepare": script}}).to_string();
        reads_without_panic(&manifest);
    }

    #[test]
    fn any_command(words in prop::collection::vec(pieces(), 0..4), folder in pieces()) {
        let files = MemoryFiles::new([("package.json", "{}"), ("a/pyproject.toml", "")]);
        for manager in Manager::ALL {
            for verb in ["install", "ci", "sync", "restore", "build", "pip install", ""] {
                reads(&Install::new(*manager, verb, words.clone(), &folder), &files);
            }
        }
    }
}
