//! A `.dockerignore` means the same to a walk and to a single path; a proposal keeps the present text, takes away nothing
//! that a COPY names, and is complete.
#![no_main]

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use plimsoll_fuzz::{cross, mutate, targets};

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| { mutate(data, size, most, seed) });
fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| { cross(first, second, out, seed) });

fuzz_target!(|text: &str| targets::dockerignore::run(text));
