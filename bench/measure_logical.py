"""Measures logical backups beside pg_dump, in interleaved rounds.

Called by bench/logical, which makes the server.
"""
import statistics

from measure import Bench, read_options, say_round, spread

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
        memory[name] = bench.measure_memory(lambda: bench.shell(command))
        bench.stored_bytes()
    results = {name: [] for name in memory}
    for number in range(1, rounds + 1):
        for name, command in commands(bench):
            bench.wait_for_engines()
            wall, cpu = bench.measure_time(command)
            results[name].append((wall, cpu, bench.stored_bytes()))
            say_round(number, rounds, name, wall, cpu)
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
        print(f"| {name} | {spread(walls)} | {wall / base:.2f} |"
              f" {wall / floor:.2f} | {cpu:.1f} | {stored / 1e6:.0f} | {peak} |")


def main():
    options = read_options()
    print_table(*run_rounds(Bench(options), options.rounds))


if __name__ == "__main__":
    main()
