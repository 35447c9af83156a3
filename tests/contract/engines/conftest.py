"""What all tests of engines need."""

import pytest

from harness.runtime.docker import images as docker_images


@pytest.fixture(autouse=True)
def nothing_was_pulled_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test asks for its images as the first drill of a process does."""
    monkeypatch.setattr(docker_images, "_UNAVAILABLE", set[tuple[str, str]]())
