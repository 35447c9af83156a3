"""From the request to an authenticated query: a drill's MySQL against testcontainers' own, in one run.

    python benchmarks/mysql_start.py [--image REF] [--rounds N]

Both run the same image on the same engine, in turns. What is timed ends with the first row that a query over
TCP returns as the application's account. What happens once for each image (preparing it) is not part of it
and is reported apart.
"""

from __future__ import annotations

import argparse
import os
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path

import docker
import pymysql
from testcontainers.community.mysql import MySqlContainer
from testcontainers.core.config import testcontainers_config

from harness.base.settings import from_environment
from harness.runtime.docker.client import connect
from harness.runtime.docker.container import ContainerPlan, ServerContainer
from harness.runtime.docker.images import LOCAL_MYSQL, choose
from harness.runtime.docker.labels import drill_labels, remove_drill
from harness.runtime.docker.mysql import PreparedImage, mysql_container, prepared
from harness.runtime.docker.reach import Reach, bridge_is_here
from harness.runtime.spec import StackSpec, new_app_key

_PASSWORD = secrets.token_urlsafe(12)


def main(arguments: list[str]) -> int:
    """Measure, and write one line for each side and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", default=LOCAL_MYSQL)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    settings = from_environment(os.environ)
    client = connect(settings.docker)
    testcontainers_config.ryuk_disabled = True
    chosen = choose(client, options.image, options.image, options.image)
    began = time.monotonic()
    image = prepared(client, settings, chosen, "benchmark")
    line = f"{image.flavour} {image.version}, {chosen.label}; prepared in {time.monotonic() - began:.1f} s"
    sys.stdout.write(line + "\n")
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as logs:
        for number in range(options.rounds):
            ours.append(_ours(client, image, Path(logs), f"benchmark-{number}"))
            theirs.append(_theirs(options.image))
    for name, seconds in (("apiary-drill", ours), ("testcontainers MySqlContainer", theirs)):
        each = " ".join(f"{value:.2f}" for value in seconds)
        sys.stdout.write(f"{name}: median {statistics.median(seconds):.2f} s ({each})\n")
    sys.stdout.write(f"ratio {statistics.median(theirs) / statistics.median(ours):.1f}\n")
    return 0


def _ours(client: docker.DockerClient, image: PreparedImage, logs: Path, drill_id: str) -> float:
    spec = StackSpec(role="source", drill_id=drill_id, logs=logs, app_key=new_app_key())
    name = f"apiary-drill-{drill_id}-source"
    began = time.monotonic()
    try:
        network = client.networks.create(name, internal=True, labels=drill_labels(drill_id, "source", "network"))
        plan = ContainerPlan(
            title="the pod",
            name=f"{name}-pod",
            image=image.id,
            labels=drill_labels(drill_id, "source", "pod"),
            log=logs / "pod.log",
            entrypoint=("sleep", "infinity"),
            network=name,
        )
        pod = ServerContainer(client, plan, stop_s=0)
        pod.start()
        with (
            Reach(name, pod.host, pod.address(), direct=bridge_is_here(str(network.id))) as reach,
            mysql_container(client, image, spec, reach) as (server, _, ready),
        ):
            ready()
            with server.session(spec.app, database=spec.database) as session:
                assert session.value("SELECT 1") == 1
            taken = time.monotonic() - began
    finally:
        remove_drill(client, drill_id)
    return taken


def _theirs(image: str) -> float:
    began = time.monotonic()
    with MySqlContainer(image, username="apiary", password=_PASSWORD, dbname="apiary") as server:
        until = time.monotonic() + 60
        while True:
            try:
                connection = pymysql.connect(
                    host=server.get_container_host_ip(),
                    port=int(server.get_exposed_port(3306)),
                    user="apiary",
                    password=_PASSWORD,
                    database="apiary",
                )
            except pymysql.MySQLError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
                continue
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                assert cursor.fetchone() == (1,)
            return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
