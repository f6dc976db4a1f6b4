"""Measures pgbench's throughput while backups run, in interleaved rounds.

Called by bench/load, which makes the server.  A backup follows the other for
as long as pgbench runs.
"""
import os
import re
import signal
import statistics
import subprocess
import sys

from measure import Bench, read_options, spread
from measure_physical import Engine, pgbackrest, is_usable, ZST

PGBENCH = "pgbench -n -c 4 -j 1 -T 30 bench"
ALONE = "pgbench alone"
RATE = "20MB"


class Arm:
    """What runs beside pgbench; command is None for nothing."""

    def __init__(self, name, tool=None, rate="0", niceness=0):
        self.name = name
        self.tool = tool
        self.rate = rate
        self.command = tool and f"nice -n {niceness} bash -c '{tool.backup}'" if niceness else tool and tool.backup


ENGINE = Engine("erpgo_backup zstd", "zstd", "none")
PGBACKREST = pgbackrest("pgBackRest", ZST, 2)
ARMS = [
    Arm(ALONE),
    Arm(f"erpgo_backup zstd, at most {RATE} a second", ENGINE, RATE),
    Arm("erpgo_backup zstd", ENGINE),
    Arm("pgBackRest zst 3, 2 processes, nice 19", PGBACKREST, niceness=19),
]


class LoadBench(Bench):
    def set_rate(self, rate):
        self.shell(f"""psql -Xq postgres -c "ALTER SYSTEM SET erpgo_backup.max_rate = '{rate}'" -c 'SELECT pg_reload_conf()'""")

    def start_backups(self, arm):
        """Runs a backup after the other; the process, or None."""
        if arm.command is None:
            return None
        self.shell(arm.tool.prepare or ":")
        return subprocess.Popen(
            ["bash", "-c", f"while {arm.command} >&2; do echo; done"], cwd=self.workspace, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True, **self.identity)

    def stop_backups(self, process):
        """Ends what runs; how many have finished."""
        if process.poll() is not None:
            raise RuntimeError("a backup failed")
        os.killpg(process.pid, signal.SIGINT)
        os.killpg(process.pid, signal.SIGTERM)
        finished, _ = process.communicate()
        self.wait_for_engines()
        return len(finished)

    def throughput(self, arm):
        """Transactions a second, and how many backups finished meanwhile."""
        self.wait_for_engines()
        self.set_rate(arm.rate)
        self.shell("psql -Xq postgres -c CHECKPOINT")
        backups = self.start_backups(arm)
        answer = self.shell_output(PGBENCH)
        finished = 0 if backups is None else self.stop_backups(backups)
        self.stored_bytes()
        return float(re.search(r"^tps = ([\d.]+)", answer, re.M).group(1)), finished


def print_table(results):
    alone = statistics.median(rate for rate, _ in results[ALONE])
    print("| | transactions a second (median) | min to max | to pgbench alone | backups finished in each round |")
    print("|---|---|---|---|---|")
    for name, runs in results.items():
        rates = [rate for rate, _ in runs]
        finished = ", ".join(str(count) for _, count in runs)
        print(f"| {name} | {spread(rates)} | {statistics.median(rates) / alone:.2f} | {finished} |")


def main():
    options = read_options()
    bench = LoadBench(options)
    bench.set_up("zstd", "none")
    arms = [arm for arm in ARMS if arm.tool is None or is_usable(bench, arm.tool)]
    results = {arm.name: [] for arm in arms}
    for number in range(1, options.rounds + 1):
        for arm in arms:
            results[arm.name].append(bench.throughput(arm))
            print(f"round {number} of {options.rounds}: {results[arm.name][-1][0]:6.0f} transactions a second  {arm.name}",
                  file=sys.stderr, flush=True)
    print_table(results)


if __name__ == "__main__":
    main()
