//! What a jar, or a start script, that Maven or Gradle made needs beside itself.

use roxmltree::{Document, Node};

use crate::context::Files;
use crate::effects::ecosystems::manifests::{paths, xml};
use crate::effects::ecosystems::output_settings::literals;
use crate::effects::{Obstacle, ObstacleKind};
use crate::knowledge::{Keeps, MavenPlugin, jvm_packaging};

use super::manifests::{class_paths, is_applied, without_comments};

/// What must cross with a file that something names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// The file alone.
    Nothing,
    /// This folder, which it is in.
    Folder(String),
    /// The folder of the project: nothing tells where its dependencies are.
    Project,
}

/// Where the dependencies of a jar are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    InTheJar,
    BelowTheBuildFolder,
    NotKnown,
}

/// Folders that builds write to, with the one below in which jars lie without their dependencies.
const BUILD_FOLDERS: [(&str, &[&str]); 2] = [("target", &[]), ("build", &["libs"])];

/// What must cross with the file at `path` that a build of the project in `folder` made; both without a leading `/`.
///
/// # Errors
/// A class path that leads out of the project.
pub(crate) fn beside(files: &dyn Files, folder: &str, path: &str) -> Result<Beside, Obstacle> {
    let module = module_of(files, folder, path);
    let below = path.strip_prefix(&module).unwrap_or(path).trim_start_matches('/');
    let parts: Vec<&str> = below.split('/').collect();
    let build = BUILD_FOLDERS.iter().find(|(name, _)| parts.first() == Some(name));
    let inner = parts.get(usize::from(build.is_some())..).unwrap_or_default();
    let is_flat = match (inner, build) {
        ([_], _) => true,
        ([libraries, _], Some((_, of_jars))) => of_jars.contains(libraries),
        _ => false,
    };
    let joined = |count: usize| paths::join(&module, &parts.get(..count).unwrap_or_default().join("/"));
    if !is_flat {
        let unit = joined(usize::from(build.is_some()) + 1);
        // A folder of the context has more than what was built.
        let is_built = build.is_some() || !files.exists(&unit);
        return Ok(if is_built {
            Beside::Folder(unit)
        } else {
            Beside::Nothing
        });
    }
    let name = parts.last().copied().unwrap_or_default();
    if !name.ends_with(".jar") {
        return Ok(Beside::Nothing);
    }
    Ok(match kept(files, folder, &module, name)? {
        Kept::InTheJar => Beside::Nothing,
        Kept::BelowTheBuildFolder if build.is_some() => Beside::Folder(joined(1)),
        Kept::BelowTheBuildFolder | Kept::NotKnown => Beside::Project,
    })
}

/// Whether a part of an option names a file of a build by its path: `target/agent.jar`, not `java.base/java.lang`.
pub(crate) fn names_built_file(value: &str) -> bool {
    let relative = value.trim_start_matches("./");
    let is_below = |name: &str| relative.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    value.starts_with('/') || BUILD_FOLDERS.iter().any(|(name, _)| is_below(name))
}

/// The innermost folder above `path` that has a manifest; that of the project if none has.
fn module_of(files: &dyn Files, folder: &str, path: &str) -> String {
    let has_manifest = |at: &&str| {
        ["pom.xml", "build.gradle", "build.gradle.kts"]
            .iter()
            .any(|name| files.exists(&paths::join(at, name)))
    };
    let mut above = paths::upward(paths::parent(path), folder).into_iter();
    above.find(has_manifest).unwrap_or(folder).to_owned()
}

fn kept(files: &dyn Files, folder: &str, module: &str, jar: &str) -> Result<Kept, Obstacle> {
    if files.exists(&paths::join(module, "pom.xml")) && !has_gradle(files, module) {
        return by_maven(files, module, jar);
    }
    by_gradle(files, folder, module, jar)
}

