//! .NET: projects, solutions and the `dotnet` commands.

mod framework;
mod install;
mod nuget;
mod project;
mod solution;

pub(crate) use framework::uses_asp_net;
pub(crate) use install::install;
pub(crate) use project::declared;
