//! The JVM: Maven and Gradle.

mod gradle;
mod maven;
mod pom;

pub(super) use gradle::gradle;
pub(super) use maven::maven;
pub(super) use pom::declared;
