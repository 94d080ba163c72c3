//! Workspaces: the root of a package and the members of a root.

use serde_json::Value;

use super::package_json::PackageJson;
use super::scripts::Tool;
use super::settings;
use crate::context::Files;
use crate::effects::ecosystems::manifests::{globs, paths};

/// The patterns of the members that the workspace file or manifest in `folder` states; `None` when `folder` is no root
/// of a workspace.
pub(super) fn patterns(files: &dyn Files, folder: &str, tool: Tool) -> Option<Vec<String>> {
    if tool == Tool::Pnpm {
        let text = files.read(&paths::join(folder, "pnpm-workspace.yaml"))?;
        let value = settings::yaml(&text).ok()?;
        let packages = value.get("packages").and_then(Value::as_array);
        return Some(
            packages
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        );
    }
    let manifest = PackageJson::look(files, folder)?;
    manifest.at("/workspaces")?;
    Some(manifest.workspaces().into_iter().map(str::to_owned).collect())
}

/// The folders of the members of the workspace whose root is `root`: those that a pattern means, that no pattern with
/// `!` takes out and that have a manifest.
pub(super) fn members(files: &dyn Files, root: &str, patterns: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for pattern in patterns {
        let (excludes, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, pattern.as_str()),
        };
        let meant = globs::expand(files, root, pattern.trim_end_matches('/')).unwrap_or_default();
        if excludes {
            found.retain(|folder| !meant.iter().any(|gone| paths::within(folder, gone)));
        } else {
            found.extend(meant);
        }
    }
    found.retain(|folder| folder != root && files.exists(&paths::join(folder, "package.json")));
    found.sort();
    found.dedup();
    found
}

/// The root of the workspace that `folder` belongs to, looked for up to `top`; `folder` itself where there is none.
pub(super) fn root(files: &dyn Files, folder: &str, top: &str, tool: Tool) -> String {
    for at in paths::upward(folder, top) {
        let Some(patterns) = patterns(files, at, tool) else {
            continue;
        };
        // pnpm takes any folder below the file for a part of the workspace; the others ask whether it is a member.
        if at == folder || tool == Tool::Pnpm || members(files, at, &patterns).iter().any(|member| member == folder) {
            return at.to_owned();
        }
    }
    folder.to_owned()
}
