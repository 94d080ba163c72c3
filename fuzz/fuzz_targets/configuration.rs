//! No text of `plimsoll.toml` makes its reader panic; an error points into the text, and what is accepted is known.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_fuzz::targets;

fuzz_target!(|text: &str| targets::configuration::run(text));
