"""The readers of untrusted input under a coverage-guided fuzzer (docs/testing.md)."""
