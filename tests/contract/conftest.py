"""Which tests share a worker (`--dist loadgroup`): those of a folder whose servers live as long as the session."""

from pathlib import Path

import pytest

_SHARED = {Path(__file__).parent / name for name in ("standin", "meilisearch")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the servers of such a folder once, and not once for each worker."""
    for item in items:
        if item.path.parent in _SHARED:
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
