//! Node.js: npm, Yarn (classic and berry), pnpm and Bun.

mod binaries;
mod install;
mod local;
mod lock;
mod package_json;
mod script_command;
mod script_file;
mod script_words;
mod scripts;
mod settings;
mod workspace;

pub(crate) use binaries::changes_nothing;
pub(crate) use install::{bun, npm, pnpm, yarn};
pub(crate) use lock::npm_locked;
pub(crate) use package_json::declared;
