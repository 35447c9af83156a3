"""What an application answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Probe:
    """A question with a known answer: searching for a row, decrypting a value, fetching a file.

    `expected` and `actual` are ids or digests, never content.
    """

    name: str
    subject: str
    expected: str
    actual: str
    error: str = ""

    @property
    def answered(self) -> bool:
        """Whether the answer is the one that is known."""
        return not self.error and self.expected == self.actual


@dataclass(frozen=True, slots=True)
class EgressAttempt:
    """One attempt to get out of the network that a restored application is in.

    Args:
        kind: `lookup` or `connection`.
        target: what was tried: a name, or address and port.
        reached: True when it worked, which it must not.
        unknown: why the attempt proves nothing, or empty.
        detail: what came back, such as the exit status.
    """

    kind: str
    target: str
    reached: bool
    unknown: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Prestart:
    """What was run before the application started, as production's start of the job does.

    Args:
        ran: artisan commands, in their order.
        unknown: those that this application does not have.
        failed: those that may fail there, or that judge settings which are the drill's own.
    """

    ran: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppState:
    """What the application says of itself.

    Args:
        ping: whether `/ping` answers.
        health: one probe for each health check that gave a status (`OK`), by the check's name.
        migrations_ran, migrations_pending: as `migrate:status` lists them.
        decrypt: whether encrypted values can be read.
        downloads: files fetched through the application; empty where the login failed.
        configuration: whether it uses what its environment says.
        no_report: why `/health` gave no report, or empty; the checks in `health` were then run one by one.
        no_login: why the login failed, or empty.
        completed: variables of the login that the environment file lacked.
        prestart: what its start ran before it; None where it was not started as a job.
        not_decrypted: columns with encrypted values that were not tried, because no `APP_KEY` was given.
    """

    ping: Probe
    health: tuple[Probe, ...]
    migrations_ran: tuple[str, ...]
    migrations_pending: tuple[str, ...]
    decrypt: tuple[Probe, ...] = ()
    downloads: tuple[Probe, ...] = ()
    configuration: tuple[Probe, ...] = ()
    not_decrypted: tuple[str, ...] = ()
    no_report: str = ""
    no_login: str = ""
    completed: tuple[str, ...] = ()
    prestart: Prestart | None = None
