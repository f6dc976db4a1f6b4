#!/usr/bin/python3
"""Holds our cron against croniter over random expressions.

Usage: cron_against_croniter.py [EXPRESSIONS [SEED]]

Beside us is cron_runs.c, from which build/oracle/cron_runs is built.  The output is TAP; without
croniter (Debian: python3-croniter) the test is skipped.

croniter decides about days in another way than cron(8) where one of the day
fields is neither "*" nor a plain restriction; it is asked accordingly:

- "*/2" restricts for croniter, so that a match of either field is enough.
  For cron(8) a field that begins with "*" makes both necessary: day_or=False.
- "1-31", "0-6" and "5,*" are the same as "*" for croniter.  For cron(8), which
  looks at the first character, they are restrictions that every day meets, so
  that the other field has no say: both are given to croniter as "*".

What croniter gets wrong is left out: with "2,31" it goes from February to 31
March, with "31 2 fri" (both restricted) it finds no Friday in February.  So
no day after the 28th is named here; the unit tests look at those day by day.

Other differences are outside of what is compared: croniter also accepts
"5/15", "L", "#" and a sixth field, which cron(8) does not have, and gives up
after 50 years without a run.
"""
import os
import random
import subprocess
import sys
from datetime import datetime, timedelta

EPOCH = datetime(1970, 1, 1)
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../../build/oracle/cron_runs")
RUNS = 5
PATIENCE = timedelta(days=50 * 365)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()


def element(low, high, names):
    """A value, a range or "*", perhaps with a step."""
    def word(value):
        index = value - low
        if index < len(names) and random.random() < 0.3:
            return random.choice([names[index], names[index].upper()])
        return str(value)

    first = random.randint(low, high)
    last = random.randint(first, high)
    kind = random.choice(["value", "value", "range", "range/", "*", "*/"])
    if kind == "value":
        return word(first)
    text = "*" if kind[0] == "*" else "%s-%s" % (word(first), word(last))
    if kind[-1] == "/":
        text += "/%d" % random.randint(1, high)
    return text


def field(low, high, names=()):
    if random.random() < 0.25:
        return "*"
    count = random.choice([1, 1, 1, 2, 3])
    return ",".join(element(low, high, names) for _ in range(count))


def expression():
    if random.random() < 0.01:
        return random.choice(["@hourly", "@daily", "@midnight", "@weekly",
                              "@monthly", "@yearly", "@annually"])
    return random.choice([" ", "  ", "\t"]).join([
        field(0, 59), field(0, 23), field(1, 31), field(1, 12, MONTHS),
        field(0, 7, WEEKDAYS)])


def covers_all(croniter, text, position):
    fields = ["*"] * 5
    fields[position] = text
    return "*" in croniter.expand(" ".join(fields))[0][position]


def names_late_days(croniter, text):
    if text.startswith("@"):
        return False
    days = croniter.expand(text)[0][2]
    return "*" not in days and max(days) > 28


def for_croniter(croniter, text):
    """The expression and the way to ask, so that days are cron(8)'s."""
    if text.startswith("@"):
        return text, {}
    fields = text.split()
    if fields[2].startswith("*") or fields[4].startswith("*"):
        return text, {"day_or": False}
    if covers_all(croniter, fields[2], 2) or covers_all(croniter, fields[4], 4):
        fields[2] = fields[4] = "*"
    return " ".join(fields), {}


def expected_runs(croniter, bad_date, text, start):
    text, way = for_croniter(croniter, text)
    runs = croniter(text, start, **way)
    found = []
    try:
        while len(found) < RUNS:
            found.append(runs.get_next(datetime))
    except bad_date:
        pass
    return found


def agree(ours, theirs, start):
    """Equal, as far as croniter has the patience to look."""
    if ours[:len(theirs)] != theirs:
        return False
    if len(ours) == len(theirs):
        return True
    last = theirs[-1] if theirs else start
    return ours[len(theirs)] - last > PATIENCE


def case(croniter):
    text = expression()
    while names_late_days(croniter, text):
        text = expression()
    local = EPOCH + timedelta(seconds=random.randrange(0, 68 * 365 * 86400))
    offset = 900 * random.randint(-48, 56)
    return local, offset, text


def ask_ours(program, cases):
    lines = ["%d %d %s\n" % ((local - EPOCH).total_seconds() - offset, offset,
                             text) for local, offset, text in cases]
    answer = subprocess.run([program], input="".join(lines), check=True,
                            stdout=subprocess.PIPE, universal_newlines=True)
    return answer.stdout.split("\n")[:-1]


def as_local(answer, offset):
    if answer.startswith("refused"):
        return None
    return [EPOCH + timedelta(seconds=int(run) + offset)
            for run in answer.split()]


def main():
    try:
        from croniter import croniter, CroniterBadDateError
    except ImportError:
        print("1..0 # SKIP python3-croniter is not installed, "
              "cron expressions were NOT compared")
        return 0

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    random.seed(sys.argv[2] if len(sys.argv) > 2 else "cron")
    cases = [case(croniter) for _ in range(count)]
    answers = ask_ours(PROGRAM, cases)
    wrong = 0 if len(answers) == count else 1
    runs = 0
    for (local, offset, text), answer in zip(cases, answers):
        ours = as_local(answer, offset)
        theirs = expected_runs(croniter, CroniterBadDateError, text, local)
        runs += len(theirs)
        if ours is None or not agree(ours, theirs, local):
            wrong += 1
            print("# \"%s\" after %s: ours %s, croniter's %s" % (
                text, local, answer if ours is None else
                [str(run) for run in ours], [str(run) for run in theirs]))
    print("1..1")
    print("%sok 1 - %d random expressions run %d times when croniter says so" %
          ("not " if wrong else "", count, runs))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
