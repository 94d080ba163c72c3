//! No text makes the shell parser panic or exhaust the stack, and spans are those of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_fuzz::targets;

fuzz_target!(|text: &str| targets::shell::run(text));
