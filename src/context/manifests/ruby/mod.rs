//! Ruby: Bundler.

mod gemfile;
mod install;
mod lock;

pub(super) use gemfile::declared;
pub(super) use install::install;
