//! What the user sees: the difference as a patch, and the report as text or JSON.

pub mod diff;
pub mod fleet;
pub mod github;
pub mod json;
pub mod markdown;
mod palette;
pub mod sarif;
pub mod split;
pub mod summary;
pub mod text;
pub mod verification;

pub use palette::Palette;
