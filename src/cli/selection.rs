//! Which passes run, and how far they go: the options that `rewrite`, `diff` and `check` share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::PossibleValuesParser;
use toml::Spanned;

use super::ignore_file;
use super::source::Source;
use crate::config::{Config, ConfigError};
use crate::context::{ContextError, ContextSource, Contexts, Origin, locate_among};
use crate::effects::copied_sources;
use crate::passes::{DockerIgnorePass, Level, Pass as _, PassOptions, REGISTRY};
use crate::rewrite::{Options, Rewrite};
use crate::syntax;

/// The options. Each wins over its key in plimsoll.toml.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Passes")]
pub(super) struct Selection {
    /// How much a change may assume [default: standard]
    #[arg(long, value_name = "LEVEL", hide_default_value = true)]
    level: Option<Level>,
    /// Run these passes alone; `plimsoll explain` lists them
    #[arg(long, value_name = "PASS", value_delimiter = ',', value_parser = pass_names(), hide_possible_values = true)]
    only: Vec<String>,
    /// Leave these passes out
    #[arg(long, value_name = "PASS", value_delimiter = ',', value_parser = pass_names(), hide_possible_values = true)]
    skip: Vec<String>,
    /// Write no cache mounts, for engines without BuildKit
    #[arg(long, overrides_with = "cache_mounts")]
    no_cache_mounts: bool,
    /// Write cache mounts even if plimsoll.toml says otherwise
    #[arg(long, overrides_with = "no_cache_mounts")]
    cache_mounts: bool,
    /// The build context: the folder that `docker build` is given [default: found from the Dockerfile and Compose files]
    #[arg(long, value_name = "DIR")]
    context: Option<PathBuf>,
    /// Read this file instead of looking for plimsoll.toml
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Read no plimsoll.toml
    #[arg(long)]
    no_config: bool,
    /// What is known of the contexts of this run.
    #[arg(skip)]
    contexts: Contexts,
}

impl Selection {
    /// Rewrites the Dockerfile that `path` means, with the options that the subcommand asks for.
    pub(super) fn rewrite(&self, path: &Path, ask: impl FnOnce(&mut Options)) -> anyhow::Result<(Source, Rewrite)> {
        let source = Source::read(path)?;
        let rewrite = self.rewrite_source(&source, ask)?;
        Ok((source, rewrite))
    }

    /// Rewrites `source`, which was read before.
    pub(super) fn rewrite_source(&self, source: &Source, ask: impl FnOnce(&mut Options)) -> anyhow::Result<Rewrite> {
        let mut options = self.options(self.config(&source.folder)?);
        ask(&mut options);
        if source.path.is_none() && self.context.is_some() {
            // What is read from standard input has no place beside which a file could be.
            options.skip.push(DockerIgnorePass.id().to_owned());
        }
        let mut notes = Vec::new();
        options.passes.context = self.context(source, &mut notes)?;
        let mut rewrite = crate::rewrite::rewrite(&source.name, &source.text, &options)?;
        rewrite.notes.extend(notes);
        if let Some(proposal) = &mut rewrite.dockerignore {
            ignore_file::name(proposal);
        }
        rewrite.notes.extend(passes_out_of_reach(&options));
        Ok(rewrite)
    }

    /// The build context: as given, else as found from the Dockerfile's place. Standard input has none of its own.
    pub(super) fn context(
        &self,
        source: &Source,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Option<Arc<ContextSource>>> {
        let path = source.path.as_deref();
        if let Some(folder) = &self.context {
            let path = path.map(std::path::absolute).transpose()?;
            return Ok(Some(Arc::new(ContextSource::open_among(
                &self.contexts,
                folder,
                path.as_deref(),
            )?)));
        }
        let Some(path) = path else { return Ok(None) };
        // A file that cannot be parsed is reported by what follows.
        let sources = syntax::parse(&source.name, &source.text)
            .map(|file| copied_sources(&file))
            .unwrap_or_default();
        let location = locate_among(&self.contexts, path, None, &sources);
        if !matches!(location.origin, Origin::Explicit | Origin::DockerfileFolder) {
            let here = std::env::current_dir()
                .and_then(|here| here.canonicalize())
                .unwrap_or_default();
            let root = location.root.canonicalize().unwrap_or_else(|_| location.root.clone());
            let root = match root.strip_prefix(&here) {
                Ok(inside) if inside.as_os_str().is_empty() => "this folder".to_owned(),
                Ok(inside) => inside.display().to_string(),
                Err(_) => root.display().to_string(),
            };
            notes.push(format!("the build context is {root}: {}", location.origin));
        }
        match ContextSource::open_among(&self.contexts, &location.root, Some(&std::path::absolute(path)?)) {
            Ok(context) => Ok(Some(Arc::new(context))),
            // What its ignore file keeps out is not known: nothing may be said of the context, and nothing be written.
            Err(error @ ContextError::Unreadable { .. }) => Err(error.into()),
            Err(error) => {
                notes.push(format!("no build context: {error}"));
                Ok(None)
            }
        }
    }

    /// Fails where an option is meant for a single file.
    pub(super) fn for_fleet(&self) -> anyhow::Result<()> {
        if self.context.is_some() {
            anyhow::bail!("--context is for a single Dockerfile: each file of a fleet has a context of its own");
        }
        Ok(())
    }

    /// The options for files in `folder`.
    pub(super) fn options_of(&self, folder: &Path) -> Result<Options, ConfigError> {
        Ok(self.options(self.config(folder)?))
    }

    pub(super) fn config(&self, folder: &Path) -> Result<Config, ConfigError> {
        match &self.config {
            _ if self.no_config => Ok(Config::default()),
            Some(file) => Config::read(file),
            None => Config::for_folder(folder),
        }
    }

    fn options(&self, config: Config) -> Options {
        let names = |given: &[String], configured: Option<Vec<Spanned<String>>>| match given {
            [] => configured
                .unwrap_or_default()
                .into_iter()
                .map(Spanned::into_inner)
                .collect(),
            given => given.to_vec(),
        };
        let mut skip: Vec<String> = names(&self.skip, config.skip);
        if self.skip.is_empty() {
            // Asked for by name on the command line, a pass runs though the file skips it.
            skip.retain(|pass| !self.only.contains(pass));
        }
        let cache_mounts = match (self.cache_mounts, self.no_cache_mounts) {
            (false, false) => config.cache_mounts.unwrap_or(true),
            (is_on, _) => is_on,
        };
        Options {
            passes: PassOptions {
                level: self.level.or(config.level).unwrap_or_default(),
                cache_mounts,
                context: None,
                forbidden_assumptions: names(&[], config.forbid_assumptions),
            },
            only: names(&self.only, config.only),
            skip,
            writes_dockerignore: false,
            explains_split: false,
        }
    }
}

/// The names of the passes, for clap to check, complete and suggest.
pub(super) fn pass_names() -> PossibleValuesParser {
    PossibleValuesParser::new(REGISTRY.iter().map(|pass| pass.id()))
}

/// A note for each pass that was asked for by name but does nothing at the level.
fn passes_out_of_reach(options: &Options) -> impl Iterator<Item = String> {
    REGISTRY
        .iter()
        .filter(|pass| pass.level() > options.passes.level && options.only.iter().any(|id| id == pass.id()))
        .map(|pass| format!("{} does nothing below --level {}", pass.id(), pass.level()))
}
