#!/bin/sh
# A backup with the application at rest, where Apiary is a Nomad job: steps 2 and 5 of the documented restore procedure are
# `nomad-backup.sh stop` and `nomad-backup.sh start`. Each ends with another status than 0 if it did not come to that.
# `nomad job start` needs Nomad 1.10 or later; before it, use `nomad job run` with the job's file.
set -eu
job=apiary
seconds=300

# What is to be seen of each allocation of the job, by a template over Nomad's API; a line each.
allocations() { nomad job allocs -t "{{range .}}$1{{println}}{{end}}" "$job"; }

# wait_for WHAT COMMAND...: until a command succeeds.
wait_for() {
    what=$1 waited=0
    shift
    until "$@"; do
        if [ "$waited" -ge "$seconds" ]; then
            echo "$job: timed out after $seconds s waiting for $what" >&2
            exit 1
        fi
        waited=$((waited + 2))
        sleep 2
    done
}

# A job of that very name is stopped without a question; without -yes, one that is only the beginning of another job's is refused.
# Nomad's commands end when their evaluation is complete: the tasks then still have their kill_timeout, or their start.
is_gone() { ended=$(allocations '{{.ClientStatus}}') && ! echo "$ended" | grep -Eqx 'running|pending|unknown'; }
is_healthy() {
    state=$(allocations '{{.ClientStatus}} {{with .DeploymentStatus}}{{.Healthy}}{{end}}') &&
        echo "$state" | grep -qx 'running true'
}

case ${1:-backup} in
stop)
    nomad job stop "$job"
    wait_for "its allocations to end" is_gone
    ;;
start)
    nomad job start "$job"
    wait_for "a healthy allocation" is_healthy
    ;;
backup)
    exec apiary-drill backup --mysql-user backup --mysql-password-file /etc/apiary-drill/mysql-password \
        --storage /srv/apiary/storage/app --to "/srv/backups/$(date +%F)" \
        --stop-command "$0 stop" --start-command "$0 start"
    ;;
*)
    echo "usage: $0 [backup|stop|start]" >&2
    exit 2
    ;;
esac
