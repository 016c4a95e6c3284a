//! The target `cms`: what `fuzz::cms` reads.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fuzz::cms(bytes);
});
