"""A Meilisearch-compatible HTTP server on the real engine (milli), for machines without the server.

`python -m harness.standins.meilisearch` starts it with the real server's option names; docs/embedded.md says how it
differs. What it reports as its version is the version of the engine inside it.
"""

from __future__ import annotations

ENGINE_VERSION = "1.8.1"
"""Version of milli, and so the `pkgVersion` that /version answers."""

COMMIT_SHA = "embedded"
"""The `commitSha` that /version answers: it tells this server from a real one."""

HEADER = "X-Embedded-Meilisearch"
"""A header of every answer, with the engine's version: it tells this server from a real one without a key."""
