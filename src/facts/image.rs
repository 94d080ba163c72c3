//! References to images: `registry/name:tag@digest`.

use std::fmt;

/// The parts of an image reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    /// The registry's host, with its port; none for Docker Hub's short names.
    pub registry: Option<String>,
    /// The name behind the registry: `library/python`, `python`, `org/app`.
    pub name: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest, with its algorithm.
    pub digest: Option<String>,
}

impl ImageReference {
    /// Reads `text`; none where it is empty.
    pub fn parse(text: &str) -> Option<ImageReference> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        // A host has a dot or a port, or is localhost; anything else before the slash is part of the name.
        let (registry, rest) = match rest.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (Some(host.to_owned()), rest),
            _ => (None, rest),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) => (name, Some(tag.to_owned())),
            None => (rest, None),
        };
        (!name.is_empty()).then(|| ImageReference {
            registry,
            name: name.to_owned(),
            tag,
            digest,
        })
    }

    /// The name as Docker Hub's official images are called, without `library/`, where the image is one of them.
    pub fn official_name(&self) -> Option<&str> {
        if !matches!(self.registry.as_deref(), None | Some("docker.io" | "index.docker.io")) {
            return None;
        }
        let name = self.name.strip_prefix("library/").unwrap_or(&self.name);
        (!name.contains('/')).then_some(name)
    }

    /// Registry and name, as knowledge tables are keyed: without `docker.io` and `library/`.
    pub fn repository(&self) -> String {
        match (self.official_name(), &self.registry) {
            (Some(name), _) => name.to_owned(),
            (None, Some(registry)) if !registry.ends_with("docker.io") => format!("{registry}/{}", self.name),
            _ => self.name.clone(),
        }
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        write!(f, "{}", self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let image = ImageReference::parse("registry.example.com:5000/team/app:1.2@sha256:abc").unwrap();
        assert_eq!(image.registry.as_deref(), Some("registry.example.com:5000"));
        assert_eq!((image.name.as_str(), image.tag.as_deref()), ("team/app", Some("1.2")));
        assert_eq!(image.digest.as_deref(), Some("sha256:abc"));
        assert_eq!(image.to_string(), "registry.example.com:5000/team/app:1.2@sha256:abc");
        assert_eq!(image.repository(), "registry.example.com:5000/team/app");
    }

    #[test]
    fn official_names() {
        let official = |text: &str| ImageReference::parse(text).unwrap().official_name().map(str::to_owned);
        assert_eq!(official("python:3.12-slim").as_deref(), Some("python"));
        assert_eq!(official("docker.io/library/python").as_deref(), Some("python"));
        assert_eq!(official("bitnami/python"), None);
        assert_eq!(official("quay.io/python"), None);
        assert_eq!(ImageReference::parse(":3"), None);
    }
}