fn has_gradle(files: &dyn Files, module: &str) -> bool {
    let mut names = ["build.gradle", "build.gradle.kts"].iter();
    names.any(|name| files.exists(&paths::join(module, name)))
}

fn outside(manifest: &str) -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownPlace,
        format!("{manifest} gives the jar a class path outside of the build folder, which would not be there"),
        "copy the dependencies below the build folder, or put them into the jar",
    )
}

/// A POM and its parents in the project, and the parent that is in a repository.
struct Poms {
    texts: Vec<String>,
    /// As `group:artifact`.
    outer: Option<String>,
}

impl Poms {
    /// Reads them; none where one is no XML.
    fn of(files: &dyn Files, module: &str) -> Option<Poms> {
        let mut path = paths::join(module, "pom.xml");
        let mut found = Poms {
            texts: Vec::new(),
            outer: None,
        };
        // A circle of parents is an error of Maven.
        while found.texts.len() < 20 {
            let text = files.read(&path)?.trim_start_matches('\u{feff}').to_owned();
            let document = Document::parse(&text).ok()?;
            let Some(parent) = xml::at(document.root_element(), &["parent"]) else {
                found.texts.push(text);
                return Some(found);
            };
            let relative = xml::at(parent, &["relativePath"]).map(|node| node.text().unwrap_or("").trim());
            let name = relative.unwrap_or("../pom.xml");
            let target = paths::resolve(paths::parent(&path), name).filter(|_| !name.is_empty());
            let target = target.map(|target| {
                if target.ends_with(".xml") {
                    target
                } else {
                    paths::join(&target, "pom.xml")
                }
            });
            let next = target.filter(|target| files.exists(target));
            let part = |name| xml::text(parent, &[name]).unwrap_or_default();
            found.outer = next
                .is_none()
                .then(|| format!("{}:{}", part("groupId"), part("artifactId")));
            found.texts.push(text);
            match next {
                Some(next) => path = next,
                None => return Some(found),
            }
        }
        None
    }
}

/// The plugins of POMs.
struct Plugins<'d> {
    /// Those that run.
    active: Vec<Node<'d, 'd>>,
    /// Settings for those that may.
    managed: Vec<Node<'d, 'd>>,
}

impl<'d> Plugins<'d> {
    fn of(documents: &'d [Document<'d>]) -> Plugins<'d> {
        let holders: Vec<Node> = documents.iter().flat_map(|document| holders(document)).collect();
        let all = |path: &[&'static str]| -> Vec<Node<'d, 'd>> {
            let lists = holders.iter().filter_map(|holder| xml::at(*holder, path));
            lists.flat_map(|list| xml::children(list, "plugin")).collect()
        };
        Plugins {
            active: all(&["build", "plugins"]),
            managed: all(&["build", "pluginManagement", "plugins"]),
        }
    }

    /// All settings of a plugin.
    fn named(&self, name: &str) -> Vec<Node<'d, 'd>> {
        let all = self.active.iter().chain(&self.managed);
        all.filter(|node| is_called(node, name)).copied().collect()
    }

    /// Whether a plugin runs, and does what its row says.
    fn does(&self, row: &MavenPlugin, parent: Option<&str>) -> bool {
        let is_active = self.active.iter().any(|node| is_called(node, &row.plugin));
        let nodes = self.named(&row.plugin);
        let goals: Vec<&str> = values(&nodes, "goal").collect();
        let has = |name: &String| values(&nodes, name).next().is_some() || elements(&nodes, name).next().is_some();
        is_active && row.runs(&goals, parent) && !row.unless.iter().any(has)
    }
}

/// The project and its profiles.
fn holders<'d>(document: &'d Document<'d>) -> Vec<Node<'d, 'd>> {
    let project = document.root_element();
    let profiles = xml::at(project, &["profiles"]).into_iter();
    let profiles = profiles.flat_map(|all| xml::children(all, "profile"));
    std::iter::once(project).chain(profiles).collect()
}

