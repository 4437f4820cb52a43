"""python launch.py COMMAND ...: runs it and prints, last, its peak memory (KiB) and CPU seconds as JSON.

A small process in between: a child's peak counts the process that started it, and the benchmark itself is large.
"""

import json
import os
import sys

pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the benchmark's own
_pid, status, usage = os.wait4(pid, 0)
print(json.dumps({"peak": usage.ru_maxrss, "cpu": usage.ru_utime + usage.ru_stime}))
sys.exit(os.waitstatus_to_exitcode(status))
