//! Figures: how large an image is and of what, how long it takes to build, and what a build sends.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::bench::{Image, Inputs, Workbench};
use super::engine::EngineError;
use super::files::{Content, Files};
use super::subject::Subject;
use super::{Candidate, Event, Listener, Request, VerifyError, base_files, files_of, final_base, inputs};
use crate::context::{ContextSource, Kind, Totals};
use crate::syntax;

/// How large an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sizes {
    /// The bytes of the files of the image.
    pub bytes: u64,
    /// The same by what they are: `base image`, `system packages`, `language packages`, `application`, `other`.
    pub components: Vec<Component>,
    /// The layers with something in them, the first one first; empty where the engine does not tell.
    pub layers: Vec<Layer>,
}

/// One side of a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Figures {
    /// How large the image is.
    #[serde(flatten)]
    pub sizes: Sizes,
    /// What a build sends; none without a context.
    pub context: Option<Totals>,
    /// How long a build takes with nothing of an earlier one.
    pub cold_seconds: f64,
    /// The rebuild after an edit of a source; none where there is no source to edit.
    pub rebuild: Option<Rebuild>,
    /// The rebuild after an edit of a manifest; none where there is none.
    pub manifest_rebuild: Option<Rebuild>,
}

/// A part of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Component {
    /// What it is.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: u64,
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Layer {
    /// What made it, as the engine says it.
    pub made_by: String,
    /// Its bytes.
    pub bytes: u64,
}

/// A rebuild.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rebuild {
    /// The file of the context that was edited.
    pub edited: String,
    /// How long it took.
    pub seconds: f64,
}

impl Sizes {
    /// What a registry keeps and a machine pulls: all layers, with what later ones delete or replace. The files, where
    /// the engine does not tell of layers.
    #[must_use]
    pub fn stored(&self) -> u64 {
        let layers = self.layers.iter().map(|layer| layer.bytes).sum();
        if layers == 0 { self.bytes } else { layers }
    }

    /// Measures `image`, whose files are `files`. `base` holds those of the image that it starts from.
    pub(super) fn of(
        bench: &Workbench,
        image: &Image,
        files: &Files,
        base: Option<&Files>,
        subject: &Subject,
    ) -> Sizes {
        Sizes {
            bytes: files.bytes(),
            components: components(files, base, subject),
            layers: layers(bench, image),
        }
    }
}

/// Builds `candidate` twice, from nothing and after an edit of a source, and measures it. `variant` names the images.
///
/// # Errors
/// If it does not build, or the engine fails.
pub fn measure(
    bench: &Workbench,
    request: &Request,
    candidate: &Candidate,
    variant: &str,
    listener: Listener<'_>,
) -> Result<Figures, VerifyError> {
    let file = syntax::parse(&request.name, &candidate.text)?;
    bench.engine.knows(&file)?;
    let sent = sent(request, candidate)?;
    let mut inputs = Inputs {
        is_cold: true,
        ..inputs(request, candidate.ignore.as_deref())
    };
    listener(Event::Step(&format!("build the {variant} file from nothing")));
    let cold = bench.build(variant, &candidate.text, &inputs, &mut |line| {
        listener(Event::Line(line))
    })?;
    // Both sides are divided by what the original copies.
    let original = syntax::parse(&request.name, &request.original)?;
    let subject = Subject::of(&original, request.context.clone(), &request.arguments, None);
    let files = files_of(bench, &cold, &subject)?;
    let base = match final_base(&file) {
        Some(base) => base_files(bench, &format!("base-{variant}"), &base, &inputs, &subject)?,
        None => None,
    };
    let mut rebuilt = |edited: Option<String>, what: &str| -> Result<Option<Rebuild>, VerifyError> {
        let (Some(context), Some(edited)) = (&sent, edited) else {
            return Ok(None);
        };
        let copy = bench.folder().join(format!("context-{variant}-{what}"));
        let _copied = match context.copy_to(&copy) {
            Ok((copied, _)) => copied,
            Err(error) => {
                listener(Event::Step(&format!(
                    "no rebuild is measured: of the build context, {error}"
                )));
                return Ok(None);
            }
        };
        append(&copy.join(&edited))
            .map_err(|error| EngineError::Lacks(format!("cannot edit a copy of {edited}: {error}")))?;
        inputs.context = copy;
        // The mounts and layers of the cold build are there now; an engine without BuildKit has its own.
        inputs.is_cold = bench.engine.is_buildkit();
        listener(Event::Step(&format!(
            "build the {variant} file after an edit of {edited}"
        )));
        let tag = format!("{variant}-{what}");
        let image = bench.build(&tag, &candidate.text, &inputs, &mut |line| listener(Event::Line(line)))?;
        Ok(Some(Rebuild {
            edited,
            seconds: image.time.as_secs_f64(),
        }))
    };
    let rebuild = rebuilt(sent.as_ref().and_then(source), "source")?;
    let manifest_rebuild = rebuilt(sent.as_ref().and_then(manifest), "manifest")?;
    Ok(Figures {
        sizes: Sizes::of(bench, &cold, &files, base.as_ref(), &subject),
        context: sent.as_ref().map(|context| context.measure().sent),
        cold_seconds: cold.time.as_secs_f64(),
        rebuild,
        manifest_rebuild,
    })
}

