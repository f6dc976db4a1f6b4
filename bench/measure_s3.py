"""Measures repositories in object storage that is more or less far away.

Called by bench/s3, which makes a server that is stopped and has segments of
WAL that nobody has archived.  The object storage is made anew for each
measurement: it lives in memory.
"""
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys

from measure import read_options
from measure_physical import RESTORED, ZST
from measure_wal import WalBench, Way

FOLDER = os.path.dirname(os.path.abspath(__file__))
LATENCIES = (0, 20, 100)
ACCESS_KEY = "access"
BUCKET = "backups"
JOBS = 8


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ObjectStorage:
    """An empty bucket, so many milliseconds away, within a "with"."""

    def __init__(self, bench, latency):
        self.bench = bench
        self.latency = latency
        self.secret = secrets.token_hex(16)
        self.port = free_port()
        self.programs = []

    def __enter__(self):
        self.start([FOLDER + "/../test/lib/object_storage/ceph", self.bench.workspace + "/ceph", str(free_port()),
                    ACCESS_KEY, self.secret, str(self.port), self.bench.workspace + "/tls.pem"])
        if self.latency > 0:
            self.port = int(self.start(["/usr/bin/python3", FOLDER + "/delay.py", str(self.port), str(self.latency)]))
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.terminate()
            program.wait()

    def start(self, command):
        """The first line that a program prints, which goes on."""
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   cwd="/", **self.bench.identity)
        self.programs.append(program)
        line = program.stdout.readline()
        if not line:
            sys.exit(f"could not start {command[0]}")
        return line

    def url(self):
        return f"s3://{BUCKET}/engine?endpoint=https://localhost:{self.port}"


class Engine:
    """erpgo_backup, in object storage or, for a comparison, in a folder."""

    def __init__(self, name, local=False):
        self.name = name
        self.local = local

    def url(self, bench):
        return f"file://{bench.workspace}/repository" if self.local else bench.storage.url()

    def settings(self, bench):
        """Of the server."""
        return {"erpgo_backup.repository": self.url(bench), "erpgo_backup.jobs": str(JOBS)}

    def way(self, bench):
        return Way(self.name, {"archive_library": "erpgo_backup", **self.settings(bench)})

    def prepare(self, bench):
        return ""

    def backup(self, bench):
        return "psql -XAtq postgres -c \"SELECT erpgo_backup_run('physical')\""

    def restore(self, bench):
        return (f"erpgo_backup restore latest --repository '{self.url(bench)}' --secrets-file secrets"
                f" --allow-unencrypted --pgdata $PWD/{RESTORED} --jobs {JOBS}")


class PgBackRest:
    """pgBackRest, in object storage."""

    def __init__(self, name, processes, asynchronous=False):
        self.name = name
        self.processes = processes
        self.asynchronous = asynchronous

    def call(self, bench, command, data="data"):
        return ("pgbackrest --stanza=bench --config=/dev/null --repo1-path=/pgbackrest --repo1-type=s3"
                f" --repo1-s3-bucket={BUCKET} --repo1-s3-endpoint=localhost --repo1-s3-region=us-east-1"
                f" --repo1-storage-host=localhost --repo1-storage-port={bench.storage.port} --repo1-s3-uri-style=path"
                f" --repo1-storage-ca-file={bench.workspace}/ca.pem --pg1-path={bench.workspace}/{data}"
                f" --lock-path={bench.workspace}/out/lock --log-level-file=off --log-level-console=error {command}")

    def settings(self, bench):
        return {}

    def way(self, bench):
        more = f" --archive-async --spool-path={bench.workspace}/out/spool" if self.asynchronous else ""
        push = f"{ZST} --process-max={self.processes}{more} archive-push %p"
        return Way(self.name, {"archive_command": self.call(bench, push)}, self.prepare(bench))

    def prepare(self, bench):
        return "mkdir -p out/lock out/spool && " + self.call(bench, "--no-online stanza-create")

    def backup(self, bench):
        return self.call(bench, f"{ZST} --process-max={self.processes} --pg1-socket-path=$PWD --no-archive-check"
                         " --start-fast --type=full --repo1-retention-full=1 backup")

    def restore(self, bench):
        return f"mkdir -m 700 {RESTORED} && " + self.call(bench, f"--process-max={self.processes} restore", RESTORED)


