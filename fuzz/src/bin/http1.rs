//! The target `http1`: what `fuzz::http1` reads.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fuzz::http1(bytes);
});
