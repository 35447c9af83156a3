"""Following a runbook word by word: its blocks in one bash session, with what it calls answered by a running stack."""

from __future__ import annotations

import json
import os
import re
import shlex
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.drill.steps.restore import Restoration
from harness.procedure.restore.storage import StorageRestore
from harness.runtime.services.stack import Stack

CLIENT = """\
import json, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({path!r})
    connection.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
    status, out = json.loads(connection.makefile().readline())
sys.stdout.write(out)
sys.exit(status)
"""


@contextmanager
def reachable(stack: Stack, directory: Path) -> Iterator[str]:
    """A command that runs artisan in the stack, and `stop` and `start` its application."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            words = json.loads(self.rfile.readline())
            status, out = 0, ""
            if words in (["stop"], ["start"]):
                getattr(stack.apiary.lifecycle, words[0])()
            else:
                completed = stack.apiary.artisan(*words)
                status, out = completed.exit_status, completed.stdout.decode() + completed.stderr
            self.wfile.write(json.dumps([status, out]).encode() + b"\n")

    path, client = str(directory / "s"), directory / "client.py"
    client.write_text(CLIENT.format(path=path))
    with socketserver.UnixStreamServer(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield shlex.join([sys.executable, str(client)])
        finally:
            server.shutdown()
            thread.join()


def follow(text: str, stack: Stack, directory: Path) -> str:
    """Run the commands of a runbook against a stack, and return what they printed."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 7
    mysql, search = stack.mysql, stack.meilisearch
    with reachable(stack, directory) as command:
        functions = [f"stop_apiary() {{ {command} stop; }}", f"start_apiary() {{ {command} start; }}"]
        # As a person does who goes on only after a block that ended well.
        session = "\n".join([*functions, *(f"{block}\n[ $? = 0 ] || exit" for block in blocks)])
        done = subprocess.run(
            ["bash", "-c", session],
            env={
                **os.environ,
                **mysql.tool_environment(mysql.app),
                "MYSQL": shlex.join([mysql.client, "--no-defaults", *mysql.tool_arguments(mysql.app)]),
                "DATABASE": mysql.database,
                "STORAGE": stack.apiary.storage_root,
                "ARTISAN": command,
                "SEARCH": search.url,
                "SEARCH_KEY": search.key,
            },
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=directory,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def restoration_by(text: str, work: Restoration, directory: Path) -> str:
    """In the place of steps 2 to 6 of a drill."""
    printed = follow(text, work.stack, directory)
    work.files = StorageRestore(work.storage.totals, owners_restored=os.geteuid() == 0)
    return printed
