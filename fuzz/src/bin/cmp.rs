//! The target `cmp`: what `fuzz::cmp` reads.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fuzz::cmp(bytes);
});
