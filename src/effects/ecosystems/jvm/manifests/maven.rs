//! What `mvn` commands read.

use super::pom;
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, download_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;

const VALUED: &str = "
    -f --file -s --settings -gs --global-settings -pl --projects -P --activate-profiles -T --threads -rf
    --resume-from -t --toolchains -l --log-file -D --define -b";

/// Goals that only resolve or download.
const DOWNLOADS: &[&str] = &[
    "dependency:go-offline",
    "dependency:resolve",
    "dependency:resolve-plugins",
    "dependency:tree",
    "dependency:sources",
    "dependency:list",
    "de.qaware.maven:go-offline-maven-plugin:resolve-dependencies",
];

/// What a `mvn` command reads. Its goals count whether they stand in the verb or among the arguments.
pub(crate) fn maven(install: &Install, gather: &mut Gather) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let verb = install.verb.split_whitespace().map(str::to_owned);
    let goals: Vec<String> = verb.chain(arguments.operands.iter().cloned()).collect();
    if goals.is_empty()
        || goals
            .iter()
            .all(|goal| goal == "wrapper:wrapper" || goal == "help:evaluate")
    {
        return;
    }
    let Some(path) = file(install, &arguments, gather) else {
        return;
    };
    let folder = paths::parent(&path).to_owned();
    pom::read(gather, &path, pom::Role::Built, "the manifest");
    for at in paths::upward(&folder, &install.root) {
        // Maven's own settings lie at the root of a project of several modules.
        if at == folder || !gather.files.list(&paths::join(at, ".mvn")).is_empty() {
            gather.take_folder(&paths::join(at, ".mvn"), "Maven's settings and the wrapper");
        }
    }
    for name in ["mvnw", "mvnw.cmd"] {
        let wrapper = paths::join(&install.folder, name);
        if gather.files.exists(&wrapper) {
            gather.take(&wrapper, "Maven's wrapper");
        }
    }
    for name in arguments.values(&["-s", "--settings", "-gs", "--global-settings", "-t", "--toolchains"]) {
        gather.take_named(&install.folder, name, "the command line");
    }
    let downloads = |goal: &String| {
        // `org.apache.maven.plugins:maven-dependency-plugin:3.6.0:go-offline`
        let short = goal
            .rsplit_once(':')
            .map(|(plugin, goal)| (plugin.contains("maven-dependency-plugin"), goal));
        DOWNLOADS.contains(&goal.as_str())
            || short.is_some_and(|(own, goal)| own && DOWNLOADS.contains(&format!("dependency:{goal}").as_str()))
    };
    if goals.iter().all(downloads) {
        return;
    }
    gather.source(
        &folder,
        SourceKind::Project,
        format!("`mvn {}` builds the project", goals.join(" ")),
    );
    // With several modules go-offline looks for the modules' own artifacts in the repository and fails (MDEP-82).
    let first = download_first(&["mvn", "-B", "dependency:go-offline"], Vec::new());
    gather.project(first.filter(|_| !gather.has_members()));
}

/// The POM: `-f` names it or its folder.
fn file(install: &Install, arguments: &Arguments, gather: &mut Gather) -> Option<String> {
    let Some(name) = arguments.value(&["-f", "--file"]) else {
        return Some(paths::join(&install.folder, "pom.xml"));
    };
    match paths::resolve(&install.folder, name) {
        Some(path) if gather.files.list(&path).is_empty() => Some(path),
        Some(path) => Some(paths::join(&path, "pom.xml")),
        None => {
            gather.outside(name, "-f");
            None
        }
    }
}
