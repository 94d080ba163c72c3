//! Whether something depends on where Python's packages are: on `/usr/local/bin` and `/usr/local/lib/pythonX.Y`.

use crate::context::ContextSource;
use crate::facts::Facts;
use crate::syntax::{Dockerfile, Keyword};

use super::Needs;
use crate::effects::Evidence;
use crate::effects::image_files::View;

/// Programs that start others with a PATH of their own.
const RESET_PATH: &[&str] = &[
    "cron", "crond", "su", "sudo", "sshd", "runuser", "login", "systemd", "init",
];

/// Packages that load the interpreter themselves, and look for its packages where it was built.
const EMBED: &[&str] = &["uwsgi", "pyuwsgi", "mod-wsgi", "mod_wsgi", "jep"];

/// Files in which programs are named.
const NAMING: &[&str] = &[
    ".sh", ".bash", ".conf", ".cfg", ".ini", ".service", ".cron", ".py", ".yml", ".yaml", ".toml", "Procfile",
    "crontab",
];

/// The first fact that says so.
pub(super) fn named(
    file: &Dockerfile,
    facts: &Facts,
    stage: std::ops::Range<usize>,
    context: &ContextSource,
    image: &View<'_>,
    needs: &Needs,
) -> Option<Evidence> {
    let by_tool = RESET_PATH.iter().find_map(|tool| {
        let evidence = needs.tools.get(*tool)?;
        Some(Evidence {
            place: evidence.place.clone(),
            fact: format!("runs {tool}, which starts programs with a PATH of its own"),
        })
    });
    let embedded = || {
        let installed = super::installed_by_name(file, facts, stage.clone());
        let by_name = installed.into_iter().map(|(_, name, place)| (name, place));
        let known = |name: &str| EMBED.contains(&name.to_ascii_lowercase().as_str());
        let place = by_name.into_iter().find(|(name, _)| known(name)).or_else(|| {
            let mut manifests = context.sources(|path| {
                path.ends_with(".txt")
                    || path.ends_with("pyproject.toml")
                    || path.ends_with("Pipfile")
                    || path.ends_with(".lock")
            });
            manifests.find_map(|path| {
                let text = context.read(path).ok()?;
                let line = text.lines().position(|line| {
                    let name = line
                        .trim_start_matches([' ', '"', '\''])
                        .split(['=', '<', '>', '~', '[', ' ', ';', '"', '\''])
                        .next();
                    name.is_some_and(known)
                })?;
                Some((EMBED.first()?.to_string(), format!("{path}:{}", line + 1)))
            })
        })?;
        Some(Evidence {
            place: place.1,
            fact: "names a package that loads Python itself".to_owned(),
        })
    };
    let in_file = || {
        stage.clone().find_map(|index| {
            let instruction = file.instructions.get(index)?;
            let text = instruction.text();
            let starts = matches!(
                instruction.keyword(),
                Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Env
            );
            let name = mentions(text, |name| {
                name.starts_with("python")
                    || name.starts_with("pip")
                    || starts && image.supplier(&format!("usr/local/bin/{name}")).is_none()
            })?;
            Some(Evidence {
                place: file.place_of(index),
                fact: format!("names {name}"),
            })
        })
    };
    let in_context = || {
        let naming = |path: &str| NAMING.iter().any(|ending| path.ends_with(ending)) || path.contains("cron");
        context.sources(naming).find_map(|path| {
            let text = context.read(path).ok()?;
            text.lines().enumerate().find_map(|(number, line)| {
                let name = mentions(line, |name| image.supplier(&format!("usr/local/bin/{name}")).is_none())?;
                Some(Evidence {
                    place: format!("{path}:{}", number + 1),
                    fact: format!("names {name}"),
                })
            })
        })
    };
    by_tool.or_else(in_file).or_else(embedded).or_else(in_context)
}

/// The path among Python's own folders that a text names, if a program in `/usr/local/bin` is of interest.
fn mentions(text: &str, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    const BIN: &str = "/usr/local/bin/";
    const LIBRARY: &str = "/usr/local/lib/python";
    if text.contains(LIBRARY) {
        return Some(LIBRARY.to_owned());
    }
    text.match_indices(BIN).find_map(|(at, _)| {
        let rest = text.get(at + BIN.len()..)?;
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_-.+".contains(c)))
            .unwrap_or(rest.len());
        let name = rest.get(..end).filter(|name| !name.is_empty())?;
        // What a script of the project is called there is not Python's.
        (is_wanted(name) && !name.ends_with(".sh")).then(|| format!("{BIN}{name}"))
    })
}
