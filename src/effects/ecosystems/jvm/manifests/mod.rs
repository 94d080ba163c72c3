//! The JVM: Maven and Gradle.

mod gradle;
mod maven;
mod pom;

pub(crate) use gradle::{class_paths, gradle, is_applied, without_comments};
pub(crate) use maven::maven;
pub(crate) use pom::declared;
