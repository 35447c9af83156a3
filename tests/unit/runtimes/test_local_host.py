"""Commands on this machine: streams in both directions, statuses as a shell tells them, nothing left running."""

import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.base.errors import MissingProgram, WaitTimeout
from harness.base.wait import wait_until
from harness.runtime.process.host import BoundedText, LocalHost
from harness.runtime.services.execution import STDERR_LIMIT_BYTES, feed, run
from tests.tables import over_table
from tests.unit.runtimes.test_child import runs

HOST = LocalHost({"PATH": os.defpath})
MIB = 1 << 20


def sh(script: str, **options: object) -> tuple[int, bytes, str]:
    completed = run(HOST, ["sh", "-c", script], **options)  # type: ignore[arg-type]
    return completed.exit_status, completed.stdout, completed.stderr


def test_a_large_stream_goes_both_ways_at_once_in_bounded_memory() -> None:
    """64 MiB through `cat`: neither side waits for the other, and hardly any of it is held."""
    block = os.urandom(MIB)
    sent, received = hashlib.sha256(), hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        for number in range(64):
            chunk = block[number:] + block[:number]
            sent.update(chunk)
            yield chunk

    tracemalloc.start()
    try:
        with HOST.start(["cat"], stdin=True) as command:
            feeder = feed(command, chunks())
            for chunk in command.chunks():
                received.update(chunk)
            feeder.join()
            completed = command.wait(10)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (completed.exit_status, completed.stderr) == (0, "")
    assert received.digest() == sent.digest()
    assert peak_bytes < 8 * MIB


def test_exit_statuses_and_signals_are_reported_as_a_shell_does() -> None:
    scripts = {"true": 0, "exit 3": 3, "kill -9 $$": 137, "kill -TERM $$": 143, "exit 255": 255}
    assert {script: sh(script)[0] for script in scripts} == scripts


def test_output_and_complaints_are_kept_apart_and_input_is_what_is_fed() -> None:
    """A pipe that breaks is no error of its own: the exit status says what happened."""
    assert sh("echo out; echo err >&2") == (0, b"out\n", "err\n")
    assert sh("cat") == (0, b"", "")
    assert sh("cat", stdin=[b"a", b"b"]) == (0, b"ab", "")
    assert sh("exit 4", stdin=(b"x" * MIB for _ in range(8)))[0] == 4


def test_an_error_of_the_fed_stream_is_raised() -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("the file is cut short")

    with pytest.raises(ValueError, match=r"^the file is cut short$"):
        sh("cat", stdin=broken())


def test_complaints_are_bounded_and_say_how_much_was_left_out() -> None:
    status, _, stderr = sh("head -c 1000000 /dev/zero | tr '\\0' a >&2; printf 'ERROR 1' >&2; exit 1")
    half = STDERR_LIMIT_BYTES // 2
    left_out = 1_000_007 - STDERR_LIMIT_BYTES
    assert status == 1
    assert stderr == "a" * half + f"\n… {left_out} bytes omitted …\n" + "a" * (half - 7) + "ERROR 1"


@over_table("size", [1, 7, 10_000])
def test_bounded_text_is_the_same_however_it_comes(size: int) -> None:
    whole = bytes(range(65, 91)) * 100
    text = BoundedText(100)
    for start in range(0, len(whole), size):
        text.add(whole[start : start + size])
    assert text.text() == (whole[:50] + b"\n\xe2\x80\xa6 2500 bytes omitted \xe2\x80\xa6\n" + whole[-50:]).decode()
    short = BoundedText(100)
    short.add(b"x" * 100)
    assert short.text() == "x" * 100


def test_leaving_early_ends_the_whole_process_group(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/pid; echo ready; wait"
    with HOST.start(["sh", "-c", script]) as command:
        assert next(iter(command.chunks())) == b"ready\n"
        grandchild = int((tmp_path / "pid").read_text())
        assert psutil.pid_exists(grandchild)
    wait_until(lambda: not runs(grandchild), what="the grandchild's end", timeout_s=5)


def test_leaving_with_an_error_ends_it_too() -> None:
    pids = []

    def interrupted() -> None:
        with HOST.start(["sh", "-c", "echo $$; exec sleep 600"]) as command:
            pids.append(int(next(iter(command.chunks()))))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not runs(pids[0])


def test_a_command_that_takes_too_long_is_reported_with_its_output() -> None:
    script = "echo 'waiting for a lock' >&2; echo ready; exec sleep 600"
    with HOST.start(["sh", "-c", script]) as command:
        assert next(iter(command.chunks())) == b"ready\n"
        with pytest.raises(WaitTimeout) as caught:
            command.wait(0.1)
    assert str(caught.value) == "timed out after 0.1 s waiting for sh to end\nwaiting for a lock"


def test_nothing_is_inherited_but_the_environment_and_the_directory_of_the_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MYSQL_PWD", "secret")
    host = LocalHost({"PATH": os.defpath, "A": "1"}, cwd=str(tmp_path))
    environment = run(host, ["env"], env={"A": "2", "B": "3"}).stdout.decode().split()
    assert sorted(environment) == ["A=2", "B=3", "LANG=C.UTF-8", f"PATH={os.defpath}"]
    assert run(host, ["pwd"]).stdout.decode().strip() == str(tmp_path)


def test_a_program_that_runs_leaves_no_file_descriptor_behind() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        sh("echo x; echo y >&2", stdin=[b"z"])
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_program_that_is_not_there_may_not_be_run_or_is_none(tmp_path: Path) -> None:
    with pytest.raises(MissingProgram) as caught:
        HOST.start(["no-such-program"])
    assert str(caught.value) == (
        "cannot run 'no-such-program': no such program\nHINT: `apiary-drill doctor` shows how to install it."
    )
    program = tmp_path / "program"
    program.write_bytes(b"\x00\x01 no program")
    for mode, message in ((0o644, "permission denied"), (0o755, "exec format error")):
        program.chmod(mode)
        with pytest.raises(MissingProgram, match=rf"^cannot run '.*/program': {message}$"):
            HOST.start([str(program)])
