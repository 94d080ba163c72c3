//! What the user sees: the difference as a patch, and the report as text or JSON.

pub mod diff;
pub mod figures;
pub mod json;
pub mod page;
mod palette;
pub mod smoke;
pub mod split;
mod templates;
pub mod text;
pub mod verification;

pub use palette::Palette;
