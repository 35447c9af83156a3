"""An engine that is killed in the middle of a drill: exit code 3, one clear sentence, and nothing is left."""

from pathlib import Path

import psutil
import pytest

from tests.drills.engine_things import Place, things
from tests.engines import AnotherEngine

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("other-engine")]


REAL = Path(__file__).parents[2] / "data" / "real-apiary"
VERIFY = (
    *("verify", "--runtime", "docker", "--fast", "--dump", str(REAL / "apiary.sql.gz")),
    *("--storage", str(REAL / "storage.tar.gz"), "--app-key-file", str(REAL / "app-key")),
)


def left_running(engine: AnotherEngine) -> list[str]:
    """Programs that hold a container of this engine."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        argv = process.info["cmdline"] or []
        if argv and "shim" in Path(argv[0]).name and any(str(engine.socket.parent) in word for word in argv):
            found.append(" ".join(argv))
    return found


def test_an_engine_that_is_killed_in_the_middle_of_a_drill(loaded_engine: AnotherEngine, tmp_path: Path) -> None:
    place = Place(tmp_path / "place", {"DOCKER_HOST": loaded_engine.host})
    with place.until("Start the application", *VERIFY) as drill:
        (drill_id,) = place.drills
        loaded_engine.crash()
        assert left_running(loaded_engine), "its containers outlive it, or this test proves nothing"
        output, _ = drill.communicate(timeout=300)
    text = " ".join(output.split())
    assert drill.returncode == 3, output
    assert "INCONCLUSIVE" in text
    assert "Rebuild the search index: the connection to the Docker engine was lost while" in text, output
    assert "Traceback" not in output
    assert place.drills == []

    loaded_engine.come_back()
    client = loaded_engine.client()
    try:
        assert things(client, drill_id) != []
        # Another drill's start, as far as it takes to see that it sweeps.
        with place.until("Start the servers of the target", *VERIFY) as again:
            assert things(client, drill_id) == []
            again.terminate()
            again.wait(120)
        place.command("cleanup")
        assert client.api.containers(all=True) == []
    finally:
        client.close()
    assert left_running(loaded_engine) == []
