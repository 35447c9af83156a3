"""What a stack is made of, by its servers' own word.

The name of a program or of an image proves nothing: Debian's `mysqld` is MariaDB, a script called `meilisearch` can
start the embedded server, and the stand-in can be named as the real image. So each of them is asked.
"""

from __future__ import annotations

from harness.base.model import Component
from harness.runtime.services.apiary import STANDIN_NAME, Apiary
from harness.runtime.services.meilisearch import MeilisearchServer
from harness.runtime.services.mysql import MySqlServer, server_identity

MARIADB_UNPROVEN = (
    "MariaDB replaced MySQL: not verified that a MySQL server accepts this dump, its collations and its privileges."
)
EMBEDDED_UNPROVEN = (
    "The embedded server replaced Meilisearch: not verified that a Meilisearch server of production's "
    "version accepts the same documents and settings."
)
STANDIN_UNPROVEN = (
    "The stand-in replaced Apiary: not verified that the real application starts, migrates and indexes with "
    "this backup."
)
UNNAMED_UNPROVEN = (
    "The application did not identify itself (`php artisan --version`): not verified that it is the real Apiary."
)


def mysql_component(server: MySqlServer, reference: str, *, instead_of: str = "") -> Component:
    """The database server; whatever is not MySQL itself stands in for it.

    Args:
        reference: program or image that was started.
        instead_of: the image whose place it takes, or empty.

    Raises:
        ServerFailed: it does not answer.
    """
    with server.session() as session:
        name, version = server_identity(session)
    real = name == "MySQL"
    unproven = [] if real else [MARIADB_UNPROVEN.replace("MariaDB", name, 1)]
    if instead_of:
        unproven.append(
            f"{name} {version} replaced {instead_of}, which could not be pulled: not verified that that image "
            "accepts the same dump."
        )
    return Component("mysql", name, version, reference, real, tuple(unproven))


def search_component(server: MeilisearchServer, reference: str, *, instead_of: str = "") -> Component:
    """The search server; arguments and errors as for `mysql_component`."""
    identity = server.identity()
    unproven = [EMBEDDED_UNPROVEN] if identity.embedded else []
    name = "embedded Meilisearch" if identity.embedded else "Meilisearch"
    if instead_of:
        unproven.append(
            f"{name} {identity.version} replaced {instead_of}, which could not be pulled: not verified that that "
            "image accepts the same documents and settings."
        )
    return Component("meilisearch", name, identity.version, reference, not identity.embedded, tuple(unproven))


def app_component(app: Apiary, reference: str, *, tag: str = "", unproven: tuple[str, ...] = ()) -> Component:
    """The application.

    Args:
        reference: image or command that was started.
        tag: version of the image, which the application itself does not know.
        unproven: what the runtime leaves unproven, besides.
    """
    framework_version = app.framework()
    if framework_version is None:
        return Component("apiary", "Apiary", tag or "unknown", reference, False, (UNNAMED_UNPROVEN, *unproven))
    framework, version = framework_version
    if framework == STANDIN_NAME:
        return Component("apiary", "stand-in Apiary", version, reference, False, (STANDIN_UNPROVEN, *unproven))
    shown = f"{tag} ({framework} {version})" if tag else f"{framework} {version}"
    return Component("apiary", "Apiary", shown, reference, True, unproven)
