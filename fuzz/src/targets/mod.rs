//! What each fuzz target checks of a text. The usual tests check some texts, too, without a fuzzer.

pub mod arguments;
pub mod configuration;
pub mod dockerignore;
pub mod manifests;
pub mod parse_emit;
pub mod passes;
pub mod shell;

use super::project::Project;
