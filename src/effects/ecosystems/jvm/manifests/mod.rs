//! The JVM: Maven and Gradle.

mod gradle;
mod maven;
mod pom;

pub(crate) use gradle::gradle;
pub(crate) use maven::maven;
pub(crate) use pom::declared;
