"""An image that behaves as the real one where a drill of it can be misled: the stand-in, with the real one's client.

The real image is Debian trixie with MariaDB's client 11.8, which verifies TLS; it loads the stored schema into an empty
database. Its logs go to stderr, its `serve` has one worker unless configured, and its `/health` needs Redis: all of
that the stand-in does by itself.
"""

import io
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

import docker

from harness.base.settings import Settings
from harness.runtime.docker.images import LOCAL_STANDIN
from harness.runtime.images.bases import ensure_base
from harness.runtime.images.recipes import Base

CLIENT = Base("base-mariadb-client", "trixie", ("mariadb-client",))
"""What `default-mysql-client` of the real image's Dockerfile is; made once for each engine, like the other bases."""

# The client runs with trixie's own libraries, beside the stand-in's older system.
_DOCKERFILE = """
FROM {client} AS client
FROM {standin}
USER 0
COPY --from=client /usr /opt/trixie/usr
COPY --from=client /etc/mysql /etc/mysql
RUN ln -sf mariadb.cnf /etc/mysql/my.cnf
RUN printf '%s\\n' '#!/bin/sh' 'libraries=$(echo /opt/trixie/usr/lib/*-linux-gnu)' \
    'set -- "$@" --plugin-dir=$libraries/libmariadb3/plugin' \
    'exec $libraries/ld-linux-*.so.* --library-path $libraries /opt/trixie/usr/bin/mariadb "$@"' \
    > /usr/local/bin/mysql && chmod 0755 /usr/local/bin/mysql
ENV STANDIN_SCHEMA_CLIENT=mysql
USER 33:33
"""


@contextmanager
def production_image(engine: docker.DockerClient, settings: Settings) -> Iterator[str]:
    """The reference of the image while the block runs."""
    client = ensure_base(engine, settings, CLIENT, fresh=False)
    reference = f"test-apiary-{secrets.token_hex(4)}:production"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        text = _DOCKERFILE.format(client=client, standin=LOCAL_STANDIN).encode()
        header = tarfile.TarInfo("Dockerfile")
        header.size = len(text)
        archive.addfile(header, io.BytesIO(text))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=reference, rm=True, network_mode="none")
    try:
        yield reference
    finally:
        engine.images.remove(reference, force=True)
