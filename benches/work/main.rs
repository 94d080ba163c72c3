//! Work in bytes that are allocated, not in seconds: `cargo bench --bench work`. Of each input, twice as much should be twice
//! the work.

#![allow(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

mod inputs;

use std::hint::black_box;

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Bytes that are allocated.
struct Bytes;

impl Measurement for Bytes {
    type Intermediate = ();
    type Value = u64;

    fn start(&self) {}

    fn end(&self, (): ()) -> u64 {
        0
    }

    fn add(&self, one: &u64, other: &u64) -> u64 {
        one + other
    }

    fn zero(&self) -> u64 {
        0
    }

    #[allow(clippy::cast_precision_loss, reason = "criterion asks for it")]
    fn to_f64(&self, value: &u64) -> f64 {
        *value as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Bytes
    }
}

impl ValueFormatter for Bytes {
    fn scale_values(&self, _typical: f64, values: &mut [f64]) -> &'static str {
        values.iter_mut().for_each(|value| *value /= 1024.0);
        "KiB"
    }

    fn scale_throughputs(&self, _typical: f64, throughput: &Throughput, values: &mut [f64]) -> &'static str {
        let (Throughput::Elements(count) | Throughput::Bytes(count)) = throughput else {
            return "";
        };
        #[allow(clippy::cast_precision_loss, reason = "criterion asks for it")]
        values.iter_mut().for_each(|value| *value /= 1024.0 * *count as f64);
        "KiB each"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "B"
    }
}

fn work(criterion: &mut Criterion<Bytes>) {
    for input in inputs::INPUTS {
        let mut group = criterion.benchmark_group(input.name);
        group.sample_size(10);
        for size in [1, 2, 4].map(|factor| factor * input.size) {
            group.throughput(Throughput::Elements(size as u64));
            let each = inputs::work(input, size);
            group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                bencher.iter_custom(|count| black_box(count) * each);
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(Bytes);
    targets = work
}
criterion_main!(benches);
