//! No list of arguments makes the readers of the tables panic, for any program, and what they read are words of the command.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_fuzz::targets;

fuzz_target!(|text: &str| targets::arguments::run(text));
