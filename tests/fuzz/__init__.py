"""Fuzzers: one per module, with `main(seconds)` that returns an exit code; a short run of each is
a test. What they find becomes a test of its own."""
