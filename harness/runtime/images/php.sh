#!/bin/sh
# `php` of the stand-in image: what is called as the real app is called runs the stand-in.
exec python3 -m harness.standins.apiary.php "$@"
