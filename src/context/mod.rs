//! The build context: what lies around a Dockerfile.

pub mod manifests;
