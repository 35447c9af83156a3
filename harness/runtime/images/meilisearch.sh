#!/bin/sh
# `meilisearch` of the embedded image: what is called as the real server is called runs the embedded one.
exec python3 -m harness.standins.meilisearch "$@"
