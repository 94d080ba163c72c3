//! PHP: Composer.

mod composer;
mod install;

pub(crate) use composer::declared;
pub(crate) use install::install;
