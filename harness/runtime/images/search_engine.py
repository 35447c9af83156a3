"""The embedded search server's engine for a Python that it has no wheel for: in a Python of its own, without root.

The engine runs in a process of its own anyway, which needs nothing but the standard library. Debian 13 has Python 3.13;
Debian 12's 3.11 is unpacked beside it, and the engine's wheel into that.
"""

from __future__ import annotations

import platform
import shlex
import shutil
import sys
from collections.abc import Callable

from harness.base.errors import HarnessError
from harness.base.settings import Settings
from harness.runtime.images.unpacked import loader, must, unpacked
from harness.runtime.process.host import LocalHost
from harness.runtime.process.programs import engine_python, write_program
from harness.standins.meilisearch import ENGINE_VERSION

SUITE = "bookworm"
PYTHON = "3.11"


def install_engine(settings: Settings, say: Callable[[str], None]) -> None:
    """Unpack it into the cache directory. A failure is reported, not raised: containers need none of it."""
    final = engine_python(settings).parents[1]
    say(f"unpacking Python {PYTHON} from Debian {SUITE} into {settings.cache_dir}, for the search engine")
    try:
        with unpacked(settings, SUITE, [f"python{PYTHON}"]) as root:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            wheel = ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"]
            wheel += [f"--platform=manylinux_2_34_{platform.machine()}", f"milli=={ENGINE_VERSION}"]
            host = LocalHost({**settings.base_env, **settings.fetch_env})
            must(host, [*pip, "--target", str(root / "usr/lib/python3/dist-packages"), *wheel])
            started = shlex.join(["env", f"PYTHONHOME={final}/usr", *loader(root, final=final)])
            write_program(root / "bin/python", f'{started} "{final}/usr/bin/python{PYTHON}" "$@"')
            shutil.rmtree(final, ignore_errors=True)
            root.rename(final)
            must(host, [str(engine_python(settings)), "-c", "import milli"])
    except HarnessError as error:
        say(f"the search engine is not available: {error.fact}")
        shutil.rmtree(final, ignore_errors=True)
