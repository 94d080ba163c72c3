//! Python modules that could be imported, and Node packages that were found, still are. Asked of the interpreters in the
//! images themselves, in containers without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::bench::{Image, Run, Workbench};
use super::super::engine::EngineError;
use super::super::engine::NOT_STARTED;
use super::super::files::{Content, Files};
use super::super::python::LeftOut;
use super::super::report::{Check, Finding, Lack};
use super::Side;
use super::packages::node_projects;
use super::smoke::last_line;
use crate::process::ProcessError;

use crate::emit::text;

/// How long all imports of an image may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Tools that install, and what belongs to them.
const INSTALLERS: [&str; 4] = ["pip", "wheel", "_distutils_hack", "ensurepip"];

/// Imports each module in a process of its own, as some end the interpreter, and says how it went.
const PYTHON: &str = r#"
import os, sys, importlib, signal
out = os.dup(1)
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        bad, why = 0, ""
        try:
            importlib.import_module(name)
        except BaseException as error:
            bad, why = 1, "%s: %s" % (type(error).__name__, error)
        line = "%s\t%d\t%s\n" % (name, bad, " ".join(why.split()))
        os.write(out, line.encode("utf-8", "replace"))
        os._exit(0)
    os.waitpid(child, 0)
"#;

/// Resolves each package from the folder before it.
const NODE: &str = r#"
const words = process.argv.slice(1);
for (let i = 0; i + 1 < words.length; i += 2) {
  let bad = 0, why = "";
  try { require.resolve(words[i + 1], { paths: [words[i]] }); }
  catch (error) {
    // A package may export nothing to require, and still be there.
    if (error.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") { bad = 1; why = String(error.message).split("\n")[0]; }
  }
  console.log([words[i] + " " + words[i + 1], bad, why].join("\t"));
}
"#;

/// What an image says to the question what it loads.
#[derive(Debug, Default)]
struct Loaded {
    /// What became of each module or package: nothing, or why it cannot be loaded.
    found: BTreeMap<String, Option<String>>,
    /// Why an interpreter was not asked to the end.
    refused: Option<String>,
    /// Whether that was for lack of time.
    is_late: bool,
}

/// Asks an image what it loads.
type Ask<'a> = &'a dyn Fn((&Image, Side<'_>)) -> Result<Loaded, EngineError>;

/// Compares what can be loaded, but for what is `left_out`.
///
/// # Errors
/// If the engine fails.
pub(in crate::verify) fn modules(
    bench: &Workbench,
    before: (&Image, Side<'_>),
    after: (&Image, Side<'_>),
    left_out: &LeftOut,
) -> Result<Check, EngineError> {
    let names = python_modules(before.1.files).into_values().flatten();
    let names: BTreeSet<String> = names.filter(|name| !left_out.modules.contains(name)).collect();
    let projects = node_projects(before.1);
    let mut findings = Vec::new();
    let mut count = 0;
    let mut not_compared = Vec::new();
    let mut held = |kind: &str, old: &Loaded, new: &Loaded| {
        for (name, _) in old.found.iter().filter(|(_, failure)| failure.is_none()) {
            let why = match new.found.get(name) {
                Some(None) => {
                    count += 1;
                    continue;
                }
                Some(Some(why)) => why.clone(),
                // The others were asked about before the time was over.
                None if new.is_late => continue,
                None => "nothing there loads it".to_owned(),
            };
            let what = format!("the {kind} {name} cannot be loaded any more: {why}");
            findings.push(match missing_library(&why) {
                Some(library) => Finding::lacks(what, Lack::Library(library.to_owned())),
                None => Finding::new(what),
            });
        }
    };
    let packages: usize = projects.iter().map(|(_, names)| names.len()).sum();
    let asked: [(&str, usize, Ask<'_>); 2] = [
        ("Python module", names.len(), &|of| imported(bench, of, &names)),
        ("Node package", packages, &|of| resolved(bench, of, &projects)),
    ];
    for (kind, wanted, ask) in asked.into_iter().filter(|(_, wanted, _)| *wanted > 0) {
        let old = ask(before)?;
        let new = if old.found.is_empty() {
            Loaded::default()
        } else {
            ask(after)?
        };
        held(kind, &old, &new);
        not_compared.extend(old.silence("the original image", kind, wanted));
        if new.is_late {
            not_compared.extend(new.silence("the rewritten image", kind, old.found.len()));
        }
    }
    let check = match (count, not_compared.first()) {
        (0, Some(why)) if findings.is_empty() => Check::unknown("modules", why.clone()),
        (0, None) if findings.is_empty() => {
            let why = "the image has no Python modules or Node packages that its interpreters load";
            Check::skipped("modules", why)
        }
        _ => {
            let loaded = text::count(count, "module or package is", "modules and packages are");
            Check::of("modules", format!("{loaded} loaded as before"), findings).without(not_compared)
        }
    };
    Ok(check)
}

impl Loaded {
    /// What it does not tell of `wanted` names, and why.
    fn silence(&self, image: &str, kind: &str, wanted: usize) -> Option<String> {
        let missing = wanted.saturating_sub(self.found.len());
        // Without a reason, the interpreter ended before it came to them, or there is none.
        let why = self.refused.as_deref().unwrap_or("its interpreter does not tell");
        (missing > 0).then(|| format!("{kind}s of {image}, {missing} of {wanted}: {why}"))
    }
}

/// The library in `libpq.so.5: cannot open shared object file: …`, and in what modules say that look for one by
/// themselves: `failed to find libmagic`, `cannot load library 'libpango-1.0-0'`.
fn missing_library(why: &str) -> Option<&str> {
    if let Some((before, _)) = why.split_once(": cannot open shared object file") {
        return before.rsplit([' ', ':']).next();
    }
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+');
    let is_library = |word: &&str| word.len() > 4 && word.starts_with("lib") && !word.starts_with("library");
    let words = why.split(|letter| !is_part(letter));
    let mut libraries = words.map(|word| word.trim_end_matches('.')).filter(is_library);
    libraries.next()
}

/// The modules at the top of each folder of installed packages that is no package's of the system.
fn python_modules(files: &Files) -> BTreeMap<String, BTreeSet<String>> {
    let system = &files.system;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, entry) in &files.entries {
        let Some((folder, name)) = path.rsplit_once('/') else {
            continue;
        };
        let is_place = folder.ends_with("/site-packages") || folder.ends_with("/dist-packages");
        if !is_place || !system.owners(path).is_empty() {
            continue;
        }
        let module = match &entry.content {
            Content::Folder if files.entries.contains_key(&format!("{path}/__init__.py")) => name,
            Content::File(_) => match name.strip_suffix(".py") {
                Some(module) => module,
                None if name.ends_with(".so") => name.split('.').next().unwrap_or_default(),
                None => continue,
            },
            _ => continue,
        };
        let is_name = module.chars().all(|letter| letter.is_alphanumeric() || letter == '_') && !module.is_empty();
        if is_name && !INSTALLERS.contains(&module) {
            found.entry(folder.to_owned()).or_default().insert(module.to_owned());
        }
    }
    found
}

/// The interpreters whose packages are in `folders`, and the one that PATH means.
fn interpreters(side: Side<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in python_modules(side.files).keys() {
        let Some((prefix, version)) = folder
            .rsplit_once('/')
            .and_then(|(above, _)| above.rsplit_once("/lib/"))
        else {
            continue;
        };
        let candidates = ["python", version, "python3"].map(|name| format!("/{prefix}/bin/{name}"));
        found.extend(
            candidates
                .into_iter()
                .find(|candidate| side.files.is_program(candidate)),
        );
    }
    if found.is_empty() {
        let programs = ["python3", "python"].into_iter();
        found.extend(
            programs
                .filter_map(|name| side.files.program(name, side.path()))
                .map(|path| format!("/{path}"))
                .take(1),
        );
    }
    found
}

fn imported(
    bench: &Workbench,
    (image, side): (&Image, Side<'_>),
    names: &BTreeSet<String>,
) -> Result<Loaded, EngineError> {
    let mut loaded = Loaded::default();
    for interpreter in interpreters(side) {
        let mut command = vec![interpreter, "-B".to_owned(), "-c".to_owned(), PYTHON.to_owned()];
        command.extend(names.iter().cloned());
        collect(bench, image, &command, &mut loaded)?;
    }
    Ok(loaded)
}

fn resolved(
    bench: &Workbench,
    (image, side): (&Image, Side<'_>),
    projects: &[(String, Vec<String>)],
) -> Result<Loaded, EngineError> {
    let mut loaded = Loaded::default();
    let Some(node) = side.files.program("node", side.path()) else {
        return Ok(loaded);
    };
    let mut command = vec![format!("/{node}"), "-e".to_owned(), NODE.to_owned()];
    for (folder, names) in projects {
        command.extend(names.iter().flat_map(|name| [format!("/{folder}"), name.clone()]));
    }
    collect(bench, image, &command, &mut loaded)?;
    Ok(loaded)
}

/// Runs `command` and reads its lines: name, 0 or 1, and why.
fn collect(bench: &Workbench, image: &Image, command: &[String], loaded: &mut Loaded) -> Result<(), EngineError> {
    let run = Run {
        command: Some(command),
        timeout: Some(PATIENCE),
        is_read_only: true,
        ..Run::default()
    };
    let (code, output, messages) = match bench.run(image, &run) {
        Err(EngineError::Process(ProcessError::TimedOut { .. })) => {
            loaded.refused = Some(format!("not done after {} s", PATIENCE.as_secs()));
            loaded.is_late = true;
            return Ok(());
        }
        other => other?,
    };
    if code == Some(NOT_STARTED) {
        let why = last_line(&messages, &output);
        loaded.refused = Some(format!("the engine did not start the interpreter{why}"));
    }
    for line in output.lines() {
        let mut fields = line.splitn(3, '\t');
        let (Some(name), Some(result)) = (fields.next(), fields.next()) else {
            continue;
        };
        let failure = (result != "0").then(|| fields.next().unwrap_or_default().to_owned());
        // What one interpreter of the image loads is loaded.
        let known = loaded.found.entry(name.to_owned()).or_insert_with(|| failure.clone());
        if failure.is_none() {
            *known = None;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::Tree;
    use super::*;

    #[test]
    fn modules_at_the_top_are_found() {
        let site = "opt/venv/lib/python3.11/site-packages";
        let files = Tree::default()
            .file(&format!("{site}/flask/__init__.py"), "")
            .file(&format!("{site}/six.py"), "")
            .file(&format!("{site}/_cffi.cpython-311.so"), "")
            .file(&format!("{site}/pip/__init__.py"), "")
            .file(&format!("{site}/flask-1.dist-info/METADATA"), "")
            .file(&format!("{site}/my-plugin.pth"), "")
            .program("opt/venv/bin/python")
            .files();
        let names: Vec<&str> = ["_cffi", "flask", "six"].to_vec();
        assert_eq!(python_modules(&files)[site].iter().collect::<Vec<_>>(), names);
        let configuration = serde_json::json!({});
        let side = Side {
            files: &files,
            configuration: &configuration,
        };
        assert_eq!(
            interpreters(side).into_iter().collect::<Vec<_>>(),
            ["/opt/venv/bin/python"]
        );
    }

    #[test]
    fn the_library_that_an_import_misses() {
        let why = "ImportError: libpq.so.5: cannot open shared object file: No such file or directory";
        assert_eq!(missing_library(why), Some("libpq.so.5"));
        assert_eq!(missing_library("ModuleNotFoundError: No module named 'x'"), None);
        let why = "ImportError: failed to find libmagic.  Check your installation";
        assert_eq!(missing_library(why), Some("libmagic"));
        let why = "OSError: cannot load library 'libpango-1.0-0': error 0x7e";
        assert_eq!(missing_library(why), Some("libpango-1.0-0"));
    }
}
