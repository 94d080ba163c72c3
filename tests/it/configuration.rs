//! `plimsoll.toml`: where it is found, what it says, and that its page tells the truth.

use plimsoll::config::{Config, KEYS};
use plimsoll::passes::Level;

use crate::support::{Folder, IMPROVABLE, snapshot};

const PAGE: &str = include_str!("../../docs/configuration.md");

/// The code blocks of the page in the given language.
fn examples(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(fence.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_example_on_the_page_is_valid_and_shows_every_key() {
    let example = examples("toml")[0];
    let config = Config::parse("plimsoll.toml", example).unwrap();
    assert_eq!(config.level, Some(Level::Safe));
    for key in KEYS {
        assert!(
            PAGE.contains(&format!("\n### `{key}`\n")),
            "the page has a section on {key}"
        );
        let is_shown = example
            .lines()
            .any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} =")));
        assert!(is_shown, "the example shows {key}");
    }
}

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/plimsoll.schema.json");

#[test]
fn the_schema_on_disk_is_that_of_the_type() {
    let schema = Config::schema().unwrap();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(SCHEMA, &schema).unwrap();
    }
    let on_disk = std::fs::read_to_string(SCHEMA).unwrap_or_default();
    assert!(
        schema == on_disk,
        "run the tests with UPDATE_SCHEMA=1 and look at the difference"
    );
}

#[test]
fn the_schema_says_what_the_program_says() {
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    let schema = compiler.compile(SCHEMA, &mut schemas).unwrap();
    for (text, is_good) in [
        (examples("toml")[0], true),
        ("", true),
        (
            "only = [\"merge-runs\"]\ninclude = [\"build/*.docker\"]\nexclude = []\n",
            true,
        ),
        ("levl = \"safe\"\n", false),
        ("level = \"safest\"\n", false),
        ("skip = [\"merge-run\"]\n", false),
        ("skip = \"merge-runs\"\n", false),
        ("forbid-assumptions = [\"calls-are-shown\"]\n", true),
        ("forbid-assumptions = [\"calls-are-show\"]\n", false),
        ("forbid-assumptions = \"calls-are-shown\"\n", false),
        ("cache-mounts = \"yes\"\n", false),
        ("include = [1]\n", false),
    ] {
        let value: serde_json::Value = toml::from_str(text).unwrap();
        assert_eq!(schemas.validate(&value, schema).is_ok(), is_good, "{text}");
        assert_eq!(Config::parse("plimsoll.toml", text).is_ok(), is_good, "{text}");
    }
    assert!(
        Config::parse("plimsoll.toml", "include = [\"a[\"]\n").is_err(),
        "a pattern must be one"
    );
}

#[test]
fn the_nearest_file_upwards_holds() {
    let folder = Folder::new();
    folder.write("app/deep/Dockerfile", IMPROVABLE);
    let check = || folder.plimsoll(&["check", "app/deep"]).code;
    assert_eq!(check(), 1);
    folder.write("plimsoll.toml", "skip = [\"cache-mounts\"]");
    assert_eq!(check(), 0);
    folder.write("app/plimsoll.toml", "level = \"safe\"");
    assert_eq!(check(), 1, "the nearest alone holds");
    assert_eq!(
        folder
            .plimsoll(&["check", "app/deep", "--config", "plimsoll.toml"])
            .code,
        0
    );
}

#[test]
fn nothing_above_the_repository_holds() {
    let folder = Folder::new();
    folder.write("repo/app/Dockerfile", IMPROVABLE);
    folder.write("plimsoll.toml", "skip = [\"cache-mounts\"]");
    assert_eq!(folder.plimsoll(&["check", "repo/app"]).code, 0);
    folder.write("repo/.git/HEAD", "");
    assert_eq!(folder.plimsoll(&["check", "repo/app"]).code, 1);
    folder.write("repo/plimsoll.toml", "skip = [\"cache-mounts\"]");
    assert_eq!(
        folder.plimsoll(&["check", "repo/app"]).code,
        0,
        "the root itself counts"
    );
}

#[test]
fn the_command_line_wins() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    let check = |arguments: &[&str]| folder.plimsoll(&[&["check"], arguments].concat()).code;
    folder.write("plimsoll.toml", "skip = [\"cache-mounts\"]");
    assert_eq!(check(&[]), 0);
    assert_eq!(check(&["--only", "cache-mounts"]), 1);
    assert_eq!(check(&["--skip", "merge-runs"]), 1);
    assert_eq!(check(&["--no-config"]), 1);
    folder.write("plimsoll.toml", "only = [\"merge-runs\"]");
    assert_eq!(check(&[]), 0);
    assert_eq!(check(&["--only", "cache-mounts"]), 1);

    folder.write("plimsoll.toml", "cache-mounts = false");
    let text = |arguments: &[&str]| folder.plimsoll(&[&["rewrite"], arguments].concat()).stdout;
    assert!(!text(&[]).contains("--mount"));
    assert!(text(&["--cache-mounts"]).contains("--mount"));
    folder.write("plimsoll.toml", "cache-mounts = true");
    assert!(!text(&["--no-cache-mounts"]).contains("--mount"));
}

#[test]
fn standard_input_is_configured_by_the_current_folder() {
    let folder = Folder::new();
    folder.write("plimsoll.toml", "skip = [\"cache-mounts\"]");
    assert_eq!(folder.plimsoll_in(".", &["check", "-"], IMPROVABLE).code, 0);
}

#[test]
fn errors_name_the_place_and_what_was_meant() {
    let folder = Folder::new();
    folder.write("Dockerfile", IMPROVABLE);
    let texts: Vec<String> = [
        "levl = \"safe\"",
        "level = \"safest\"",
        "# names of passes\nskip = [\n  \"merge-run\",\n]",
        "cache-mounts = \"no\"",
        "cache_mounts = false",
        "only = [",
        "[passes]\nskip = []",
    ]
    .iter()
    .map(|text| {
        folder.write("bad.toml", text);
        format!("{text}\n{}", folder.plimsoll(&["check", "--config", "bad.toml"]))
    })
    .collect();
    snapshot("configuration-errors", texts.join("\n"));

    let missing = folder.plimsoll(&["check", "--config", "missing.toml"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing.stderr.contains("cannot read the configuration missing.toml"),
        "{missing}"
    );
}
