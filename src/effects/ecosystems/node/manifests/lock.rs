//! `package-lock.json`, as npm writes it since version 7.

use serde_json::Value;

/// A package that npm locked, direct or not.
pub(crate) struct Locked<'l> {
    /// Its folder, from that of the lock.
    pub(crate) place: &'l str,
    /// Its name.
    pub(crate) name: &'l str,
    /// Whether only development dependencies need it. One that is `devOptional` is needed by an optional one as well.
    pub(crate) is_development: bool,
    /// All that the lock says of it.
    pub(crate) entry: &'l Value,
}

/// The packages that `lock` names; none of a lock before version 2, which does not name their folders.
pub(crate) fn npm_locked(lock: &Value) -> impl Iterator<Item = Locked<'_>> {
    let packages = lock.get("packages").and_then(Value::as_object);
    packages.into_iter().flatten().filter_map(|(place, entry)| {
        Some(Locked {
            place,
            name: place.rsplit_once("node_modules/")?.1,
            is_development: entry.get("dev").and_then(Value::as_bool) == Some(true),
            entry,
        })
    })
}
