//! What the fuzz targets share.

mod lines;
mod project;

pub use lines::{cross, mutate};
pub use project::Project;
