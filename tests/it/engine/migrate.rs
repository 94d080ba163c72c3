//! A fleet of which each change is built before it is made.

use super::{Mode, docker, gate, say};
use crate::migrate::{Fleet, named};

const BASE: &str = "debian:bookworm-slim";

#[test]
fn a_fleet_gets_only_what_passed() {
    let what = "a verified fleet (a minute)";
    let Some(mode) = gate(what) else { return };
    if let Err(reason) = docker::provide(BASE) {
        assert!(mode != Mode::Required, "{reason}");
        return say(&format!("SKIPPED: {what}: {reason}"));
    }
    let fleet = Fleet::new();
    let good = format!("FROM {BASE}\nWORKDIR /app\nCOPY . .\nCMD [\"cat\", \"data.txt\"]\n");
    let more = good.replace("/app", "/more");
    let broken = format!("FROM {BASE}\nCOPY . /srv\nRUN exit 3\nCMD [\"true\"]\n");
    fleet.repository(
        "good",
        &[
            ("Dockerfile", &good),
            ("more/Dockerfile", &more),
            ("data.txt", "1\n"),
            ("more/data.txt", "2\n"),
        ],
    );
    fleet.repository("broken", &[("Dockerfile", &broken), ("data.txt", "x")]);
    let report = fleet.report(&["--branch", "b", "--verify", "--verify-jobs", "2", "--engine", "docker"]);
    let repository = named(&report, "good");
    assert_eq!(repository["outcome"], "committed", "{report:#}");
    for file in repository["files"].as_array().unwrap() {
        let verified = &file["verified"];
        assert_eq!(verified["passed"], true, "{verified:#}");
        assert!(
            verified["bytes"]["before"].as_u64().unwrap() > 10_000_000,
            "{verified:#}"
        );
    }
    assert!(report["totals"]["verified"]["after"].as_u64().unwrap() > 20_000_000);
    let repository = named(&report, "broken");
    assert_eq!(repository["outcome"], "unchanged", "{repository:#}");
    let verified = &repository["files"][0]["verified"];
    assert_eq!(verified["passed"], false);
    assert!(
        verified["summary"]
            .as_str()
            .unwrap()
            .starts_with("the original does not build")
    );
    assert_eq!(fleet.git(&fleet.at("broken"), &["branch", "--list", "b"]), "");
}
