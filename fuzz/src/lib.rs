//! What the fuzz targets share.

mod lines;
mod project;
pub mod targets;

/// Changes one line of the text in `data`, or leaves that to libFuzzer's own mutations. `size` of its bytes are in use.
/// Returns how many are after it.
pub fn mutate(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let most = most.min(data.len());
    match lines::changed(&data[..size], seed) {
        Some(changed) => write(&changed, data, most),
        None => libfuzzer_sys::fuzzer_mutate(data, size, most),
    }
}

/// Puts lines of `second` into `first`.
pub fn cross(first: &[u8], second: &[u8], out: &mut [u8], seed: u32) -> usize {
    let most = out.len();
    write(&lines::crossed(first, second, seed), out, most)
}

fn write(bytes: &[u8], out: &mut [u8], most: usize) -> usize {
    let length = bytes.len().min(most);
    out[..length].copy_from_slice(&bytes[..length]);
    length
}