/// The context as the candidate's build sees it.
fn sent(request: &Request, candidate: &Candidate) -> Result<Option<ContextSource>, VerifyError> {
    let Some(context) = &request.context else {
        return Ok(None);
    };
    let text = candidate.ignore.as_deref().or_else(|| context.ignore_text());
    let seen = context.with_ignore_text(text.unwrap_or_default());
    let seen = seen.map_err(|error| EngineError::Lacks(format!("the .dockerignore: {error}")))?;
    Ok(Some(seen))
}

fn components(files: &Files, base: Option<&Files>, subject: &Subject) -> Vec<Component> {
    const NAMES: [&str; 5] = [
        "base image",
        "system packages",
        "language packages",
        "application",
        "other",
    ];
    let system = &files.system;
    let mut sums = [0; NAMES.len()];
    for (path, entry) in files
        .entries
        .iter()
        .filter(|(_, entry)| matches!(entry.content, Content::File(_)))
    {
        let is_in_base = base
            .and_then(|base| base.entries.get(path))
            .is_some_and(|other| other.content == entry.content);
        let of_language = [
            "site-packages/",
            "dist-packages/",
            "node_modules/",
            "/gems/",
            "/vendor/bundle/",
        ];
        let kind = if is_in_base {
            0
        } else if !system.owners(path).is_empty() {
            1
        } else if of_language.iter().any(|folder| path.contains(folder)) {
            2
        } else if subject.is_application(path) {
            3
        } else {
            4
        };
        if let Some(sum) = sums.get_mut(kind) {
            *sum += entry.size;
        }
    }
    let parts = NAMES.into_iter().zip(sums);
    parts.map(|(name, bytes)| Component { name, bytes }).collect()
}

fn layers(bench: &Workbench, image: &Image) -> Vec<Layer> {
    let format = "{{.Size}}\t{{.CreatedBy}}";
    let args = ["history", "--no-trunc", "--human=false", "--format", format, &image.tag];
    // buildah has no such command: then there is nothing to show.
    let said = bench.engine.soon(&args).unwrap_or_default();
    let mut layers: Vec<Layer> = said
        .lines()
        .filter_map(|line| {
            let (bytes, made_by) = line.split_once('\t')?;
            let bytes = bytes.trim().parse().ok().filter(|bytes| *bytes > 0)?;
            let words: Vec<&str> = made_by.trim_end_matches("# buildkit").split_whitespace().collect();
            Some(Layer {
                made_by: words.join(" "),
                bytes,
            })
        })
        .collect();
    layers.reverse();
    layers
}

/// The source to edit: of those that are sent, the first one nearest to the root.
fn source(context: &ContextSource) -> Option<String> {
    const ENDINGS: [&str; 14] = [
        ".py", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".go", ".rs", ".rb", ".php", ".java", ".cs", ".c", ".html",
    ];
    const MANIFESTS: [&str; 3] = ["setup.py", "conanfile.py", "build.rs"];
    first(context, |name| {
        let is_source = ENDINGS.iter().any(|ending| name.ends_with(ending)) && !name.contains(".config.");
        is_source && !MANIFESTS.contains(&name)
    })
}

/// The manifest to edit, chosen in the same way: one in which an empty line at the end says nothing.
fn manifest(context: &ContextSource) -> Option<String> {
    const NAMES: [&str; 10] = [
        "requirements.txt",
        "pyproject.toml",
        "Pipfile",
        "package.json",
        "go.mod",
        "Cargo.toml",
        "pom.xml",
        "Gemfile",
        "composer.json",
        "build.gradle",
    ];
    first(context, |name| NAMES.contains(&name))
}

/// The file nearest to the root, of those that are sent and whose name is wanted.
fn first(context: &ContextSource, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    let measure = context.measure();
    let found = measure.entries().iter().filter(|found| {
        let path = &found.entry.path;
        let name = path.rsplit('/').next().unwrap_or(path);
        found.is_sent && found.entry.kind == Kind::File && is_wanted(name)
    });
    found
        .map(|found| found.entry.path.clone())
        .min_by_key(|path| (path.matches('/').count(), path.clone()))
}

/// A line more changes every source and breaks none.
fn append(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().append(true).open(path)?.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    #[test]
    fn files_are_told_apart() {
        let file = syntax::parse("Dockerfile", "FROM debian\nWORKDIR /app\n").unwrap();
        let base = Tree::default().file("bin/sh", "12345").files();
        let files = Tree::default()
            .file("bin/sh", "12345")
            .file("var/lib/dpkg/info/git.list", "/usr/bin/git\n")
            .file("usr/bin/git", "1234")
            .file("app/node_modules/a/index.js", "123")
            .file("app/main.js", "12")
            .files();
        let parts = components(&files, Some(&base), &Subject::of(&file, None, &[], None));
        let bytes: Vec<u64> = parts.iter().map(|part| part.bytes).collect();
        assert_eq!(bytes, [5, 4, 3, 2, 13]);
    }

    #[test]
    fn the_edit_is_to_a_source() {
        let context = ContextSource::in_memory([
            (".dockerignore", "a.py"),
            ("a.py", ""),
            ("deep/b.py", ""),
            ("deep/package.json", ""),
            ("requirements.txt", ""),
            ("setup.py", ""),
            ("vite.config.ts", ""),
            ("z.py", ""),
        ]);
        let context = context.unwrap();
        assert_eq!(source(&context).as_deref(), Some("z.py"));
        assert_eq!(manifest(&context).as_deref(), Some("requirements.txt"));
    }
}
