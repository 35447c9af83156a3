"""What the local images are made of, and when they are made again."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import docker
import pytest
from docker.models.images import Image

from harness.base.errors import UsageError
from harness.base.settings import Settings
from harness.reports.pdf import PACKAGES
from harness.runtime.images.bases import base_hash
from harness.runtime.images.build import build_images
from harness.runtime.images.recipes import RECIPES, Base, context_files, inputs_hash, recipe, requirements

ROOT = Path(__file__).parents[3]


def test_every_recipe_has_its_files_and_a_tag_of_its_own() -> None:
    """A dockerfile that is not packaged would be found out by users only."""
    assert len({one.tag for one in RECIPES}) == len(RECIPES) == 5
    for one in RECIPES:
        contents = context_files(one)
        assert contents["Dockerfile"].startswith(b"# ")
        assert {target for _, target in one.scripts} <= contents.keys()


def test_python_images_hold_what_they_run_and_not_the_rest() -> None:
    """The stand-in needs its schema; neither needs the drill itself, whose changes make no new image."""
    contents = context_files(recipe("standin"))
    assert "harness/standins/apiary/schema/stored.sql" in contents
    assert "harness/standins/meilisearch/__main__.py" in contents
    assert not [path for path in contents if path.startswith(("harness/checks", "harness/runtime"))]
    assert not [path for path in contents if path.endswith(".pyc")]


def test_the_image_of_the_tool_holds_all_of_the_package_and_what_its_pages_name() -> None:
    """It is made of the whole package, so that it is made only where it is named."""
    tool = recipe("tool")
    contents = context_files(tool)
    assert {"harness/cli/main.py", "harness/standins/apiary/schema/stored.sql"} <= contents.keys()
    assert "harness/scenario/shipped/documented.drill.toml" in contents
    assert {*PACKAGES, "openssh-client"} <= set(tool.base.packages)
    assert [one.name for one in RECIPES if not one.for_drills] == ["tool"]


def test_wheels_are_pinned_with_hashes() -> None:
    """Every requirement line has a version and at least one SHA-256; the tool's are those that the tests run with."""
    tested = {line.split()[0] for line in (ROOT / "requirements-dev.txt").read_text().splitlines() if "==" in line}
    for name in ("standin", "tool"):
        pins = requirements(recipe(name)).decode()
        pinned = [block for block in pins.replace("\\\n", " ").splitlines() if "==" in block]
        assert len(pinned) >= 10
        assert all("--hash=sha256:" in block for block in pinned)
        assert "://" not in pins
    assert {block.split()[0] for block in pinned} <= tested


def test_any_input_changes_the_hash() -> None:
    """Base, packages, files: each alone makes another image; nothing makes the same one."""
    mysql = recipe("mysql")
    before = inputs_hash(mysql, base_hash(mysql.base))
    assert inputs_hash(mysql, base_hash(mysql.base)) == before
    more = replace(mysql.base, packages=(*mysql.base.packages, "less"))
    assert inputs_hash(mysql, base_hash(more)) != before
    assert inputs_hash(replace(mysql, scripts=()), base_hash(mysql.base)) != before
    assert inputs_hash(recipe("standin"), "base") != inputs_hash(recipe("meilisearch"), "base")


def test_an_unknown_image_is_refused_with_those_that_there_are(settings_of_nobody: Settings) -> None:
    """Before an engine is asked for anything."""
    client = docker.DockerClient(base_url="unix:///nowhere", version="1.41")
    with pytest.raises(UsageError) as caught:
        build_images(client, settings_of_nobody, ["mysqll"])
    assert str(caught.value) == ("unknown images: mysqll\nHINT: Available: mysql, mariadb, standin, meilisearch, tool.")
    client.close()


def test_fresh_makes_every_image_again_and_fetches_each_base_once(
    settings_of_nobody: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of them stand on the same base; all are up to date."""
    bases: list[tuple[str, bool]] = []
    built: list[tuple[str, bool]] = []

    def base(_client: object, _settings: object, of: Base, *, fresh: bool) -> str:
        bases.append((of.name, fresh))
        return "sha256:base"

    def build(_client: object, tag: str, *_: object, fresh: bool) -> Image:
        built.append((tag, fresh))
        return image()

    def image(*_: object) -> Image:
        return Image({"Id": "sha256:1", "Created": "2026-11-30T00:00:00Z", "Size": 1, "Config": {}})

    for name, replaced in {
        "made_of": image, "ensure_base": base, "ensure_wheels": lambda *_: "sha256:wheels", "built": build
    }.items():  # fmt: skip
        monkeypatch.setattr(f"harness.runtime.images.build.{name}", replaced)
    for fresh in (False, True):
        made = build_images(Mock(), settings_of_nobody, fresh=fresh)
        assert [info.built for info in made] == [fresh] * 4
    drilled = [one for one in RECIPES if one.for_drills]
    assert built == [(one.tag, True) for one in drilled]
    assert bases == [("base-mysql", True), ("base-mariadb", True), ("base-python", True), ("base-python", False)]


@pytest.fixture
def settings_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that name nothing."""
    nowhere = tmp_path_factory.mktemp("nowhere")
    return Settings(state_dir=nowhere, cache_dir=nowhere, runs_dir=nowhere, search_path=())
