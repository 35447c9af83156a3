"""Checksums that a backup job writes beside its files: `apiary.sql.gz.sha256`, `SHA256SUMS`. They are checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.base.errors import BrokenArtifact

_ALGORITHMS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
_OF_ONE = re.compile(r"(?P<file>.+)\.(?P<algorithm>md5|sha1|sha224|sha256|sha384|sha512)(?:sum)?", re.IGNORECASE)
_OF_SEVERAL = re.compile(r"(?P<algorithm>md5|sha1|sha224|sha256|sha384|sha512)sums?(?:\.txt)?", re.IGNORECASE)
_LINE = re.compile(r"\\?(?P<digest>[0-9a-f]{32,128})(?:[ \t]+\*?(?P<file>.+?))?\s*", re.IGNORECASE)
_MOST_BYTES = 1 << 20


def is_sidecar(path: Path) -> bool:
    """Whether a file is a list of checksums, by its name."""
    return path.is_file() and bool(_OF_ONE.fullmatch(path.name) or _OF_SEVERAL.fullmatch(path.name))


def check_sidecars(directory: Path, files: Iterable[Path]) -> tuple[str, ...]:
    """Compare files with the checksums beside them.

    Returns:
        Names of the lists in which one of the files was found, with its digest.

    Raises:
        BrokenArtifact: a digest differs.
    """
    lists: list[str] = []
    for path in files:
        for folder in dict.fromkeys((path.parent, directory)):
            for sidecar in sorted(folder.iterdir()):
                for algorithm, digest in _digests(sidecar, path.name):
                    with path.open("rb") as file:
                        actual = hashlib.file_digest(file, algorithm).hexdigest()
                    if actual != digest:
                        raise BrokenArtifact(
                            f"{path.name} does not match {sidecar.name}: its {algorithm} is {actual[:12]}…, "
                            f"expected {digest[:12]}…",
                            "The file was changed or truncated after the checksum was made: copy it again, "
                            "or use another backup.",
                        )
                    lists.append(sidecar.name)
    return tuple(dict.fromkeys(lists))


def _digests(sidecar: Path, name: str) -> Iterator[tuple[str, str]]:
    if not is_sidecar(sidecar) or sidecar.stat().st_size > _MOST_BYTES:
        return
    one, several = _OF_ONE.fullmatch(sidecar.name), _OF_SEVERAL.fullmatch(sidecar.name)
    match = several or one
    assert match is not None, "is_sidecar found one"
    if one is not None and several is None and one.group("file") not in (name, Path(name).stem):
        return
    algorithm = match.group("algorithm").lower()
    for line in sidecar.read_text("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None or len(found.group("digest")) != _ALGORITHMS[algorithm]:
            continue
        listed = found.group("file")
        if Path(listed).name == name if listed else several is None and one is not None and one.group("file") == name:
            yield algorithm, found.group("digest").lower()
