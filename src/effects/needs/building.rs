//! Which commands build: they install a language's packages or compile. By `data/package-managers/` and
//! the tags of `data/commands/`.

use crate::facts::Execution;
use crate::knowledge::{
    Action, Invocation, Kind, Manager, OptionRole, Recognized, compiler, compiler_called, compiles_at_start,
    is_plain_node_package, managers,
};

use super::commands::{Commands, program};

/// Whether a RUN installs a language's packages or compiles.
pub(crate) fn is_build(run: &Execution) -> bool {
    run.commands.iter().any(|command| {
        let by_manager = command.manager.as_ref().is_some_and(|used| {
            used.manager.kind == Kind::Language
                && matches!(
                    used.action,
                    Action::Install | Action::Upgrade | Action::Build | Action::Download
                )
                && (used.packages.is_empty() || !used.packages.iter().all(|(name, ..)| is_plain_node_package(name)))
        });
        let by_name = || command.program().is_some_and(|program| compiler(program).is_some());
        // Only an interpreter runs a module.
        let by_module = || {
            let words = || {
                command
                    .words
                    .iter()
                    .map(|word| word.value.as_deref())
                    .collect::<Vec<_>>()
            };
            command.has_tag("reads-code") && compiler_called(&words()).is_some()
        };
        by_manager || by_name() || by_module()
    })
}

/// The work of a build that a command does, in a few words, if it does: `npm install`, `make`. An image that starts it
/// needs what builds need.
pub(super) fn work_at_start(words: &[String]) -> Option<String> {
    let name = program(words);
    if compiles_at_start(name) {
        return Some(shown(words));
    }
    let values: Vec<Option<&str>> = words.iter().map(|word| Some(word.as_str())).collect();
    let (recognized, used) = read(&values)?;
    let builds = match used.action {
        Action::Install | Action::Upgrade | Action::Build | Action::Download => true,
        // `mvn spring-boot:run` compiles before it runs; `npx x` does not.
        Action::Exec => is_build_system(recognized.manager),
        _ => false,
    };
    let is_plain = used.packages().count() > 0
        && used.packages().all(|package| {
            package
                .text
                .is_some_and(|name| is_plain_node_package(recognized.manager.split_package(name).0))
        });
    (builds && !is_plain).then(|| shown(words))
}

/// The tool that an ENTRYPOINT starts without saying what it is to do: `go`, `mvn`. Whoever starts the container does.
pub(super) fn tool_at_start(words: &[String]) -> Option<String> {
    let values: Vec<Option<&str>> = words.iter().map(|word| Some(word.as_str())).collect();
    let (recognized, used) = read(&values)?;
    let is_bare = used.verb_at.is_empty() && used.arguments.is_empty();
    let compiles_what_it_runs = recognized.manager.verbs.build.iter().any(|verb| verb == "run");
    (is_bare && (compiles_what_it_runs || is_build_system(recognized.manager))).then(|| program(words).to_owned())
}

/// The script of `package.json` that a command runs, and the folder of the manifest as written.
pub(super) fn package_script(words: &[String]) -> Option<(String, String)> {
    let values: Vec<Option<&str>> = words.iter().map(|word| Some(word.as_str())).collect();
    let (recognized, used) = read(&values)?;
    let is_node = recognized
        .manager
        .project
        .manifests
        .iter()
        .any(|name| name == "package.json");
    if !is_node || !matches!(used.action, Action::Run | Action::Exec) {
        return None;
    }
    let argument = || {
        let at = used.inner_at? + recognized.arguments_at;
        words.get(at).cloned()
    };
    let name = match used.verb {
        "" | "run" | "run-script" | "rum" | "urn" => argument()?,
        verb => verb.to_owned(),
    };
    let folders = used
        .options
        .iter()
        .filter(|option| option.role == Some(OptionRole::Reads));
    let folder = folders.filter_map(|option| option.value?.text).next_back();
    Some((name, folder.unwrap_or(".").to_owned()))
}

/// The manager of a language's packages that a command calls, and what it does.
pub(crate) fn manager_call(words: &[String]) -> Option<(&'static Manager, Action)> {
    let values: Vec<Option<&str>> = words.iter().map(|word| Some(word.as_str())).collect();
    let (recognized, used) = read(&values)?;
    Some((recognized.manager, used.action))
}

/// The work of a build that a command of a RUN does inside of a text for another shell, and the program that it gives the
/// text to: `su - web -c "npm install"`.
pub(crate) fn build_in_a_text(run: &Execution) -> Option<(String, String)> {
    run.commands
        .iter()
        .filter(|command| command.manager.is_none())
        .find_map(|command| {
            let words: Vec<String> = command.words.iter().filter_map(|word| word.value.clone()).collect();
            let work = Commands::of_words(&words)
                .list
                .iter()
                .skip(1)
                .find_map(|inner| work_at_start(inner))?;
            Some((work, program(&words).to_owned()))
        })
}

/// Reads the words of a command that calls a manager of packages of a language.
fn read<'w>(values: &'w [Option<&'w str>]) -> Option<(Recognized<'w>, Invocation<'w>)> {
    let recognized = managers().recognize(values, None)?;
    let arguments = values.get(recognized.arguments_at..)?;
    let used = recognized.manager.read(recognized.program, arguments);
    (recognized.manager.kind == Kind::Language).then_some((recognized, used))
}

/// Whether a manager compiles whatever it is told, as Maven and Gradle do.
fn is_build_system(manager: &Manager) -> bool {
    manager.verbs.unlisted == Action::Build
}

fn shown(words: &[String]) -> String {
    words.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn work_that_a_start_does() {
        for line in [
            "yarn",
            "yarn install",
            "npm --prefix . install",
            "npm ci",
            "pip install x",
            "python3 -m pip install x",
            "go run .",
            "cargo run",
            "mvn spring-boot:run",
            "./gradlew bootRun",
            "make run",
            "dotnet run",
            "bundle install",
        ] {
            assert!(work_at_start(&words(line)).is_some(), "{line}");
        }
        for line in [
            "yarn start",
            "npm start",
            "npx serve",
            "uv run app.py",
            "poetry run x",
            "node a.js",
            "yarn --version",
            "java -jar a.jar",
            "npm --prefix web run serve",
        ] {
            assert_eq!(work_at_start(&words(line)), None, "{line}");
        }
    }

    #[test]
    fn tools_without_a_verb() {
        for line in ["go", "mvn", "./gradlew", "cargo", "dotnet", "sbt"] {
            assert!(tool_at_start(&words(line)).is_some(), "{line}");
        }
        for line in ["npm", "python3", "dotnet app.dll", "java"] {
            assert_eq!(tool_at_start(&words(line)), None, "{line}");
        }
    }

    #[test]
    fn scripts_of_manifests() {
        let script = |line: &str| package_script(&words(line)).map(|(name, folder)| format!("{folder}: {name}"));
        assert_eq!(script("npm start").as_deref(), Some(".: start"));
        assert_eq!(
            script("npm --prefix web run serve -- -p 1").as_deref(),
            Some("web: serve")
        );
        assert_eq!(script("yarn --cwd web serve").as_deref(), Some("web: serve"));
        assert_eq!(script("pnpm -C web run x").as_deref(), Some("web: x"));
        assert_eq!(script("npm install"), None);
    }
}
