//! The project whose manifest or lock an install writes: what starts the program through the manager reads them.

use crate::effects::Obstacle;
use crate::facts::{Command, ManagerUse};
use crate::knowledge::{Action, LockForRun};

use super::{AbsolutePath, Surroundings, workdir};

impl Surroundings<'_> {
    /// The folder in which `command` writes a manifest or a lock; none where it writes neither.
    ///
    /// # Errors
    /// The folder, or a variable that decides about it, is not known.
    pub(super) fn written_project(&self, command: &Command, used: &ManagerUse) -> Result<Option<String>, Obstacle> {
        let project = &used.manager.project;
        let locks = match &project.lock_for_run {
            Some(lock) => self.is_lock_made(command, used, lock)?,
            None => false,
        };
        if !locks && !edits_manifest(used) {
            return Ok(None);
        }
        let folder = workdir(command, used)?;
        let root = project
            .lock_for_run
            .as_ref()
            .and_then(|lock| self.workspace_of(&folder, lock));
        Ok(Some(root.unwrap_or(folder)))
    }

    /// Whether a lock is made that is not there.
    fn is_lock_made(&self, command: &Command, used: &ManagerUse, lock: &LockForRun) -> Result<bool, Obstacle> {
        let prevents = used.options.iter().any(|(name, ..)| lock.not_with.contains(name));
        if prevents || !lock.made_by.contains(&used.verb) {
            return Ok(false);
        }
        for name in &lock.not_where {
            if self.variable(command, name)?.is_some() {
                return Ok(false);
            }
        }
        let folder = workdir(command, used)?;
        let root = self.workspace_of(&folder, lock).unwrap_or(folder);
        let is_there = |names: &[String]| {
            let project = AbsolutePath::root().join(&root);
            let mut paths = names.iter().map(|name| project.join(name));
            paths.any(|path| self.files.exists(path.relative()))
        };
        let project = &used.manager.project;
        Ok(is_there(&project.manifests) && !is_there(&project.locks))
    }

    /// The folder above `folder` that makes it a member of its workspace.
    fn workspace_of(&self, folder: &str, lock: &LockForRun) -> Option<String> {
        let (file, table) = &lock.workspace;
        let is_workspace = |folder: &str| {
            let manifest = self
                .files
                .read(AbsolutePath::root().join(folder).join(file).relative())?;
            let manifest = toml::from_str::<toml::Value>(&manifest).ok()?;
            table
                .iter()
                .try_fold(&manifest, |value, key| value.get(key))
                .map(|_| ())
        };
        let above = folder.match_indices('/').filter_map(|(at, _)| folder.get(..at));
        let mut above: Vec<&str> = above.filter(|above| !above.is_empty()).collect();
        above.reverse();
        let found = above.into_iter().find(|above| is_workspace(above).is_some());
        found.map(str::to_owned)
    }
}

/// Whether the packages that a command names go into the manifest.
fn edits_manifest(used: &ManagerUse) -> bool {
    let names_some = !used.packages.is_empty() || !used.reads.is_empty() || used.has_unknown_arguments;
    let changes = matches!(used.action, Action::Install | Action::Remove);
    changes && names_some && used.manager.project.edited_by.contains(&used.verb)
}
