"""Measures repositories in object storage that is more or less far away.

Called by bench/s3, which makes a server that is stopped and has segments of
WAL that nobody has archived.  The object storage is made anew for each table
of the results: it lives in memory.
"""
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys

from measure import read_options
from measure_physical import RESTORED
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
    """An empty bucket, so many milliseconds away."""

    def __init__(self, bench, latency):
        self.folder = bench.workspace + "/ceph"
        self.secret = secrets.token_hex(16)
        self.ceph = None
        self.proxy = None
        near = free_port()
        self.ceph = self.start(bench, [FOLDER + "/../test/lib/object_storage/ceph", self.folder, str(free_port()),
                                       ACCESS_KEY, self.secret, str(near), bench.workspace + "/tls.pem"])
        self.port = near
        if latency > 0:
            self.proxy = self.start(bench, ["/usr/bin/python3", FOLDER + "/delay.py", str(near), str(latency)])
            self.port = int(self.line)

    def start(self, bench, command):
        """A program that has printed its first line, which is kept."""
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   cwd="/", **bench.identity)
        self.line = program.stdout.readline()
        if not self.line:
            sys.exit(f"could not start {command[0]}")
        return program

    def stop(self):
        for program in (self.proxy, self.ceph):
            if program:
                program.send_signal(signal.SIGTERM)
                program.wait()

    def url(self, prefix):
        return f"s3://{BUCKET}/{prefix}?endpoint=https://localhost:{self.port}"


class Engine:
    """erpgo_backup, in object storage or, for a comparison, in a folder."""

    def __init__(self, name, local=False):
        self.name = name
        self.local = local

    def url(self, bench):
        return f"file://{bench.workspace}/repository" if self.local else bench.storage.url("engine")

    def settings(self, bench):
        """Of the server."""
        return {"erpgo_backup.repository": self.url(bench), "erpgo_backup.jobs": str(JOBS)}

    def way(self, bench):
        return Way(self.name, {"archive_library": "erpgo_backup", **self.settings(bench)})

    def prepare(self, bench):
        pass

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

    def call(self, bench, data):
        return ("pgbackrest --stanza=bench --config=/dev/null --repo1-path=/pgbackrest --repo1-type=s3"
                f" --repo1-s3-bucket={BUCKET} --repo1-s3-endpoint=localhost --repo1-s3-region=us-east-1"
                f" --repo1-storage-host=localhost --repo1-storage-port={bench.storage.port} --repo1-s3-uri-style=path"
                f" --repo1-storage-ca-file={bench.workspace}/ca.pem --pg1-path={bench.workspace}/{data}"
                f" --lock-path={bench.workspace}/out/lock --log-level-file=off --log-level-console=error"
                f" --compress-type=zst --compress-level=3 --process-max={self.processes}")

    def settings(self, bench):
        return {}

    def way(self, bench):
        more = f" --archive-async --spool-path={bench.workspace}/out/spool" if self.asynchronous else ""
        return Way(self.name, {"archive_command": f"{self.call(bench, 'data')}{more} archive-push %p"})

    def prepare(self, bench):
        bench.shell("mkdir -p out/lock out/spool && " + self.stanza_create(bench))

    def stanza_create(self, bench):
        call = self.call(bench, "data").replace(f" --process-max={self.processes}", "")
        return call.replace(" --compress-type=zst --compress-level=3", "") + " --no-online stanza-create"

    def backup(self, bench):
        return (self.call(bench, "data") + " --pg1-socket-path=$PWD --no-archive-check --start-fast --type=full"
                " --repo1-retention-full=1 backup")

    def restore(self, bench):
        call = self.call(bench, RESTORED).replace(" --compress-type=zst --compress-level=3", "")
        return f"mkdir -m 700 {RESTORED} && {call} restore"


LOCAL = Engine("erpgo_backup, in a folder", local=True)
OURS = Engine("erpgo_backup")
BACKUPS = [LOCAL, OURS, PgBackRest("pgBackRest, 2 processes", 2), PgBackRest(f"pgBackRest, {JOBS} processes", JOBS)]
ARCHIVES = [LOCAL, OURS, PgBackRest("pgBackRest", 1),
            PgBackRest(f"pgBackRest, asynchronous, {JOBS} processes", JOBS, asynchronous=True)]


class S3Bench(WalBench):
    def __init__(self, options):
        super().__init__(options)
        self.storage = None

    def use_storage(self, latency):
        """An empty bucket, and its keys wherever they are looked for."""
        self.storage = ObjectStorage(self, latency)
        os.environ["PGBACKREST_REPO1_S3_KEY"] = ACCESS_KEY
        os.environ["PGBACKREST_REPO1_S3_KEY_SECRET"] = self.storage.secret
        self.environment.update(os.environ | {"PATH": self.environment["PATH"], "PGHOST": self.workspace})
        self.shell("sed -i '/^AWS_/d;/^BACKUP_CA_FILE/d' secrets && printf '%s\\n'"
                   f" AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={self.storage.secret}"
                   f" BACKUP_CA_FILE={self.workspace}/ca.pem >> secrets")

    def forget_storage(self):
        self.storage.stop()
        self.storage = None

    def serve(self, settings):
        """Starts the server for backups; nothing is archived meanwhile."""
        settings = {"archive_mode": "off", "erpgo_backup.encryption": "none", **settings}
        self.configure(Way("", settings))
        self.shell("pg_ctl -s -D data -l server.log -w start")
        self.postmaster = self.read_postmaster()

    def measure_backup(self, tool):
        """Wall seconds of a backup and of its restore."""
        self.serve(tool.settings(self))
        tool.prepare(self)
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
        way.prepare = ":"
        self.stored_bytes()
        tool.prepare(self)
        return self.archive(way)[0],


def run_rounds(bench, latency, tools, measurement, rounds):
    results = {tool.name: [] for tool in tools}
    for number in range(1, rounds + 1):
        for tool in tools:
            bench.use_storage(latency)
            results[tool.name].append(measurement(tool))
            bench.forget_storage()
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


def main():
    options = read_options()
    bench = S3Bench(options)
    archives = {latency: run_rounds(bench, latency, ARCHIVES, bench.measure_archive, options.rounds) for latency in LATENCIES}
    print_table("segments of WAL a second", archives, 0)
    backups = {latency: run_rounds(bench, latency, BACKUPS, bench.measure_backup, options.rounds) for latency in LATENCIES}
    print_table("backup, seconds", backups, 0)
    print_table("restore, seconds", backups, 1)


if __name__ == "__main__":
    main()
