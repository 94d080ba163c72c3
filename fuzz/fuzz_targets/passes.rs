//! A rewrite is read by our own parser, keeps the configuration of the image, passes validation, and a second run changes
//! nothing, whatever the Dockerfile and its context are.
#![no_main]

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use plimsoll_fuzz::{cross, mutate, targets};

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| { mutate(data, size, most, seed) });
fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| { cross(first, second, out, seed) });

fuzz_target!(|text: &str| targets::passes::run(text));
