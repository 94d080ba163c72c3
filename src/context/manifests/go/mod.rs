//! Go: `go.mod`, `go.work` and the commands that read them.

mod install;
mod mod_file;

pub(super) use install::install;
pub(super) use mod_file::declared;
