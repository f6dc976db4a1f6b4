"""What the measurements of this folder share: commands, and what they cost.

CPU time is that of the server with all its children (backends, workers, the
engine) and of the tools that are started here; memory is that of the engine's
processes.
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

    def __init__(self, roots):
        super().__init__(daemon=True)
        self.roots = roots
        self.ended = threading.Event()
        self.largest = 0  # peak of one process, KiB
        self.together = 0  # shared pages counted once, KiB

    def run(self):
        while not self.ended.wait(SAMPLE_SECONDS):
            engine = [pid for root in self.roots for pid in descendants(root) if is_engine(pid)]
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
        self.postmaster = self.read_postmaster()

    def read_postmaster(self):
        """The process id of the server that runs now."""
        with open(self.workspace + "/data/postmaster.pid") as file:
            return int(file.readline())

    def shell(self, command):
        subprocess.run(
            ["bash", "-c", "set -o pipefail; " + command], check=True, cwd=self.workspace,
            env=self.environment, stdout=subprocess.DEVNULL, **self.identity)

    def set_up(self, compression, encryption):
        self.shell(f"""psql -Xq postgres -c "ALTER SYSTEM SET erpgo_backup.compression = '{compression}'" \
            -c "ALTER SYSTEM SET erpgo_backup.encryption = '{encryption}'" -c 'SELECT pg_reload_conf()'""")
        self.shell(f"""until [ "$(psql -XAtq postgres -c 'SHOW erpgo_backup.encryption')" = {encryption} ]; do :; done""")

    def shell_output(self, command):
        return subprocess.run(
            ["bash", "-c", command], check=True, cwd=self.workspace, env=self.environment,
            stdout=subprocess.PIPE, text=True, **self.identity).stdout

    def measure_memory(self, action):
        """Peak KiB of one process of the engine and of all while something is done."""
        sampler = MemorySampler([self.postmaster, os.getpid()])
        sampler.start()
        action()
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

    def forget_files(self, folder):
        """Drops a folder's files from the page cache, as far as they are written."""
        os.sync()
        for path, _, names in os.walk(os.path.join(self.workspace, folder)):
            for name in names:
                try:
                    fd = os.open(os.path.join(path, name), os.O_RDONLY)
                except OSError:
                    continue
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)

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


def read_options():
    """The options that all measurements have, and whatever else there is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bindir", required=True)
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--run-as", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("what", nargs="?")
    return parser.parse_args()


def say_round(number, rounds, name, wall, cpu):
    """Tells of a single measurement while the others are under way."""
    print(f"round {number} of {rounds}: {wall:6.2f} s wall {cpu:6.1f} s CPU  {name}",
          file=sys.stderr, flush=True)


def spread(values):
    """Median, and the least and the greatest, as two columns of a table."""
    return f"{statistics.median(values):.2f} | {min(values):.2f} to {max(values):.2f}"
