//! .NET: projects, solutions and the `dotnet` commands.

mod install;
mod nuget;
mod project;
mod solution;

pub(super) use install::install;
pub(super) use project::declared;
