//! Typed access to `data/`: what is known about package managers, base images, packages and tools.
//!
//! The tables are embedded in the program and parsed once, when they are first asked for. `data/README.md` describes
//! how to write them.

mod archived;
mod arguments;
mod assumption;
mod base_environment;
mod base_image;
mod build_leftovers;
mod build_outputs;
mod cache;
mod calls;
mod cleaning_words;
mod command;
mod commands;
mod compilers;
mod condition;
mod distribution;
mod dotnet_packages;
mod folders;
pub(crate) mod ignore_patterns;
mod installers;
mod invocation;
mod jvm_packaging;
mod level;
mod linked_libraries;
mod manager;
mod managers;
mod node_development;
mod package_role;
mod packages;
mod plain_node_packages;
mod programs;
mod runtime_needs;
mod start_needs;
mod static_server;
mod task_runners;
mod tools;
mod verbs;
mod wrappers;

#[cfg(test)]
mod commands_tests;
#[cfg(test)]
mod tables_tests;
#[cfg(test)]
mod tests;

pub use archived::archived_release;
pub use assumption::{
    Assumption, BUILDS_WRITE_BELOW_THEIR_PROJECT, CALLS_ARE_SHOWN, UNSEEN_TOOLS_ARE_UNNEEDED, assumption, assumptions,
};
pub use base_environment::{Account, BaseEnvironment, base_environment};
pub use base_image::{
    BaseImage, Configuration, Contents, ImageContents, Purpose, Slimmer, base_image, image_configuration,
    image_contents, image_has_own_tool, is_toolchain_folder, is_toolchain_setting, slimmer, slimmer_images,
};
pub use build_leftovers::{Leftover, leftover};
pub use build_outputs::{OutputSettings, output_settings};
pub use cache::{Cache, Holds, Place, Sharing};
pub use calls::{
    Functions, Imports, Language, Takes, development_files, language_of, language_of_interpreter, test_files,
};
pub use cleaning_words::is_about_cleaning;
pub use command::{
    Also, CommandTable, Count, Form, Operand as OperandRow, Role as ArgumentRole, Scope as CommandScope, SettingRole,
    State, Style, Subcommand, Usage,
};
pub use commands::{ArgumentUse, Commands, Reading, command_table, command_tables, is_shell};
pub use compilers::{Compiler, compiler, compiler_called, compiles_at_start};
pub use condition::{Condition, Setting, Surroundings};
pub use distribution::{Family, Release, release_of};
pub use dotnet_packages::brings_asp_net;
pub use folders::{is_filled_by_images, is_of_repositories, is_standard_folder, is_temporary, is_throwaway};
pub use installers::{Installer, installer};
pub use invocation::{Argument, ArgumentKind, Invocation, OptionUse, Value};
pub use jvm_packaging::{Keeps, MavenPlugin, jvm_packaging};
pub use level::Level;
pub use linked_libraries::{
    LibraryMention, NamedLibrary, is_of_compiler, library_mentions, named_library, own_libraries,
};
pub use manager::{
    Arguments, Clean, CleanBy, Contradiction, HomeFrom, Keep, Kind, Lists, LockForRun, Manager, Options, Project,
    Role as OptionRole, ToldBy, Variant,
};
pub use managers::{Managers, Recognized, managers};
pub(crate) use node_development::node_development;
pub use package_role::{PackageFact, PackageRole, package_fact, package_role};
pub use packages::{
    closure, has_package, installed_closure_size, installed_size, is_in_base, knows_library, library_packages,
    runtime_of,
};
pub(crate) use plain_node_packages::is_node_build_tool;
pub use plain_node_packages::is_plain_node_package;
pub use programs::build_metadata;
pub use runtime_needs::{Ecosystem, RuntimeNeed, When, runtime_needs};
pub use start_needs::{FileNeed, ListFormat, StartList, StartNeeds, file_needs, start_needs};
pub(crate) use static_server::served;
pub use task_runners::{TaskFormat, TaskRunner, task_runners};
pub use tools::{package_of_tool, tools_of_package};
pub use verbs::{Action, VerbMatch, VerbWords, Verbs};
pub use wrappers::{Wrapped, wrapped};
