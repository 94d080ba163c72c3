//! Solutions: `.sln`, its XML successor `.slnx` and the filter `.slnf`.

/// The projects of the solution at `path` whose text is `text`, as written but with `/`.
pub(super) fn projects(path: &str, text: &str) -> Vec<String> {
    let found = match path
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .as_deref()
    {
        Some("slnx") => slnx(text),
        Some("slnf") => slnf(text),
        _ => sln(text),
    };
    found
        .into_iter()
        .map(|name| name.replace('\\', "/"))
        .filter(|name| is_project(name))
        .collect()
}

/// The solution that a filter narrows.
pub(super) fn filtered(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(value.pointer("/solution/path")?.as_str()?.replace('\\', "/"))
}

/// Whether `name` ends like a project that `dotnet restore` reads.
pub(super) fn is_project(name: &str) -> bool {
    let endings = [
        ".csproj", ".fsproj", ".vbproj", ".esproj", ".dcproj", ".shproj", ".sqlproj", ".proj", ".vcxproj",
    ];
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// `Project("{type}") = "Name", "folder\Name.csproj", "{id}"`; folders of the solution have no such ending.
fn sln(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("Project("));
    lines
        .filter_map(|line| line.split('"').nth(5).map(str::to_owned))
        .collect()
}

fn slnx(text: &str) -> Vec<String> {
    let Ok(document) = roxmltree::Document::parse(text) else {
        return Vec::new();
    };
    let projects = document
        .descendants()
        .filter(|node| node.tag_name().name() == "Project");
    projects
        .filter_map(|node| node.attribute("Path").map(str::to_owned))
        .collect()
}

fn slnf(text: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let projects = value
        .pointer("/solution/projects")
        .and_then(serde_json::Value::as_array)
        .cloned();
    projects
        .unwrap_or_default()
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_kind() {
        let sln = "Project(\"{FAE0}\") = \"App\", \"src\\App\\App.csproj\", \"{1}\"\nEndProject\nProject(\"{2150}\") = \"src\", \"src\", \"{2}\"\n";
        assert_eq!(projects("x.sln", sln), ["src/App/App.csproj"]);
        let slnx = "<Solution><Folder Name=\"/s/\"><Project Path=\"a\\A.fsproj\" /></Folder></Solution>";
        assert_eq!(projects("x.slnx", slnx), ["a/A.fsproj"]);
        let slnf = r#"{"solution": {"path": "..\\x.sln", "projects": ["a\\A.csproj"]}}"#;
        assert_eq!(projects("x.slnf", slnf), ["a/A.csproj"]);
        assert_eq!(filtered(slnf).as_deref(), Some("../x.sln"));
        assert!(projects("x.slnx", "<").is_empty() && projects("x.slnf", "[").is_empty());
    }
}
