//! What the log of a rebuild says about where the packages came from. The log, not the time: a fast download proves
//! nothing.

use anyhow::{Context as _, Result, ensure};
use regex::Regex;

use super::project::Log;

impl Log {
    /// Makes a silent package manager say what it downloads.
    pub fn made_loud(&self, dockerfile: &str) -> Result<String> {
        let Some(loud) = &self.loud else {
            return Ok(dockerfile.to_owned());
        };
        ensure!(
            dockerfile.contains(&loud.from),
            "the rewritten file has no `{}`:\n{dockerfile}",
            loud.from
        );
        Ok(dockerfile.replace(&loud.from, &loud.to))
    }

    /// Checks that `rebuild` downloaded what the edit added and nothing that the first build knew.
    ///
    /// Finding the new package's line shows that the log has such lines and that the pattern matches them; without it,
    /// the absence of the others would mean nothing.
    pub fn check(&self, first: &str, rebuild: &str) -> Result<()> {
        let fetched = |package: &str, log: &str| -> Result<bool> {
            let pattern = self.fetched.as_deref().context("`known` and `new` need `fetched`")?;
            Ok(Regex::new(&pattern.replace("{}", &regex::escape(package)))?.is_match(log))
        };
        for package in &self.new {
            ensure!(
                fetched(package, rebuild)?,
                "the rebuild did not download {package}, which is new:\n{rebuild}"
            );
        }
        for package in &self.known {
            ensure!(
                !fetched(package, rebuild)?,
                "the rebuild downloaded {package} again:\n{rebuild}"
            );
            if self.loud.is_none() {
                ensure!(
                    fetched(package, first)?,
                    "the first build did not download {package}:\n{first}"
                );
            }
        }
        for pattern in &self.shows {
            let pattern = Regex::new(pattern)?;
            ensure!(
                pattern.is_match(rebuild),
                "the rebuild does not show `{pattern}`:\n{rebuild}"
            );
            ensure!(
                !pattern.is_match(first),
                "the first build shows `{pattern}`, too:\n{first}"
            );
        }
        ensure!(
            !self.new.is_empty() || !self.shows.is_empty(),
            "project.toml asks nothing of the log"
        );
        Ok(())
    }
}
