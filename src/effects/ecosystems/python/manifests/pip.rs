//! `pip install`, and the same command of uv.

use super::requirement::Requirement;
use super::requirements::{self, Line};
use super::{declared, project, setup_py};
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::reads::{DependenciesFirst, SourceKind, Step};
use crate::effects::ecosystems::manifests::{globs, paths};

/// The options of `pip install` and `uv pip install` whose value is the next word, by their `--help`.
const VALUED: &str = "
    -r --requirement --requirements -c --constraint --constraints -e --editable -f --find-links -t --target
    --prefix --root --src -i --index-url --extra-index-url --platform --python-version --implementation --abi
    --progress-bar --report --no-binary --only-binary --upgrade-strategy -C --config-settings --config-setting
    --global-option --cache-dir --log --proxy --retries --timeout --exists-action --trusted-host --cert
    --client-cert --keyring-provider -p --python --group --use-feature --use-deprecated --root-user-action -b
    --build-constraint --build-constraints --override --overrides --extra --index --default-index --index-strategy
    --link-mode --resolution --prerelease -P --upgrade-package --refresh-package --reinstall-package
    --python-platform --exclude-newer -w --wheel-dir -d --dest --directory --project --config-file
    --allow-insecure-host --color --no-build-isolation-package --no-binary-package --torch-backend";

/// What a `pip` command reads.
pub(crate) fn pip(install: &Install, gather: &mut Gather) {
    match install.verb.as_str() {
        "install" | "download" | "wheel" => packages(install, &install.folder, gather),
        "" | "uninstall" | "freeze" | "list" | "show" | "check" | "config" | "cache" | "index" | "debug" | "hash" => {}
        verb => gather.unknown(
            format!("`pip {verb}` is not a command whose reads are known"),
            "install with `pip install -r requirements.txt`",
        ),
    }
}

/// The operands and file options of an install in `folder`.
pub(super) fn packages(install: &Install, folder: &str, gather: &mut Gather) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let mut walk = Walk {
        gather,
        folder,
        install,
    };
    for name in arguments.values(&["-r", "--requirement", "--requirements"]) {
        walk.requirements_argument(name, "-r on the command line");
    }
    let constraints = [
        "-c",
        "--constraint",
        "--constraints",
        "-b",
        "--build-constraint",
        "--build-constraints",
        "--override",
        "--overrides",
    ];
    for name in arguments.values(&constraints) {
        walk.requirements_argument(name, "-c on the command line");
    }
    for target in arguments.values(&["-e", "--editable"]) {
        walk.requirement(&Requirement::parse(target), true, "the command line");
    }
    for place in arguments.values(&["-f", "--find-links"]) {
        walk.find_links(place, folder, "the command line");
    }
    for group in arguments.values(&["--group"]) {
        walk.group(group);
    }
    for operand in &arguments.operands {
        // `uv pip sync requirements.txt` names its files without an option.
        if install.verb.ends_with("sync") || install.verb.ends_with("compile") {
            walk.requirements_argument(operand, "the command line");
            continue;
        }
        walk.operand(operand);
    }
}

/// The walk from the command line through requirements files.
struct Walk<'g, 'f, 'i> {
    gather: &'g mut Gather<'f>,
    /// The working directory: what local paths in requirements files are relative to, wherever the file lies.
    folder: &'i str,
    install: &'i Install,
}

