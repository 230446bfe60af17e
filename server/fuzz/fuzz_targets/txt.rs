#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    server::federation::fuzzing::txt_record(bytes);
});
