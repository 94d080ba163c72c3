//! Dockerfiles that Compose and Bake files name, whatever they are called.

use std::path::{Component, Path};

use serde_json::Value;

use crate::context::compose;

/// A file that names Dockerfiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Compose,
    Bake,
}

/// Whether a file with such a name may name Dockerfiles.
pub fn may_refer(path: &str) -> bool {
    kind(path).is_some()
}

fn kind(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if compose::is_compose_file(name) {
        return Some(Kind::Compose);
    }
    let is_bake = name.starts_with("docker-bake.") && (name.ends_with(".hcl") || name.ends_with(".json"));
    is_bake.then_some(Kind::Bake)
}

/// The Dockerfiles that the file `path` with the text `text` names, as paths from the root of the repository. Those
/// outside of it and those that only a variable tells are left out.
pub fn referred(path: &str, text: &str) -> Vec<String> {
    match kind(path) {
        Some(Kind::Compose) => {
            let services = compose::services(Path::new(path), text, &mut Vec::new()).unwrap_or_default();
            services
                .into_iter()
                .filter_map(|service| inside(&service.dockerfile))
                .collect()
        }
        Some(Kind::Bake) if path.ends_with(".json") => serde_json::from_str(text)
            .map(|bake| targets(path, &bake))
            .unwrap_or_default(),
        Some(Kind::Bake) => hcl::from_str(text).map(|bake| targets(path, &bake)).unwrap_or_default(),
        None => Vec::new(),
    }
}

/// The Dockerfiles of the targets of a Bake file. Its contexts are relative to the folder that bake is called in, which
/// is usually that of the file.
fn targets(path: &str, bake: &Value) -> Vec<String> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let targets = bake.get("target").and_then(Value::as_object);
    let all = targets
        .into_iter()
        .flat_map(|targets| targets.values())
        .filter_map(|target| {
            let text = |key: &str| match target.get(key) {
                None => Some(None),
                // An expression is text with `${`: what it comes to is not known.
                Some(value) => value.as_str().filter(|text| !text.contains("${")).map(Some),
            };
            let (context, dockerfile) = (
                text("context")?.unwrap_or("."),
                text("dockerfile")?.unwrap_or("Dockerfile"),
            );
            let is_local = !context.contains("://") && !context.starts_with("git@");
            inside(&folder.join(context).join(dockerfile)).filter(|_| is_local)
        });
    all.collect()
}

/// The path without `.` and `..`; none where it leads out of the repository.
pub(super) fn inside(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_files_name_dockerfiles() {
        let text = "services:\n  a:\n    build: {context: .., dockerfile: build/api.docker}\n  b:\n    build: web\n  c:\n    \
                    build: ../../..\n  d:\n    image: x\n";
        assert_eq!(
            referred("deploy/compose.yaml", text),
            ["build/api.docker", "deploy/web/Dockerfile"]
        );
        assert_eq!(referred("deploy/compose.yaml", "{"), Vec::<String>::new());
    }

    #[test]
    fn bake_files_name_dockerfiles() {
        let text = "variable \"TAG\" { default = \"x\" }\ntarget \"api\" {\n  context = \"api\"\n  dockerfile = \"api.docker\"\n}\n\
                    target \"other\" {\n  dockerfile = \"${TAG}.docker\"\n}\ntarget \"plain\" {}\n\
                    target \"away\" { context = \"https://example.org/x.git\" }\n";
        assert_eq!(referred("docker-bake.hcl", text), ["api/api.docker", "Dockerfile"]);
        let text = r#"{"target": {"api": {"context": "..", "dockerfile": "x"}}}"#;
        assert_eq!(referred("ci/docker-bake.json", text), ["x"]);
        assert_eq!(referred("docker-bake.json", text), Vec::<String>::new());
    }

    #[test]
    fn other_files_name_none() {
        assert!(!may_refer("README.md") && !may_refer("bake.hcl"));
        assert!(may_refer("x/docker-compose.prod.yml") && may_refer("docker-bake.override.json"));
    }
}