fn is_called(plugin: &Node, name: &str) -> bool {
    xml::text(*plugin, &["artifactId"]) == Some(name)
}

/// The elements of a name below `nodes`.
fn elements<'n, 'd: 'n>(nodes: &'n [Node<'d, 'd>], name: &'n str) -> impl Iterator<Item = Node<'d, 'd>> + 'n {
    let all = nodes.iter().flat_map(Node::descendants);
    all.filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// Their texts.
fn values<'n, 'd: 'n>(nodes: &'n [Node<'d, 'd>], name: &'n str) -> impl Iterator<Item = &'d str> + 'n {
    elements(nodes, name).filter_map(|node| node.text().map(str::trim))
}

/// Where Maven keeps the dependencies of a jar.
fn by_maven(files: &dyn Files, module: &str, jar: &str) -> Result<Kept, Obstacle> {
    let Some(poms) = Poms::of(files, module) else {
        return Ok(Kept::NotKnown);
    };
    let documents: Result<Vec<Document>, _> = poms.texts.iter().map(|text| Document::parse(text)).collect();
    let Ok(documents) = documents else {
        return Ok(Kept::NotKnown);
    };
    let plugins = Plugins::of(&documents);
    let parent = poms.outer.as_deref();
    let rows = || jvm_packaging().maven.iter();
    let does = |keeps: Keeps| rows().any(|row| row.keeps == keeps && row.makes(jar) && plugins.does(row, parent));
    let archiver = plugins.named("maven-jar-plugin");
    let prefixes: Vec<&str> = values(&archiver, "classpathPrefix").collect();
    if prefixes.iter().any(|prefix| leads_out(prefix)) {
        return Err(outside(&paths::join(module, "pom.xml")));
    }
    let has_class_path = values(&archiver, "addClasspath").any(|value| value != "false")
        || elements(&archiver, "Class-Path").next().is_some();
    if has_class_path || does(Keeps::Folder) {
        let all: Vec<Node> = plugins.active.iter().chain(&plugins.managed).copied().collect();
        let is_below = !prefixes.iter().any(|prefix| prefix.contains(".."))
            && values(&all, "outputDirectory").all(is_below_build_folder)
            && elements(&archiver, "Class-Path").next().is_none();
        return Ok(if is_below {
            Kept::BelowTheBuildFolder
        } else {
            Kept::NotKnown
        });
    }
    let knows_parent = parent.is_none_or(|parent| rows().any(|row| row.knows_parent(parent)));
    let is_whole = does(Keeps::Whole) || knows_parent && !has_dependencies(&documents);
    Ok(if is_whole { Kept::InTheJar } else { Kept::NotKnown })
}

/// Whether a class path begins at a folder that is not the jar's.
fn leads_out(prefix: &str) -> bool {
    prefix.starts_with('/') || prefix.contains("user.home") || prefix.contains("localRepository")
}

fn is_below_build_folder(folder: &str) -> bool {
    let beginnings = [
        "${project.build.directory}",
        "${project.build.outputDirectory}",
        "target",
    ];
    beginnings.iter().any(|start| folder.starts_with(start)) && !folder.contains("..")
}

/// Whether POMs name dependencies that are there when the program runs.
fn has_dependencies(documents: &[Document]) -> bool {
    let holders = documents.iter().flat_map(|document| holders(document));
    let lists = holders.filter_map(|holder| xml::at(holder, &["dependencies"]));
    let mut all = lists.flat_map(|list| xml::children(list, "dependency").collect::<Vec<_>>());
    all.any(|one| !matches!(xml::text(one, &["scope"]), Some("test" | "provided")))
}

