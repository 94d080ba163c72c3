//! The reports: Markdown, SARIF, annotations and the page of a fleet.

use serde_json::Value;

use super::{Fleet, named};
use crate::support::{FINE, Folder, IMPROVABLE, snapshot};

#[test]
fn every_kind_of_report_can_be_written_at_once() {
    let fleet = Fleet::usual();
    let reports = ["r.html", "r.md", "r.json", "r.sarif"];
    let arguments: Vec<&str> = reports.iter().flat_map(|name| ["--report", name]).collect();
    let outcome = fleet.migrate(&[&["fleet"], arguments.as_slice()].concat());
    assert_eq!(outcome.code, 0, "{outcome}");
    snapshot("migrate-markdown", fleet.read("r.md"));
    crate::report::assert_valid(&fleet.read("r.json"));
    assert_sarif(&fleet.read("r.sarif"));
    for (format, file) in [("markdown", "r.md"), ("json", "r.json"), ("sarif", "r.sarif")] {
        assert_eq!(fleet.migrate(&["fleet", "--format", format]).stdout, fleet.read(file));
    }
    assert_eq!(fleet.migrate(&["fleet", "--report", "r.txt"]).code, 2);
}

#[test]
fn obstacles_are_counted_by_kind() {
    let fleet = Fleet::new();
    let unknown = "FROM node:20-slim\nCOPY a.js .\nRUN apt-get update && apt-get install -y gcc && frobnicate all\n\
                   CMD [\"node\", \"a.js\"]\n";
    fleet.repository("a", &[("Dockerfile", unknown), ("a.js", "console.log(1)\n")]);
    let report = fleet.report(&[]);
    assert_eq!(report["totals"]["obstacles"]["unknown-command"], 1);
    assert_eq!(report["totals"]["refusals"], 1);
    let page = fleet.migrate(&["fleet", "--format", "markdown"]).stdout;
    assert!(page.contains("| declined: unknown-command | 1 |"), "{page}");
}

/// What the specification (OASIS SARIF 2.1.0) asks for of the parts that we write.
#[track_caller]
fn assert_sarif(text: &str) -> Value {
    let log: Value = serde_json::from_str(text).unwrap();
    assert_eq!(log["version"], "2.1.0");
    for run in log["runs"].as_array().unwrap() {
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "plimsoll");
        let rules: Vec<&str> = driver["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["id"].as_str().unwrap())
            .collect();
        assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
        for result in run["results"].as_array().unwrap() {
            assert!(rules.contains(&result["ruleId"].as_str().unwrap()));
            assert_eq!(result["level"], "note");
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let location = &result["locations"][0]["physicalLocation"];
            let uri = location["artifactLocation"]["uri"].as_str().unwrap();
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
            assert!(!uri.starts_with('/') && uri.chars().all(allowed), "{uri}");
            let (first, last) = (&location["region"]["startLine"], &location["region"]["endLine"]);
            assert!(first.as_u64().unwrap() >= 1 && last.as_u64().is_none_or(|last| last >= first.as_u64().unwrap()));
        }
    }
    log
}

#[test]
fn check_writes_them_for_its_files() {
    let folder = Folder::new();
    folder.write("a b/Dockerfile", IMPROVABLE);
    folder.write("fine/Dockerfile", FINE);
    folder.write("bad/Dockerfile", "FROM a\nRUM b\n");
    let check = |format: &str| folder.plimsoll(&["check", "--format", format, "a b", "fine", "bad"]);
    let log = assert_sarif(&check("sarif").stdout);
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 2);
    assert_eq!(
        run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "a%20b/Dockerfile"
    );
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let github = check("github");
    assert_eq!(github.code, 2);
    snapshot("check-github", &github.stdout);
    snapshot("check-markdown", check("markdown").stdout);
    for command in ["diff", "rewrite", "explain", "context"] {
        assert_eq!(folder.plimsoll(&[command, "--format", "sarif"]).code, 2, "{command}");
    }
}

#[test]
fn annotations_name_repositories_that_were_left_out() {
    let fleet = Fleet::usual();
    fleet.write("tools", "README", "changed");
    let outcome = fleet.migrate(&["fleet", "--write", "--format", "github"]);
    assert_eq!(outcome.code, 1);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("::notice file=") || line.starts_with("::error ")),
        "{outcome}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("::error title=plimsoll::tools: it has uncommitted changes"))
    );
}

#[test]
fn the_page_holds_the_whole_report() {
    let fleet = Fleet::usual();
    fleet.repository(
        "evil",
        &[("</script><script>alert(1)</script>.Dockerfile", super::WORKER)],
    );
    fleet.migrate(&["fleet", "--report", "r.html"]);
    let page = fleet.read("r.html");
    let scripts = page.split("<script type=\"application/json\" id=\"").skip(1);
    let data: Vec<(&str, Value)> = scripts
        .map(|script| {
            let (id, rest) = script.split_once("\">").unwrap();
            (
                id,
                serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap(),
            )
        })
        .collect();
    let names: Vec<&str> = data
        .iter()
        .skip(1)
        .map(|(_, repository)| repository["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["acme/blog", "acme/fine", "acme/shop", "evil", "tools"]);
    assert_eq!(data[0].1.as_array().unwrap().len(), 5);
    let report = fleet.report(&[]);
    for (_, repository) in &data[1..] {
        assert_eq!(repository, named(&report, repository["name"].as_str().unwrap()));
    }
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "it needs nothing from elsewhere"
    );
}
