"""Measures logical backups beside pg_dump, in interleaved rounds.

Called by bench/logical, which makes the server.  CPU time is that of the
server with all its children (backends, workers, the engine) and of the tools
that are started here; memory is that of the engine's processes.
"""
import argparse
import glob
import os
import pwd
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time

SAMPLE_SECONDS = 0.05
QUIET_SAMPLES = 10
TICKS = os.sysconf("SC_CLK_TCK")
BASE = "pg_dump -Fc"

# name, compression, encryption of the settings; or name and a shell command.
ENGINE = [
    ("erpgo_backup zstd", "zstd", "none"),
    ("erpgo_backup zstd, encrypted", "zstd", "aes-256-cbc"),
    ("erpgo_backup gzip", "gzip", "none"),
    ("erpgo_backup gzip, encrypted", "gzip", "aes-256-cbc"),
]
TOOLS = [
    (BASE, "pg_dump -Fc -f out/dump bench"),
    ("pg_dump -Fc -Z0 \\| zstd -3 -T2", "pg_dump -Fc -Z0 bench | zstd -q -3 -T2 -o out/dump"),
    ("pg_dump -Fc -Z0 > /dev/null", "pg_dump -Fc -Z0 bench > /dev/null"),
    ("pg_dump -Fc -Z0 \\| zstd -1 > /dev/null",
     "pg_dump -Fc -Z0 bench | zstd -q -1 --single-thread > /dev/null"),
]


def children(pid):
    """The processes that a process started and that still live."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def descendants(pid):
    for child in children(pid):
        yield child
        yield from descendants(child)


def cpu_seconds(pid):
    """CPU time of a process and all that it started, the dead included."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    own = sum(int(field) for field in fields[11:15]) / TICKS
    return own + sum(cpu_seconds(child) for child in children(pid))


def status_kib(pid, path, key):
    """A figure in kB of a file in /proc; 0 if the process is gone."""
    try:
        with open(f"/proc/{pid}/{path}") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def is_engine(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "erpgo_backup"
    except OSError:
        return False


class MemorySampler(threading.Thread):
    """Watches the engine's processes while they run."""

    def __init__(self, postmaster):
        super().__init__(daemon=True)
        self.postmaster = postmaster
        self.ended = threading.Event()
        self.largest = 0  # peak of one process, KiB
        self.together = 0  # shared pages counted once, KiB

    def run(self):
        while not self.ended.wait(SAMPLE_SECONDS):
            engine = [pid for pid in descendants(self.postmaster) if is_engine(pid)]
            peaks = [status_kib(pid, "status", "VmHWM") for pid in engine]
            sizes = [status_kib(pid, "smaps_rollup", "Pss") for pid in engine]
            self.largest = max([self.largest] + peaks)
            self.together = max(self.together, sum(sizes))

    def stop(self):
        self.ended.set()
        self.join()


class Bench:
    def __init__(self, options):
        self.workspace = options.workspace
        self.environment = dict(
            os.environ, PGHOST=options.workspace,
            PATH=options.bindir + ":" + os.environ["PATH"])
        user = pwd.getpwnam(options.run_as)
        self.identity = {}
        if os.getuid() == 0:
            self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with open(options.workspace + "/data/postmaster.pid") as file:
            self.postmaster = int(file.readline())

    def shell(self, command):
        subprocess.run(
            ["bash", "-c", "set -o pipefail; " + command], check=True, cwd=self.workspace,
            env=self.environment, stdout=subprocess.DEVNULL, **self.identity)

    def set_up(self, compression, encryption):
        self.shell(f"""psql -Xq postgres -c "ALTER SYSTEM SET erpgo_backup.compression = '{compression}'" \
            -c "ALTER SYSTEM SET erpgo_backup.encryption = '{encryption}'" -c 'SELECT pg_reload_conf()'""")
        self.shell(f"""until [ "$(psql -XAtq postgres -c 'SHOW erpgo_backup.encryption')" = {encryption} ]; do :; done""")

    def measure_memory(self, command):
        """Peak KiB of one process of the engine and of all."""
        sampler = MemorySampler(self.postmaster)
        sampler.start()
        self.shell(command)
        sampler.stop()
        return sampler.largest, sampler.together

    def wait_for_engines(self):
        """Waits for the clean-up that follows a backup: what is measured next runs alone."""
        quiet = 0
        while quiet < QUIET_SAMPLES:
            busy = any(is_engine(pid) for pid in descendants(self.postmaster))
            quiet = 0 if busy else quiet + 1
            time.sleep(SAMPLE_SECONDS)

    def measure_time(self, command):
        """Wall seconds, CPU seconds."""
        before = cpu_seconds(self.postmaster), resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        self.shell(command)
        wall = time.monotonic() - start
        after = cpu_seconds(self.postmaster), resource.getrusage(resource.RUSAGE_CHILDREN)
        tools = (after[1].ru_utime + after[1].ru_stime) - (before[1].ru_utime + before[1].ru_stime)
        return wall, after[0] - before[0] + tools

    def stored_bytes(self):
        """How much was stored, which is then removed."""
        total = 0
        for folder in ["out"] + glob.glob("repository/*/backup", root_dir=self.workspace):
            folder = os.path.join(self.workspace, folder)
            for path, _, names in os.walk(folder):
                total += sum(os.path.getsize(os.path.join(path, name)) for name in names)
            for name in os.listdir(folder):
                name = os.path.join(folder, name)
                shutil.rmtree(name) if os.path.isdir(name) else os.remove(name)
        return total


def commands(bench):
    """Everything that is measured, as name and command, set up before it is given."""
    yield from TOOLS
    for name, compression, encryption in ENGINE:
        bench.set_up(compression, encryption)
        yield name, "psql -XAtq postgres -c \"SELECT erpgo_backup_run('full', ARRAY['bench'])\""


def run_rounds(bench, rounds):
    """Memory is sampled in a round of its own, which also warms the caches."""
    memory = {}
    for name, command in commands(bench):
        memory[name] = bench.measure_memory(command)
        bench.stored_bytes()
    results = {name: [] for name in memory}
    for number in range(1, rounds + 1):
        for name, command in commands(bench):
            bench.wait_for_engines()
            wall, cpu = bench.measure_time(command)
            results[name].append((wall, cpu, bench.stored_bytes()))
            print(f"round {number} of {rounds}: {wall:6.2f} s wall {cpu:6.1f} s CPU  {name}",
                  file=sys.stderr, flush=True)
    return results, memory


def print_table(results, memory):
    base = statistics.median(run[0] for run in results[BASE])
    floor = statistics.median(run[0] for run in results["pg_dump -Fc -Z0 > /dev/null"])
    print("| | wall s (median) | min to max | to pg_dump -Fc | to the floor | CPU s | MB stored | MiB, largest process | MiB, engine in all |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, runs in results.items():
        walls = [run[0] for run in runs]
        wall = statistics.median(walls)
        cpu, stored = (statistics.median(run[column] for run in runs) for column in (1, 2))
        largest, together = memory[name]
        peak = f"{largest / 1024:.0f} | {together / 1024:.0f}" if largest else "– | –"
        print(f"| {name} | {wall:.2f} | {min(walls):.2f} to {max(walls):.2f} | {wall / base:.2f} |"
              f" {wall / floor:.2f} | {cpu:.1f} | {stored / 1e6:.0f} | {peak} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bindir", required=True)
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--run-as", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print_table(*run_rounds(Bench(options), options.rounds))


if __name__ == "__main__":
    main()