/// Where Gradle keeps the dependencies of a jar.
fn by_gradle(files: &dyn Files, folder: &str, module: &str, jar: &str) -> Result<Kept, Obstacle> {
    let read = |at: &str| {
        let mut names = ["build.gradle", "build.gradle.kts"].iter();
        let text = names.find_map(|name| files.read(&paths::join(at, name)));
        text.map(|text| without_comments(&text))
    };
    let Some(own) = read(module) else {
        return Ok(Kept::NotKnown);
    };
    // What a script of the root does to all projects counts, too.
    let shared = read(folder).filter(|_| folder != module);
    let texts: Vec<&str> = std::iter::once(own.as_str()).chain(shared.as_deref()).collect();
    let class_paths: Vec<&str> = texts.iter().flat_map(|text| class_paths(text)).collect();
    if class_paths.iter().any(|value| !names_files_alone(value)) {
        return Err(outside(&paths::join(module, "build.gradle")));
    }
    let rows = jvm_packaging().gradle.iter();
    let is_packed = rows
        .filter(|row| row.makes(jar))
        .flat_map(|row| &row.plugins)
        .any(|plugin| is_applied(&own, plugin));
    let is_unpacked_into_it = own.contains("zipTree(");
    // Another script may add some.
    let may_have_dependencies = |text: &&str| text.contains("dependencies") || text.contains("from:");
    let has_none = !texts.iter().any(may_have_dependencies);
    let is_known = class_paths.is_empty() && (is_packed || is_unpacked_into_it || has_none);
    Ok(if is_known { Kept::InTheJar } else { Kept::NotKnown })
}