LOCAL = Engine("erpgo_backup, in a folder", local=True)
OURS = Engine("erpgo_backup")
BACKUPS = [LOCAL, OURS, PgBackRest("pgBackRest, 2 processes", 2), PgBackRest(f"pgBackRest, {JOBS} processes", JOBS)]
ARCHIVES = [LOCAL, OURS, PgBackRest("pgBackRest", 1),
            PgBackRest(f"pgBackRest, asynchronous, {JOBS} processes", JOBS, asynchronous=True)]


class S3Bench(WalBench):
    def __init__(self, options):
        super().__init__(options)
        self.storage = None

    def use_storage(self, storage):
        """Puts the keys of a bucket wherever they are looked for."""
        self.storage = storage
        self.environment["PGBACKREST_REPO1_S3_KEY"] = ACCESS_KEY
        self.environment["PGBACKREST_REPO1_S3_KEY_SECRET"] = storage.secret
        self.shell("sed -i '/^AWS_/d;/^BACKUP_CA_FILE/d' secrets && printf '%s\\n'"
                   f" AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={storage.secret}"
                   f" BACKUP_CA_FILE={self.workspace}/ca.pem >> secrets")

    def serve(self, tool):
        """Starts the server for backups; nothing is archived meanwhile."""
        settings = {"archive_mode": "off", "erpgo_backup.encryption": "none", **tool.settings(self)}
        self.configure(Way(tool.name, settings, tool.prepare(self)))
        self.shell("pg_ctl -s -D data -l server.log -w start")
        self.postmaster = self.read_postmaster()

    def measure_backup(self, tool):
        """Wall seconds of a backup and of its restore."""
        self.serve(tool)
        self.shell("psql -Xq postgres -c CHECKPOINT")
        self.forget_files("data")
        backup, _ = self.measure_time(tool.backup(self))
        self.wait_for_engines()
        self.forget_files("repository")
        restore, _ = self.measure_time(tool.restore(self))
        self.stored_bytes()
        self.shell("pg_ctl -s -D data -m fast -w stop")
        return backup, restore

    def measure_archive(self, tool):
        """Segments a second."""
        way = tool.way(self)
        way.settings["erpgo_backup.encryption"] = "none"
        return self.archive(way)[:1]


def run_rounds(bench, latency, tools, measurement, rounds):
    results = {tool.name: [] for tool in tools}
    for number in range(1, rounds + 1):
        for tool in tools:
            with ObjectStorage(bench, latency) as storage:
                bench.use_storage(storage)
                results[tool.name].append(measurement(tool))
            figures = ", ".join(f"{figure:.2f}" for figure in results[tool.name][-1])
            print(f"round {number} of {rounds}: {figures}  {tool.name}, {latency} ms", file=sys.stderr, flush=True)
    return {name: [statistics.median(column) for column in zip(*runs)] for name, runs in results.items()}


def print_table(title, results, column):
    """A row for each tool, a column for each latency."""
    print(f"| {title} | " + " | ".join(f"{latency} ms" for latency in LATENCIES) + " |")
    print("|---" * (1 + len(LATENCIES)) + "|")
    for name in results[LATENCIES[0]]:
        print(f"| {name} | " + " | ".join(f"{results[latency][name][column]:.2f}" for latency in LATENCIES) + " |")
    print()


def run_latencies(bench, tools, measurement, rounds):
    if shutil.which("pgbackrest") is None:
        tools = [tool for tool in tools if not isinstance(tool, PgBackRest)]
    return {latency: run_rounds(bench, latency, tools, measurement, rounds) for latency in LATENCIES}


def main():
    options = read_options()
    bench = S3Bench(options)
    archives = run_latencies(bench, ARCHIVES, bench.measure_archive, options.rounds)
    print_table("segments of WAL a second", archives, 0)
    backups = run_latencies(bench, BACKUPS, bench.measure_backup, options.rounds)
    print_table("backup, seconds", backups, 0)
    print_table("restore, seconds", backups, 1)


if __name__ == "__main__":
    main()
