//! The integration tests: one binary, a module per area.

// clippy.toml allows these in test functions; here the helpers around them are tests too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli;
mod configuration;
mod dockerignore;
mod engine;
mod engines;
mod examples;
mod facts;
mod integration;
mod migrate;
mod page;
mod pages;
mod passes;
mod patch;
mod report;
mod smoke;
mod support;
mod syntax;
mod validation;
