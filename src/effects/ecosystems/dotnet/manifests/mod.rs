//! .NET: projects, solutions and the `dotnet` commands.

mod install;
mod nuget;
mod project;
mod solution;

pub(crate) use install::install;
pub(crate) use project::declared;
