//! What changed in a context while it was built from.

use std::collections::HashSet;
use std::time::SystemTime;

use super::measure::Measure;
use super::source::ContextSource;
use super::walk::{self, Kind};

impl ContextSource {
    /// The files that the build gets which were written, made or removed after `time`, in order. The first look at the
    /// context has to be older. None for a context in memory.
    #[must_use]
    pub fn changed_since(&self, time: SystemTime) -> Vec<String> {
        let Some(root) = self.root() else { return Vec::new() };
        let now = walk::walk(root);
        let (before, now) = (self.measure(), Measure::new(&now, self.ignore()));
        let sent = |measure: &Measure<'_>| -> HashSet<String> {
            let files = measure.entries().iter().filter(|found| found.is_sent);
            let files = files.filter(|found| found.entry.kind != Kind::Folder);
            files.map(|found| found.entry.path.clone()).collect()
        };
        let (before, now) = (sent(&before), sent(&now));
        let is_written = |path: &&String| {
            let written = root.join(path).symlink_metadata().and_then(|found| found.modified());
            written.is_ok_and(|written| written > time)
        };
        let written = now.intersection(&before).filter(is_written);
        let mut changed: Vec<String> = now.symmetric_difference(&before).chain(written).cloned().collect();
        changed.sort();
        changed
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_written_made_or_removed_is_named() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let old = SystemTime::now() - Duration::from_secs(100);
        for name in ["same", "written", "removed", "ignored"] {
            fs::write(at(name), "x").unwrap();
            fs::File::options()
                .write(true)
                .open(at(name))
                .unwrap()
                .set_modified(old)
                .unwrap();
        }
        fs::write(at(".dockerignore"), "ignored\n.dockerignore\n").unwrap();
        let context = ContextSource::open(root.path(), None).unwrap();
        let _ = context.walk();
        let start = SystemTime::now() - Duration::from_secs(50);
        assert!(context.changed_since(start).is_empty());
        for name in ["written", "made", "ignored"] {
            fs::write(at(name), "y").unwrap();
        }
        fs::remove_file(at("removed")).unwrap();
        assert_eq!(context.changed_since(start), ["made", "removed", "written"]);
    }
}
