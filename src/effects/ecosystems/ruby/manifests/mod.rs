//! Ruby: Bundler.

mod gemfile;
mod install;
mod lock;

pub(crate) use gemfile::declared;
pub(crate) use install::install;
