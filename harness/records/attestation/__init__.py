"""Signed evidence: an in-toto statement about a run, in a DSSE envelope, signed with ed25519 (docs/evidence.md)."""
