//! Patches, judged by the programs that apply them.

use std::path::Path;

use plimsoll::emit::{Palette, diff};

use crate::support::{Folder, IMPROVABLE};

/// Both programs make `new` of `old` with our patch, for a file called `name`.
#[track_caller]
fn assert_applies(name: &str, old: &str, new: &str) {
    let patch = diff::unified(Path::new(name), old, new, &Palette::default());
    for (program, arguments) in [
        ("git", ["apply", "../the.patch"].as_slice()),
        ("patch", &["-p1", "--no-backup-if-mismatch", "-i", "../the.patch"]),
    ] {
        let folder = Folder::new();
        folder.write("the.patch", &patch);
        folder.write(format!("repo/{name}"), old);
        assert!(folder.succeeds("repo", program, arguments), "{program}:\n{patch}");
        assert_eq!(folder.read(&format!("repo/{name}")), new, "{program}:\n{patch}");
    }
}

const BEFORE: &str =
    "FROM a\n\nRUN one\nRUN two\n# three\nRUN four\nRUN five\nRUN six\nRUN seven\nRUN eight\nCMD nine\n";
const AFTER: &str = "FROM b\n\nRUN one\nRUN two\n# three\nRUN four\nRUN five\nRUN six\nRUN eight\nCMD nine\nUSER ten\n";

#[test]
fn every_kind_of_line_end_applies() {
    assert_applies("Dockerfile", BEFORE, AFTER);
    let crlf = |text: &str| text.replace('\n', "\r\n");
    assert_applies("Dockerfile", &crlf(BEFORE), &crlf(AFTER));
    assert_applies(
        "Dockerfile",
        &BEFORE.replacen('\n', "\r\n", 4),
        &AFTER.replacen('\n', "\r\n", 4),
    );
    assert_applies(
        "Dockerfile",
        &BEFORE.replace("two", "t\rwo"),
        &AFTER.replace("two", "t\rwo"),
    );
    assert_applies("Dockerfile", &format!("\u{FEFF}{BEFORE}"), &format!("\u{FEFF}{AFTER}"));
}

#[test]
fn a_missing_newline_at_the_end_is_kept() {
    let (before, after) = (BEFORE.trim_end(), AFTER.trim_end());
    assert_applies("Dockerfile", before, after);
    assert_applies("Dockerfile", before, AFTER);
    assert_applies("Dockerfile", BEFORE, after);
    assert_applies("Dockerfile", "FROM a\nCMD b\r", "FROM c\nCMD b\r");
    assert_applies("Dockerfile", "FROM a", "FROM b");
}

#[test]
fn every_name_applies() {
    for name in [
        "app/Dockerfile.dev",
        "with blank/Docker file",
        "größe/Dockerfile",
        "a\"quote\\d\ttab",
    ] {
        assert_applies(name, BEFORE, AFTER);
    }
}

#[test]
fn equal_texts_give_an_empty_patch() {
    assert_eq!(
        diff::unified(Path::new("Dockerfile"), BEFORE, BEFORE, &Palette::default()),
        ""
    );
}

#[test]
fn the_output_of_diff_can_be_applied_where_it_was_made() {
    let folder = Folder::new();
    folder.write("sub/Dockerfile", IMPROVABLE);
    folder.write("other/README", "");
    assert!(folder.succeeds(".", "git", &["init", "-q"]));
    // From above, from beside the file, and from a folder beside: then the repository's root is where it applies.
    for (from, path, apply_in) in [(".", "sub", "."), ("sub", ".", "sub"), ("other", "../sub", ".")] {
        // The report that follows the patch is no obstacle.
        let outcome = folder.plimsoll_in(from, &["diff", path], "");
        folder.write("out.patch", outcome.stdout);
        let patch = folder.path().join("out.patch");
        let arguments = ["apply".as_ref(), "--check".as_ref(), patch.as_os_str()];
        assert!(folder.succeeds(apply_in, "git", &arguments), "from {from}");
    }
}

#[cfg(unix)]
#[test]
fn a_patch_of_a_link_names_the_file_behind_it() {
    let folder = Folder::new();
    folder.write("real/Dockerfile", IMPROVABLE);
    std::os::unix::fs::symlink("real/Dockerfile", folder.path().join("Dockerfile")).unwrap();
    assert!(folder.plimsoll(&["diff"]).stdout.starts_with("--- a/real/Dockerfile\n"));
}
