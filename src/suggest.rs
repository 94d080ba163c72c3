//! What the user may have meant.

/// The candidate that looks most like `word`, if one looks like it at all.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        // Where clap draws the line too, so that the command line and the configuration file suggest alike.
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let passes = ["merge-runs", "clean-layers", "cache-mounts"];
        assert_eq!(closest("merge-run", passes), Some("merge-runs"));
        assert_eq!(closest("cache_mount", passes), Some("cache-mounts"));
        assert_eq!(closest("xyz", passes), None);
    }
}
