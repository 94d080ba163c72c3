//! Packages of NuGet that bring the framework of ASP.NET: `data/dotnet-packages.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test reads where the facts come from"))]
struct Table {
    checked: String,
    sources: Vec<String>,
    parts: Vec<String>,
    names: Vec<String>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/dotnet-packages.toml")).unwrap_or_default());

/// Whether a program that refers to a package needs the framework of ASP.NET to run. NuGet does not look at upper and lower
/// case.
#[must_use]
pub fn brings_asp_net(package: &str) -> bool {
    let package = package.to_ascii_lowercase();
    let is_named = |name: &String| {
        let rest = package.strip_prefix(&name.to_ascii_lowercase());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    TABLE
        .parts
        .iter()
        .any(|part| package.contains(&part.to_ascii_lowercase()))
        || TABLE.names.iter().any(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_bring_asp_net() {
        assert_eq!(TABLE.checked.len(), 10);
        assert!(TABLE.sources.iter().all(|source| source.starts_with("https://")));
        for package in [
            "Serilog.AspNetCore",
            "prometheus-net.aspnetcore",
            "Yarp.ReverseProxy",
            "Hangfire",
            "Elsa.Http",
        ] {
            assert!(brings_asp_net(package), "{package}");
        }
        for package in [
            "Serilog",
            "Newtonsoft.Json",
            "Quartz",
            "Carterish",
            "Microsoft.EntityFrameworkCore",
        ] {
            assert!(!brings_asp_net(package), "{package}");
        }
    }
}
