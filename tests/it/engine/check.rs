//! One project: built before and after, compared, edited and rebuilt.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use plimsoll::context::ContextSource;
use plimsoll::passes::{Level, PassOptions};
use plimsoll::rewrite::{Options, Rewrite, rewrite};

use super::compare::{compare_config, compare_files, compare_split};
use super::docker::{Image, Workbench};
use super::project::Project;
use super::say;

/// How much larger a rewritten image may be. Not nothing: logs of package managers stay in images and quote the command
/// line (`/var/log/apt/history.log`), which the rewrite made longer, and Python compiles what a cache made it import.
const TOLERANCE: u64 = 64 * 1024;

/// The figures of a project that passed.
pub struct Report {
    pub name: String,
    before: (f64, u64),
    after: (f64, u64),
    rebuild: f64,
}

/// Runs all checks of one project.
pub fn check(project: &Project) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let context = folder.path().join("context");
    project.copy_to(&context)?;
    let bench = Workbench::new(&project.name)?;
    let build = |variant: &str, text: &str| -> Result<Image> {
        let image = bench.build(variant, text, &context)?;
        let megabytes = image.bytes as f64 / 1e6;
        say(&format!(
            "engine: {}: {variant}: {:.1} s, {megabytes:.1} MB",
            project.name,
            image.time.as_secs_f64()
        ));
        Ok(image)
    };

    let text = project.dockerfile()?;
    let level = project.declared.level;
    let after = rewritten(&text, &context, level, true)?;
    let (text_after, ignore) = (after.text, after.dockerignore);
    say(&format!("engine: {}: rewritten to\n{text_after}", project.name));
    ensure!(text_after != text, "Plimsoll changes nothing");
    let original = build("original", &text)?;
    if let Some(ignore) = ignore.filter(|_| !project.declared.bulk.is_empty()) {
        fs::write(context.join(".dockerignore"), ignore.text)?;
    }
    let rewritten_image = build("rewritten", &text_after)?;

    let expected = &project.declared.output;
    expect_output(&original, expected).context("original")?;
    expect_output(&rewritten_image, expected).context("rewritten")?;
    compare_config(&original.config()?, &rewritten_image.config()?)?;
    let split = project.declared.split.as_ref();
    let (before, after) = (original.bytes, rewritten_image.bytes);
    ensure!(
        after <= before + TOLERANCE,
        "the image grew from {before} to {after} bytes"
    );
    match split {
        None => compare_files(&original, &rewritten_image)?,
        Some(split) => {
            compare_split(&original, &rewritten_image, split)?;
            ensure!(
                after * 100 <= before * (100 - split.smaller_by),
                "the image is {after} bytes, which is not {} % less than {before}",
                split.smaller_by
            );
        }
    }

    // For engines without BuildKit, cleaning up in the layer takes the place of the mounts. What differs in a builder
    // alone is in no image.
    let without_mounts = rewritten(&text, &context, level, false)?.text;
    if without_mounts != text && last_stage(&without_mounts) != last_stage(&text_after) {
        let cleaned = build("without-mounts", &without_mounts)?;
        expect_output(&cleaned, expected).context("without mounts")?;
        compare_config(&original.config()?, &cleaned.config()?).context("without mounts")?;
        match split {
            None => compare_files(&original, &cleaned),
            Some(split) => compare_split(&original, &cleaned, split),
        }
        .context("without mounts")?;
        ensure!(
            cleaned.bytes <= before + TOLERANCE,
            "without mounts, the image grew from {before} to {} bytes",
            cleaned.bytes
        );
    }

    project.edit(&context)?;
    let edited = match project.edited_dockerfile() {
        Some(text) => rewritten(&text, &context, level, true)?.text,
        None => text_after,
    };
    let rebuilt = build("rebuilt", &project.declared.log.made_loud(&edited)?)?;
    expect_output(&rebuilt, &project.declared.edited_output).context("rebuilt")?;
    project.declared.log.check(&rewritten_image.log, &rebuilt.log)?;

    Ok(Report {
        name: project.name.clone(),
        before: (original.time.as_secs_f64(), before),
        after: (rewritten_image.time.as_secs_f64(), after),
        rebuild: rebuilt.time.as_secs_f64(),
    })
}

fn rewritten(text: &str, context: &Path, level: Level, cache_mounts: bool) -> Result<Rewrite> {
    let passes = PassOptions {
        level,
        cache_mounts,
        context: Some(Arc::new(ContextSource::open(context, None)?)),
        ..PassOptions::default()
    };
    let options = Options {
        passes,
        ..Options::default()
    };
    Ok(rewrite("Dockerfile", text, &options)?)
}

/// The text of the last stage.
fn last_stage(dockerfile: &str) -> &str {
    dockerfile.rfind("FROM ").map_or(dockerfile, |at| &dockerfile[at..])
}

fn expect_output(image: &Image, expected: &str) -> Result<()> {
    let output = image.output()?;
    ensure!(
        output == expected,
        "the container printed\n{output}\ninstead of\n{expected}"
    );
    Ok(())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((before, bytes_before), (after, bytes_after)) = (self.before, self.after);
        let (bytes_before, bytes_after) = (bytes_before as f64 / 1e6, bytes_after as f64 / 1e6);
        write!(f, "{}: original {before:.1} s {bytes_before:.1} MB → ", self.name)?;
        write!(
            f,
            "{after:.1} s {bytes_after:.1} MB, rebuild after an edit {:.1} s",
            self.rebuild
        )
    }
}

impl Report {
    /// All reports below each other.
    pub fn table(reports: &[Report]) -> String {
        let mut table = format!(
            "\n{:20} {:>9} {:>9} {:>9} {:>10} {:>10} {:>10}\n",
            "project", "before", "after", "rebuild", "before", "after", "saved"
        );
        for Report {
            name,
            before,
            after,
            rebuild,
        } in reports
        {
            let megabytes = |bytes: u64| bytes as f64 / 1e6;
            let saved = (before.1 as f64 - after.1 as f64) / 1e3;
            table += &format!("{name:20} {:>7.1} s {:>7.1} s {rebuild:>7.1} s ", before.0, after.0);
            table += &format!(
                "{:>7.1} MB {:>7.1} MB {saved:>7.0} kB\n",
                megabytes(before.1),
                megabytes(after.1)
            );
        }
        table
    }
}
