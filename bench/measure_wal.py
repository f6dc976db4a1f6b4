"""Measures how fast a server's WAL is archived, in interleaved rounds.

Called by bench/wal, which makes a server that is stopped and has segments
that nobody has archived.  In each measurement they all wait again.
"""
import glob
import os
import shutil
import statistics
import subprocess
import sys
import time

from measure import Bench, cpu_seconds, read_options, say_round, spread

POLL_SECONDS = 0.01
GIVE_UP_SECONDS = 600
BASE = "pgBackRest zst 3"


class Way:
    """A way to archive: settings, and a command that prepares for it."""

    def __init__(self, name, settings, prepare=""):
        self.name = name
        self.settings = settings
        self.prepare = prepare


def pgbackrest(name, options):
    call = ("pgbackrest --stanza=bench --config=/dev/null --pg1-path={0}/data --repo1-path={0}/out/pgbackrest"
            " --lock-path={0}/out/lock --log-level-file=off --log-level-console=error")
    return Way(name, {"archive_command": f"{call} --compress-type=zst --compress-level=3"
                      f" {options} archive-push %p"},
               f"mkdir -p out/lock out/spool && {call} --no-online stanza-create")


def engine(name, encryption):
    return Way(name, {"archive_library": "erpgo_backup", "erpgo_backup.encryption": encryption})


WAYS = [
    Way("true", {"archive_command": "true"}),
    Way("cp", {"archive_command": "cp %p {0}/out/wal/%f"}, "mkdir -p out/wal"),
    Way("basic_archive", {"archive_library": "basic_archive",
                          "basic_archive.archive_directory": "{0}/out/wal"}, "mkdir -p out/wal"),
    pgbackrest(BASE, ""),
    pgbackrest("pgBackRest zst 3, asynchronous, 2 processes", "--archive-async --spool-path={0}/out/spool --process-max=2"),
    engine("erpgo_backup zstd", "none"),
    engine("erpgo_backup zstd, encrypted", "aes-256-cbc"),
]


class WalBench(Bench):
    def __init__(self, options):
        self.postmaster = None
        super().__init__(options)
        self.status = self.workspace + "/data/pg_wal/archive_status"

    def read_postmaster(self):
        """None while no server runs."""
        try:
            return super().read_postmaster()
        except FileNotFoundError:
            return None

    def configure(self, way):
        """Leaves nothing of what another way did, and has all segments wait."""
        self.stored_bytes()
        for folder in glob.glob(self.workspace + "/repository/*"):
            shutil.rmtree(folder)
        self.shell(way.prepare.format(self.workspace))
        for done in glob.glob(self.status + "/*.done"):
            os.rename(done, done[:-len("done")] + "ready")
        lines = [f"{name} = '{value.format(self.workspace)}'\n" for name, value in way.settings.items()]
        text = "".join(lines).replace("'", "'\\''")
        self.shell(f"printf %s '{text}' > data/postgresql.auto.conf")

    def waiting(self):
        return len(glob.glob(self.status + "/*.ready"))

    def archive(self, way):
        """Segments a second, CPU seconds a segment."""
        self.configure(way)
        count = self.waiting()
        self.forget_files("data/pg_wal")
        self.shell("pg_ctl -s -D data -l server.log -w start")
        start = time.monotonic()
        self.postmaster = self.read_postmaster()
        before = cpu_seconds(self.postmaster)
        while self.waiting() > 0:
            if time.monotonic() - start > GIVE_UP_SECONDS:
                self.shell("tail -n 5 server.log >&2")
                sys.exit(f"{way.name} does not archive")
            time.sleep(POLL_SECONDS)
        wall = time.monotonic() - start
        cpu = cpu_seconds(self.postmaster) - before
        self.shell("pg_ctl -s -D data -m fast -w stop")
        return count / wall, cpu / count


def is_usable(bench, way):
    try:
        bench.shell(way.prepare.format(bench.workspace))
    except subprocess.CalledProcessError:
        print(f"not measured: {way.name}", file=sys.stderr)
        return False
    return True


def print_table(results):
    base = statistics.median(run[0] for run in results.get(BASE, [(1, 0)]))
    print(f"| | segments a second (median) | min to max | to {BASE} | CPU ms a segment |")
    print("|---|---|---|---|---|")
    for name, runs in results.items():
        rates = [run[0] for run in runs]
        cpu = statistics.median(run[1] for run in runs)
        print(f"| {name} | {spread(rates)} | {statistics.median(rates) / base:.2f} | {cpu * 1000:.0f} |")


def main():
    options = read_options()
    bench = WalBench(options)
    ways = [way for way in WAYS if is_usable(bench, way)]
    results = {way.name: [] for way in ways}
    for number in range(1, options.rounds + 1):
        for way in ways:
            rate, cpu = bench.archive(way)
            results[way.name].append((rate, cpu))
            say_round(number, options.rounds, f"{way.name}: {rate:.1f} segments a second", 1 / rate, cpu)
    print_table(results)


if __name__ == "__main__":
    main()
