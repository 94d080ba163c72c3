//! What the user sees: the difference as a patch, and the report as text or JSON.

pub mod diff;
pub mod figures;
pub mod fleet;
pub mod github;
pub mod json;
pub mod markdown;
pub mod page;
mod palette;
pub mod sarif;
pub mod smoke;
pub mod split;
pub mod summary;
mod templates;
pub mod text;
pub mod verification;

pub use palette::Palette;
