//! Variables by which tools are told of files of the project.

use crate::context::Files as _;
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::Scope;
use crate::syntax::{Arguments, Dockerfile, Keyword};

use crate::effects::image_files::{View, join};

/// How the names of variables begin that package managers, compilers and loaders read paths from.
const PREFIXES: &[&str] = &[
    "PIP_",
    "UV_",
    "NPM_",
    "YARN_",
    "PNPM_",
    "BUN_",
    "BUNDLE_",
    "GEM_",
    "RUBY",
    "POETRY_",
    "PIPENV_",
    "PDM_",
    "COMPOSER",
    "GO",
    "CGO_",
    "CARGO_",
    "RUST",
    "NUGET_",
    "DOTNET_",
    "MAVEN_",
    "MVN_",
    "GRADLE_",
    "JAVA_TOOL_OPTIONS",
    "NODE_OPTIONS",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_",
    "REQUESTS_CA_BUNDLE",
    "CURL_",
    "GIT_",
    "NETRC",
    "LD_",
    "LIBRARY_PATH",
    "CPATH",
    "C_INCLUDE_PATH",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "PKG_CONFIG_",
    "CMAKE_",
    "BASH_ENV",
];

/// Whether no variable in `scope`, that of instruction number `index`, leads an install there to what is copied.
pub(crate) fn is_free(file: &Dockerfile, index: usize, scope: &Scope, view: &View<'_>) -> Result<(), Obstacle> {
    let folder = scope.workdir.as_deref().unwrap_or("/").trim_matches('/');
    for (name, variable) in scope.variables.iter() {
        let value = variable.value.as_deref().unwrap_or_default();
        let upper = name.to_uppercase();
        if upper == "PATH" {
            search_path(value, view)?;
        } else if PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) {
            let names = |part: &&str| {
                let path = if part.starts_with('/') {
                    part.trim_matches('/').to_owned()
                } else {
                    join(folder, part.trim_start_matches("./"))
                };
                !part.is_empty()
                    && !path.is_empty()
                    && view.supplier(&path).is_some()
                    && *part != "."
                    && !(part.starts_with('/') && path == folder)
            };
            if let Some(part) = value.split([':', '=', ',', ' ']).find(names) {
                return Err(Obstacle::new(
                    ObstacleKind::UnknownPlace,
                    format!("the variable {name} names {part}, which is among what is copied"),
                    "name the file as an option of the install",
                ));
            }
        }
    }
    // The value of PATH is not known where that of the base image is not: what the file adds to it is.
    for instruction in file.instructions.iter().take(index) {
        if let (Keyword::Env, Arguments::Pairs { pairs, .. }) = (instruction.keyword(), &instruction.node().arguments) {
            for pair in pairs.iter().filter(|pair| pair.name == "PATH") {
                search_path(&pair.value.value, view)?;
            }
        }
    }
    Ok(())
}

/// Whether the sources bring no program that would be found in the folders of a PATH.
fn search_path(value: &str, view: &View<'_>) -> Result<(), Obstacle> {
    // Names of programs have no ending, other than scripts that are called with theirs, and no capital like LICENSE.
    let is_program = |name: &String| {
        !name.ends_with('/') && !name.contains('.') && !name.starts_with(|first: char| first.is_ascii_uppercase())
    };
    let brings = |part: &&str| part.starts_with('/') && view.list(part).iter().any(is_program);
    match value.trim_matches(['"', '\'']).split(':').find(brings) {
        None => Ok(()),
        Some(part) => Err(Obstacle::new(
            ObstacleKind::Order,
            format!("PATH names {part}, in which the sources bring programs"),
            "set PATH behind the install",
        )),
    }
}
