//! No text makes the parser panic, and what it accepts is emitted byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_fuzz::targets;

fuzz_target!(|text: &str| targets::parse_emit::run(text));
