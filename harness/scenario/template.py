"""The file that a new scenario begins with: every key, most of them commented out with their defaults."""

from __future__ import annotations

from harness.faults.fault import Fault

_TEMPLATE = """\
name = "{name}"
why = \"\"\"
Say here in one paragraph, for somebody who reads a report of it, what this drill proves and who needs to know.
\"\"\"
# markers = ["nightly"]          # for `pytest -m`

[data]
scale = "{scale}"                # tiny, small, medium, large
rng_seed = 1                     # the same number makes the same data, and the same faults
# extras = []                    # what Apiary does not have: trigger, view, encrypted

[backup]
# mode = "hot"                   # quiesced: the application is stopped for the backup
# excluded_tables = []           # in place of the tables that the documented procedure excludes
# excluded_directories = []      # in place of the directories that the documented procedure excludes
# further_databases = []         # other databases in the same script
# storage_form = "tar.zst"       # copy: a plain directory
# dump_options = []              # further options of mysqldump

[restore]
# steps = ["stop", "files", "database", "start", "reindex"]
# evidence = "source"            # artifact: nothing is known of the source, as for a backup from elsewhere
# release = "next"               # the target is the stand-in's next release, and its migrations run

[runtime]
{kind}
# source = "any"                 # mysql, mariadb
# target = "any"                 # mysql, mariadb

[objectives]
# recovery_time_s = 3600
# recovery_point_s = 86400

[limits]
# step_s = 3600                  # a step that takes longer makes the drill inconclusive
# search_drained_s = 600
{faults}
[expected]
verdict = "{verdict}"                 # PASS, INCONCLUSIVE, FAIL
# change = ["row users: *"]      # what the faults have to say that they did; * stands for anything

# [[expected.finding]]           # has to be found, as often as you need it
# code = "row-count"
# subject = "users"              # * stands for anything
# says = "*has 59 rows*"         # words of its message, where one code stands for many reasons

# [[expected.also]]              # may be found as well
# code = "content-digest"
"""

_ANY_KIND = '# kind = "any"                   # process, docker'

_NO_FAULT = """
# [[fault]]                      # a fault to inject: `apiary-drill faults` lists all
# name = "drop-row"
# [fault.options]
# rewrite_manifest = true
"""

_FAULT = """
[[fault]]                        # {summary}
name = "{name}"
# at = "{at}"
"""


def template(name: str, fault: Fault | None = None) -> str:
    """The text of a scenario file that passes `scenarios check` as it is.

    Args:
        fault: one to put in, or None.
    """
    if fault is None:
        return _TEMPLATE.format(name=name, scale="small", kind=_ANY_KIND, faults=_NO_FAULT, verdict="PASS")
    put_in = _FAULT.format(name=fault.name, summary=fault.summary, at=" or ".join(fault.injection_points))
    kind = _ANY_KIND if fault.runtime == "any" else f'kind = "{fault.runtime}"'
    return _TEMPLATE.format(name=name, scale="tiny", kind=kind, faults=put_in, verdict="FAIL")
