//! The integration tests: one binary, a module per area.

// clippy.toml allows these in test functions; here the helpers around them are tests too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod assumptions;
mod bounds;
mod cli;
mod configuration;
mod control_characters;
mod dockerignore;
mod engine;
mod engines;
mod examples;
mod facts;
mod fuzz;
mod generated;
mod integration;
mod kinds;
mod layers;
mod migrate;
mod page;
mod pages;
mod passes;
mod patch;
mod report;
mod repository_files;
mod security;
mod smoke;
mod support;
mod syntax;
mod validation;
mod work;