/// Whether the expression of a class path names files by their names, or is a text of relative paths.
fn names_files_alone(value: &str) -> bool {
    let is_of_names = value.contains(".name") || value.contains("getName");
    let is_computed = ["configurations", "lasspath", "$"]
        .iter()
        .any(|part| value.contains(part));
    let is_absolute = literals(value).iter().any(|text| text.starts_with('/'));
    !is_absolute && (is_of_names || !is_computed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::MemoryFiles;

    fn of(files: &[(&str, &str)], path: &str) -> Option<Beside> {
        let files = MemoryFiles::new(files.iter().copied());
        beside(&files, "app", path).ok()
    }

    fn pom(plugins: &str, more: &str) -> String {
        format!(
            "<project>{more}<dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId></dependency></dependencies>\
             <build><plugins>{plugins}</plugins></build></project>"
        )
    }

    fn plugin(name: &str, goal: &str, more: &str) -> String {
        format!(
            "<plugin><artifactId>{name}</artifactId><executions><execution><goals><goal>{goal}</goal></goals>\
             {more}</execution></executions></plugin>"
        )
    }

    #[test]
    fn jars_of_maven() {
        let jar = |text: &str| of(&[("app/pom.xml", text)], "app/target/a.jar");
        let target = || Some(Beside::Folder("app/target".to_owned()));
        let boot = plugin("spring-boot-maven-plugin", "repackage", "");
        assert_eq!(jar(&pom(&boot, "")), Some(Beside::Nothing));
        assert_eq!(jar("<project/>"), Some(Beside::Nothing));
        assert_eq!(jar(&pom("", "")), Some(Beside::Project));
        let parent = "<parent><groupId>a</groupId><artifactId>b</artifactId></parent>";
        assert_eq!(jar(&format!("<project>{parent}</project>")), Some(Beside::Project));
        let thin = plugin(
            "spring-boot-maven-plugin",
            "repackage",
            "<configuration><includes/></configuration>",
        );
        assert_eq!(jar(&pom(&thin, "")), Some(Beside::Project));
        let copies = |to: &str| {
            let settings = format!("<configuration><outputDirectory>{to}</outputDirectory></configuration>");
            jar(&pom(
                &plugin("maven-dependency-plugin", "copy-dependencies", &settings),
                "",
            ))
        };
        assert_eq!(copies("${project.build.directory}/lib"), target());
        assert_eq!(copies("${project.basedir}/lib"), Some(Beside::Project));
        let archive = |prefix: &str| {
            let prefix = format!("<classpathPrefix>{prefix}</classpathPrefix>");
            jar(&pom(
                &plugin(
                    "maven-jar-plugin",
                    "jar",
                    &format!("<addClasspath>true</addClasspath>{prefix}"),
                ),
                "",
            ))
        };
        assert_eq!(archive("lib/"), target());
        assert_eq!(archive("../lib/"), Some(Beside::Project));
        assert_eq!(archive("${user.home}/.m2/repository/"), None);
        let assembly = plugin("maven-assembly-plugin", "single", "");
        let assembled = |name: &str| of(&[("app/pom.xml", &pom(&assembly, ""))], &format!("app/target/{name}"));
        assert_eq!(assembled("a-jar-with-dependencies.jar"), Some(Beside::Nothing));
        assert_eq!(assembled("a.jar"), Some(Beside::Project));
    }

    #[test]
    fn parents_of_a_pom() {
        let child = "<project><parent><groupId>a</groupId><artifactId>p</artifactId></parent></project>";
        let root = pom(&plugin("maven-shade-plugin", "shade", ""), "");
        let files = [("app/pom.xml", root.as_str()), ("app/web/pom.xml", child)];
        assert_eq!(of(&files, "app/web/target/a.jar"), Some(Beside::Nothing));
        let boot = "<parent><groupId>org.springframework.boot</groupId>\
                    <artifactId>spring-boot-starter-parent</artifactId></parent>";
        let plain = "<plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin>";
        let text = pom(plain, boot);
        assert_eq!(of(&[("app/pom.xml", &text)], "app/target/a.jar"), Some(Beside::Nothing));
        assert_eq!(
            of(&[("app/pom.xml", &pom(plain, ""))], "app/target/a.jar"),
            Some(Beside::Project)
        );
    }

    #[test]
    fn jars_of_gradle() {
        let jar = |text: &str, name: &str| of(&[("app/build.gradle", text)], &format!("app/build/libs/{name}"));
        let boot = "plugins { id 'org.springframework.boot' version '3' } dependencies { x }";
        assert_eq!(jar(boot, "a.jar"), Some(Beside::Nothing));
        assert_eq!(jar(boot, "a-plain.jar"), Some(Beside::Project));
        assert_eq!(
            jar(&format!("{boot} apply false").replace(" }", ""), "a.jar"),
            Some(Beside::Project)
        );
        assert_eq!(
            jar("plugins { id(\"com.gradleup.shadow\") }", "a-all.jar"),
            Some(Beside::Nothing)
        );
        assert_eq!(jar("plugins { id 'java' }", "a.jar"), Some(Beside::Nothing));
        let names = "jar { manifest { attributes 'Class-Path': configurations.x.files.collect { 'lib/' + it.name }.join(' ') } }";
        assert_eq!(jar(names, "a.jar"), Some(Beside::Project));
        assert_eq!(
            jar(
                "jar { manifest { attributes 'Class-Path': configurations.x.files.join(' ') } }",
                "a.jar"
            ),
            None
        );
        assert_eq!(
            jar("attributes(\"Class-Path\" to \"lib/a.jar lib/b.jar\")", "a.jar"),
            Some(Beside::Project)
        );
    }

    #[test]
    fn folders_below_the_build_folder() {
        let unit = |path: &str| of(&[("app/pom.xml", "<project/>"), ("app/conf/a.jar", "")], path);
        let folder = |path: &str| Some(Beside::Folder(path.to_owned()));
        assert_eq!(
            unit("app/target/quarkus-app/quarkus-run.jar"),
            folder("app/target/quarkus-app")
        );
        assert_eq!(
            unit("app/target/appassembler/bin/run"),
            folder("app/target/appassembler")
        );
        assert_eq!(unit("app/build/install/a/bin/a"), folder("app/build/install"));
        assert_eq!(unit("app/dist/bin/a"), folder("app/dist"));
        assert_eq!(unit("app/conf/b.jar"), Some(Beside::Nothing));
        assert_eq!(unit("app/target/classes"), Some(Beside::Nothing));
    }
}
