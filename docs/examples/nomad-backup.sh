#!/bin/sh
# A backup with the application at rest, where Apiary is a Nomad job: steps 2 and 5 of the documented restore procedure are
# the same two commands. `nomad job start` needs Nomad 1.10 or later; before it, use `nomad job run` with the job's file.
set -eu
exec apiary-drill backup --mysql-user backup --mysql-password-file /etc/apiary-drill/mysql-password \
    --storage /srv/apiary/storage/app --to "/srv/backups/$(date +%F)" \
    --stop-command "nomad job stop -yes apiary" --start-command "nomad job start apiary"
