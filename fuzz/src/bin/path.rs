//! The target `path`: what `fuzz::path` reads.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fuzz::path(bytes);
});
