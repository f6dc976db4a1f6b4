"""Measures physical backups and their restore beside other tools, in interleaved rounds.

Called by bench/physical and bench/restore, which make the server.  What a
command reads is dropped from the page cache before.
"""
import os
import statistics
import subprocess
import sys

from measure import Bench, read_options, say_round, spread

RESTORED = "out/restored"


class Tool:
    """A way to make a backup and to restore it."""

    def __init__(self, name, backup, restore, prepare=""):
        self.name = name
        self.backup = backup
        self.restore = restore
        self.prepare = prepare


class Engine(Tool):
    def __init__(self, name, compression, encryption):
        super().__init__(
            name, "psql -XAtq postgres -c \"SELECT erpgo_backup_run('physical')\"",
            "erpgo_backup restore latest --repository file://$PWD/repository --secrets-file secrets --allow-unencrypted"
            f" --pgdata $PWD/{RESTORED} --jobs 2")
        self.settings = compression, encryption


def pgbackrest(name, compression, processes, cipher="none"):
    call = ("pgbackrest --stanza=bench --config=/dev/null --pg1-path=$PWD/data --repo1-path=$PWD/out/pgbackrest"
            " --lock-path=$PWD/out/lock --log-level-file=off --log-level-console=error"
            f" --repo1-cipher-type={cipher}")
    return Tool(
        name, f"{call} --pg1-socket-path=$PWD --process-max={processes} {compression} --no-archive-check"
        " --start-fast --type=full --repo1-retention-full=1 backup",
        f"mkdir -m 700 {RESTORED} && {call.replace('$PWD/data', '$PWD/' + RESTORED)}"
        f" --process-max={processes} restore",
        f"mkdir -p out/lock && {call} --no-online stanza-create")


ZST = "--compress-type=zst --compress-level=3"
PACKED = "pg_basebackup -c fast -X fetch -Ft -D out/base --compress"
UNPACK = f"mkdir {RESTORED} && chmod 700 {RESTORED} && cat out/base/base.tar.* |"
PEERS = [
    Tool("tar \\| zstd -3 -T2", "mkdir out/base && tar -cf - data | zstd -q -3 -T2 -o out/base/base.tar.zst && sync -f out",
         f"{UNPACK} zstd -dc | tar -xf - -C {RESTORED} && sync -f out"),
    Tool("pg_basebackup", "pg_basebackup -c fast -X fetch -D out/base", f"cp -a out/base {RESTORED} && sync -f out"),
    Tool("pg_basebackup server-zstd:3, 2 workers", f"{PACKED} server-zstd:level=3,workers=2",
         f"{UNPACK} zstd -dc | tar -xf - -C {RESTORED} && sync -f out"),
    pgbackrest("pgBackRest zst 3", ZST, 1),
    pgbackrest("pgBackRest zst 3, 2 processes", ZST, 2),
    pgbackrest("pgBackRest zst 3, 2 processes, encrypted", ZST, 2, "aes-256-cbc"),
    pgbackrest("pgBackRest gz, 2 processes", "--compress-type=gz", 2),
]
ENGINES = [
    Engine("erpgo_backup zstd", "zstd", "none"),
    Engine("erpgo_backup zstd, encrypted", "zstd", "aes-256-cbc"),
    Engine("erpgo_backup gzip", "gzip", "none"),
]


def is_usable(bench, tool):
    """Is the tool there, and does it know this version of the server?"""
    try:
        bench.shell(tool.prepare)
    except subprocess.CalledProcessError:
        print(f"not measured: {tool.name}", file=sys.stderr)
        return False
    finally:
        bench.stored_bytes()
    return True


def prepare(bench, tool):
    """What is not measured."""
    bench.wait_for_engines()
    if isinstance(tool, Engine):
        bench.set_up(*tool.settings)
    bench.shell(tool.prepare)
    bench.shell("psql -Xq postgres -c CHECKPOINT")


def measure_backup(bench, tool):
    """Wall seconds, CPU seconds, bytes stored, seconds of another read-back."""
    prepare(bench, tool)
    bench.forget_files("data")
    wall, cpu = bench.measure_time(tool.backup)
    read_back = None
    if isinstance(tool, Engine):
        bench.wait_for_engines()
        read_back, _ = bench.measure_time(
            "psql -XAtq postgres -c \"SELECT * FROM erpgo_backup_verify('latest')\"")
    return wall, cpu, bench.stored_bytes(), read_back


def measure_restore(bench, tool):
    """Wall seconds, CPU seconds, bytes restored; None in place of a read-back."""
    prepare(bench, tool)
    bench.shell(tool.backup)
    bench.wait_for_engines()
    bench.forget_files("out")
    bench.forget_files("repository")
    wall, cpu = bench.measure_time(tool.restore)
    restored = bench.shell_output(f"du -sb {RESTORED}")
    bench.stored_bytes()
    return wall, cpu, int(restored.split()[0]), None


def run_rounds(bench, tools, measurement, rounds):
    memory = {}
    results = {tool.name: [] for tool in tools}
    for tool in ENGINES:
        memory[tool.name] = bench.measure_memory(lambda: measurement(bench, tool))
    for number in range(1, rounds + 1):
        for tool in tools:
            results[tool.name].append(measurement(bench, tool))
            say_round(number, rounds, tool.name, *results[tool.name][-1][:2])
    return results, memory


def print_table(results, memory, size_title):
    bases = [name for name in ("pg_basebackup server-zstd:3, 2 workers", "pgBackRest zst 3, 2 processes")
             if name in results]
    verified = any(run[3] is not None for runs in results.values() for run in runs)
    print("| | wall s (median) | min to max | " + "".join(f"to {name} | " for name in bases)
          + f"CPU s | {size_title} |" + (" verify again, s |" if verified else "")
          + " MiB, largest process | MiB, engine in all |")
    print("|---" * (7 + verified + len(bases)) + "|")
    medians = {name: statistics.median(run[0] for run in runs) for name, runs in results.items()}
    for name, runs in results.items():
        cpu, size = (statistics.median(run[column] for run in runs) for column in (1, 2))
        ratios = "".join(f" {medians[name] / medians[base]:.2f} |" for base in bases)
        verify = " – |" if runs[0][3] is None else f" {statistics.median(run[3] for run in runs):.2f} |"
        if not verified:
            verify = ""
        peak = "– | –"
        if name in memory:
            peak = " | ".join(f"{kib / 1024:.0f}" for kib in memory[name])
        print(f"| {name} | {spread([run[0] for run in runs])} |{ratios} {cpu:.1f} | {size / 1e6:.0f} |{verify} {peak} |")


def main():
    options = read_options()
    os.environ["PGBACKREST_REPO1_CIPHER_PASS"] = "only for a benchmark"
    bench = Bench(options)
    tools = [tool for tool in PEERS + ENGINES if is_usable(bench, tool)]
    if options.what == "restore":
        print_table(*run_rounds(bench, tools, measure_restore, options.rounds), "MB restored")
    else:
        print_table(*run_rounds(bench, tools, measure_backup, options.rounds), "MB stored")


if __name__ == "__main__":
    main()
