//! `Gemfile.lock`: the local gems, which Bundler wrote down after it ran the Gemfile.

/// The folders of the `PATH` sections, as written.
pub(super) fn path_remotes(text: &str) -> Vec<&str> {
    let mut in_path = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if !line.starts_with(' ') {
            in_path = line.trim_end() == "PATH";
        } else if let Some(remote) = line.trim().strip_prefix("remote:").filter(|_| in_path) {
            found.push(remote.trim());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_path_sections() {
        let text = "GEM\n  remote: https://example.org/\n  specs:\n\nPATH\n  remote: gems/shared\n  specs:\n    shared (1.0)\n\nPATH\n  remote: .\n";
        assert_eq!(path_remotes(text), ["gems/shared", "."]);
        assert!(path_remotes("remote: x").is_empty());
    }
}
