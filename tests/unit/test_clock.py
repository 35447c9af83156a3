"""Steps are timed in order, the failed one last, and a listener hears of them while they happen."""

import errno
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.base.clock import Clock, Silent
from harness.base.errors import FaultFailed, ProcedureFailed, StepFailed
from harness.base.model import Step


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def started(self, title: str) -> None:
        self.texts.append(f"started {title}")

    def progress(self, text: str) -> None:
        self.texts.append(f"progress {text}")

    def ended(self, step: Step) -> None:
        self.texts.append(f"ended {step.name} {'failed' if step.failed else 'well'}: {step.detail}")


def test_steps_are_kept_in_order_with_their_details() -> None:
    heard = Heard()
    clock = Clock(heard)
    with clock.step("files", "Restore the files") as note:
        note.progress("10 files")
        note.detail = "20 files"
    with clock.step("script", "Load the dump"):
        pass
    assert heard.texts == [
        "started Restore the files",
        "progress 10 files",
        "ended files well: 20 files",
        "started Load the dump",
        "ended script well: ",
    ]
    assert [(step.name, step.title, step.detail, step.failed) for step in clock.steps] == [
        ("files", "Restore the files", "20 files", False),
        ("script", "Load the dump", "", False),
    ]
    assert all(step.duration_s >= 0 for step in clock.steps)
    assert clock.steps[0].started_at.tzinfo is UTC
    assert clock.steps[0].started_at <= clock.steps[1].started_at <= datetime.now(UTC)


def test_an_error_in_a_step_names_the_innermost_step_and_is_timed_all_the_same() -> None:
    clock = Clock(Silent())
    failed = pytest.raises(StepFailed, match=r"^Load the dump: ERROR 1146\nHINT: Look\.$")
    with failed as caught, clock.step("outer", "Outer"), clock.step("script", "Load the dump"):
        raise ProcedureFailed("ERROR 1146", "Look.")
    assert (caught.value.step, caught.value.exit_code) == ("script", 1)
    assert [(step.name, step.failed) for step in clock.steps] == [("script", True), ("outer", True)]


def test_what_is_no_error_of_the_harness_or_a_faults_own_passes_through() -> None:
    clock = Clock(Silent())
    with pytest.raises(KeyboardInterrupt), clock.step("files", "Files"):
        raise KeyboardInterrupt
    assert clock.steps[0].failed
    with pytest.raises(FaultFailed, match="fault mine: it broke"), clock.step("files", "Restore the files"):
        raise FaultFailed("mine", "it broke")


def test_a_step_that_hangs_is_ended_at_its_limit() -> None:
    """Also while it waits for something else; what comes out says nothing of the backup."""
    clock = Clock(Silent(), step_limit_s=0.05)
    with pytest.raises(StepFailed) as caught, clock.step("files", "Restore the files"):
        threading.Event().wait(60)
    assert caught.value.exit_code == 3
    assert str(caught.value) == "Restore the files: timed out: the step exceeded its limit of 0.05 s"
    assert [(step.name, step.failed) for step in clock.steps] == [("files", True)]
    with clock.step("script", "Load the dump"):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_step_outside_the_main_thread_is_judged_when_it_ends() -> None:
    clock, messages = Clock(Silent(), step_limit_s=0.05), list[str]()

    def late() -> None:
        try:
            with clock.step("files", "Restore the files"):
                threading.Event().wait(0.1)
        except StepFailed as error:
            messages.append(error.fact)

    thread = threading.Thread(target=late)
    thread.start()
    thread.join()
    assert messages == ["Restore the files: timed out: the step exceeded its limit of 0.05 s"]


def test_what_nobody_provided_for_is_inconclusive_and_keeps_its_words_out_of_reports() -> None:
    """A traceback would end with 1, which means that the backup does not restore."""
    clock = Clock(Silent())
    with pytest.raises(StepFailed) as caught, clock.step("files", "Files"):
        raise ValueError("Ann Burdell")
    assert (caught.value.fact, caught.value.exit_code) == ("Files: the harness itself failed with ValueError", 3)
    assert "Ann Burdell" in caught.value.details
    with pytest.raises(StepFailed) as caught, clock.step("files", "Files"):
        Path("/no/such/ann.pdf").read_bytes()
    assert (caught.value.fact, caught.value.exit_code) == ("Files: no such file or directory", 3)
    with pytest.raises(StepFailed) as caught, clock.step("files", "Files"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.hints == ("Free some disk space and run the drill again.",)
