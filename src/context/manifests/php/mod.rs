//! PHP: Composer.

mod composer;
mod install;

pub(super) use composer::declared;
pub(super) use install::install;
