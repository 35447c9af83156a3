#!/bin/sh
# `apiary-drill` of the image of the tool.
exec python3 -c 'from harness.cli.main import main; main(prog_name="apiary-drill")' "$@"