impl Walk<'_, '_, '_> {
    /// A requirements file on the command line; the shell expands patterns in its name.
    fn requirements_argument(&mut self, name: &str, place: &str) {
        if is_url(name) {
            return;
        }
        if globs::is_pattern(name) {
            match globs::expand(self.gather.files, self.folder, name) {
                Some(found) => found.iter().for_each(|path| self.requirements_file(path, place)),
                None => self.gather.outside(name, place),
            }
            return;
        }
        // uv takes these in place of a requirements file.
        let base = paths::name(name);
        if matches!(base, "pyproject.toml" | "setup.py" | "setup.cfg") {
            let resolved = paths::resolve(self.folder, name);
            match resolved {
                Some(path) => self.manifest_as_requirements(&path),
                None => self.gather.outside(name, place),
            }
            return;
        }
        match paths::resolve(self.folder, name) {
            Some(path) => self.requirements_file(&path, place),
            None => self.gather.outside(name, place),
        }
    }

    /// `uv pip install -r pyproject.toml` reads the static dependencies; dynamic ones need a build.
    fn manifest_as_requirements(&mut self, path: &str) {
        let folder = paths::parent(path);
        if paths::name(path) == "setup.py" {
            setup_py::read(self.gather, folder);
            return;
        }
        let Some(text) = self.gather.need_text(path, "named by -r on the command line") else {
            return;
        };
        if paths::name(path) != "pyproject.toml" {
            project::build(
                self.gather,
                folder,
                SourceKind::Project,
                &format!("{path} is read by a build"),
            );
            return;
        }
        if let Some(pyproject) = super::read_toml(self.gather, path, &text) {
            super::uv::sources(self.gather, folder, &pyproject);
            if super::uv::has_dynamic_dependencies(&pyproject) {
                let why = format!("{path} leaves its dependencies to a build");
                project::build(self.gather, folder, SourceKind::Project, &why);
            }
        }
    }

    fn requirements_file(&mut self, path: &str, place: &str) {
        let Some(text) = self.gather.need_text(path, &format!("named by {place}")) else {
            return;
        };
        if !self.gather.first_visit("requirements", path) {
            return;
        }
        let beside = paths::parent(path).to_owned();
        for line in requirements::parse(&text) {
            match line {
                Line::Include(name) | Line::Constraint(name) if is_url(&name) => {}
                Line::Include(name) | Line::Constraint(name) => match paths::resolve(&beside, &name) {
                    Some(nested) => self.requirements_file(&nested, path),
                    None => self.gather.outside(&name, path),
                },
                Line::Editable(requirement) => self.requirement(&requirement, true, path),
                Line::Requirement(requirement) => self.requirement(&requirement, false, path),
                Line::FindLinks(links) => self.find_links(&links, &beside, path),
                Line::Option => {}
            }
        }
    }

    /// An operand of the command line: a requirement, a path, or what a shell pattern means.
    fn operand(&mut self, operand: &str) {
        if globs::is_pattern(operand)
            && (operand.contains('/') || operand.ends_with(".whl"))
            && !operand.contains("://")
        {
            return self.gather.take_named(self.folder, operand, "the command line");
        }
        if operand.starts_with('$') {
            return self.gather.unknown(
                format!("the command line holds {operand}, which only the build knows"),
                "write the requirement out",
            );
        }
        self.requirement(&Requirement::parse(operand), false, "the command line");
    }

    /// A requirement; only one that is a path reads from the context.
    fn requirement(&mut self, requirement: &Requirement, editable: bool, place: &str) {
        let path = match requirement {
            Requirement::Local { path, .. } => path.clone(),
            // `-e name` is a folder, too.
            Requirement::Index { name } if editable => name.clone(),
            _ => return,
        };
        let Some(path) = paths::resolve(self.folder, &path) else {
            return self.gather.outside(&path, place);
        };
        let is_folder = path.is_empty() || !self.gather.files.list(&path).is_empty();
        if !is_folder {
            self.gather.need(&path, &format!("named by {place}"));
        } else if path == self.folder {
            let why = format!("{place} installs the project in {}", paths::shown(&path));
            project::build(self.gather, &path, SourceKind::Project, &why);
            self.gather
                .project(requirements_first(&path, self.install, self.gather));
        } else {
            let why = format!("{place} installs the project in {}", paths::shown(&path));
            project::build(self.gather, &path, SourceKind::PathDependency, &why);
            self.gather.take_folder(&path, &format!("installed by {place}"));
        }
    }

    /// `--find-links`: a folder or a page. In a file it is relative to the file if there is such a folder.
    fn find_links(&mut self, links: &str, beside: &str, place: &str) {
        if is_url(links) {
            return;
        }
        let links = links
            .strip_prefix("file:")
            .map_or(links, |rest| rest.trim_start_matches("//"));
        let near = paths::resolve(beside, links).filter(|path| self.gather.files.exists(path));
        match near.or_else(|| paths::resolve(self.folder, links)) {
            // A folder of the image outside of the context is made by another step.
            None => self.gather.outside(links, place),
            Some(path) if path.is_empty() => {
                self.gather.source(
                    "",
                    SourceKind::PathDependency,
                    format!("{place} looks for packages in `{links}`"),
                );
            }
            Some(path) => drop(
                self.gather
                    .take_folder(&path, &format!("where {place} looks for packages")),
            ),
        }
    }

    /// `--group name` or `--group path/pyproject.toml:name` (PEP 735).
    fn group(&mut self, group: &str) {
        let path = group.rsplit_once(':').map_or("pyproject.toml", |(path, _)| path);
        match paths::resolve(self.folder, path) {
            Some(path) => drop(self.gather.need(&path, "holds the group that --group names")),
            None => self.gather.outside(path, "--group"),
        }
    }
}

fn is_url(text: &str) -> bool {
    text.contains("://") && !text.starts_with("file:")
}

/// pip has no way to leave the project out, but its static dependencies can be given to it as operands.
fn requirements_first(folder: &str, install: &Install, gather: &Gather) -> Option<DependenciesFirst> {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let mut targets = arguments
        .values(&["-e", "--editable"])
        .chain(arguments.operands.iter().map(String::as_str));
    let extras = targets.find_map(|target| target.strip_suffix(']')?.split_once('[').map(|(_, extras)| extras));
    let extras: Vec<&str> = extras
        .into_iter()
        .flat_map(|extras| extras.split(','))
        .map(str::trim)
        .collect();
    let requirements = declared::static_requirements(folder, gather.files, &extras)?;
    (!requirements.is_empty()).then_some(DependenciesFirst {
        step: Step::Requirements(requirements),
        stubs: Vec::new(),
        installs: true,
    })
}
