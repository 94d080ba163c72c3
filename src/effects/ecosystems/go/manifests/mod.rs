//! Go: `go.mod`, `go.work` and the commands that read them.

mod install;
mod mod_file;

pub(crate) use install::install;
pub(crate) use mod_file::declared;
