//! Which framework the projects of a context need when they run.

use roxmltree::{Document, Node};

use crate::context::ContextSource;
use crate::knowledge::brings_asp_net;

use super::solution::is_project;

/// Kinds of projects that are built for ASP.NET.
const SDKS: [&str; 2] = ["Microsoft.NET.Sdk.Web", "Microsoft.NET.Sdk.Razor"];

/// Whether a project of .NET uses ASP.NET, by its kind, its packages or those of a lock; also where none is there to tell, or
/// one cannot be read.
pub(crate) fn uses_asp_net(context: &ContextSource) -> bool {
    let is_wanted = |path: &str| is_project(path) || path.ends_with(".props") || path.ends_with(".targets");
    let mut projects = context.sources(is_wanted).peekable();
    let is_lock = |path: &str| path.ends_with("packages.lock.json");
    projects.peek().is_none()
        || projects.any(|path| context.read(path).map_or(true, |text| project_uses_it(&text)))
        || context
            .sources(is_lock)
            .any(|path| context.read(path).map_or(true, |text| lock_has_it(&text)))
}

fn project_uses_it(text: &str) -> bool {
    let Ok(document) = Document::parse(text.trim_start_matches('\u{feff}')) else {
        return true;
    };
    document.descendants().filter(Node::is_element).any(|node| {
        let included = || node.attribute("Include").or_else(|| node.attribute("Update"));
        let mut names = included().into_iter().flat_map(|names| names.split(';')).map(str::trim);
        match node.tag_name().name() {
            "PackageReference" | "GlobalPackageReference" | "FrameworkReference" => names.any(brings_asp_net),
            "Project" => node.attribute("Sdk").is_some_and(is_of_web),
            "Sdk" => node.attribute("Name").is_some_and(is_of_web),
            "Import" => node.attribute("Sdk").is_some_and(is_of_web),
            _ => false,
        }
    })
}

/// Whether a kind of project, `NAME` or `NAME/VERSION`, is built for ASP.NET.
fn is_of_web(sdk: &str) -> bool {
    sdk.split(';')
        .any(|sdk| SDKS.contains(&sdk.split('/').next().unwrap_or_default().trim()))
}

/// Whether a lock, which has the packages of packages, has one that brings it.
fn lock_has_it(text: &str) -> bool {
    let Ok(lock) = serde_json::from_str::<serde_json::Value>(text) else {
        return true;
    };
    let targets = lock.get("dependencies").and_then(serde_json::Value::as_object);
    let packages = targets.into_iter().flat_map(serde_json::Map::values);
    let mut names = packages
        .filter_map(serde_json::Value::as_object)
        .flat_map(serde_json::Map::keys);
    names.any(|name| brings_asp_net(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> bool {
        uses_asp_net(&ContextSource::in_memory(files.iter().copied()).unwrap())
    }

    #[test]
    fn projects_that_need_asp_net() {
        let project = |sdk: &str, item: &str| format!("<Project Sdk=\"{sdk}\"><ItemGroup>{item}</ItemGroup></Project>");
        let plain = project("Microsoft.NET.Sdk", "<PackageReference Include=\"Serilog\" />");
        assert!(!of(&[("a.csproj", &plain)]));
        assert!(of(&[]) && of(&[("a.csproj", "<Project")]));
        assert!(of(&[("a.csproj", &project("Microsoft.NET.Sdk.Web", ""))]));
        for item in [
            "<PackageReference Include=\"Serilog.AspNetCore\" Version=\"8.0.0\" />",
            "<FrameworkReference Include=\"Microsoft.AspNetCore.App\" />",
            "<PackageReference Include=\"Yarp.ReverseProxy\" />",
        ] {
            assert!(of(&[("a.csproj", &project("Microsoft.NET.Sdk", item))]), "{item}");
            assert!(
                of(&[("a.csproj", &plain), ("Directory.Build.props", &project("", item))]),
                "{item}"
            );
        }
        let lock = "{\"dependencies\": {\"net8.0\": {\"A\": {}, \"Hangfire.AspNetCore\": {}}}}";
        assert!(of(&[("a.csproj", &plain), ("packages.lock.json", lock)]));
    }
}
