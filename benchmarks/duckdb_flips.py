#!/usr/bin/env python3
"""The ranking of flaky tests in a column store, for resultsdb-bench. Needs `duckdb` (python3 -m pip install duckdb).

Usage: duckdb_flips.py DATABASE ANSWERS <ROWS
ROWS are lines `test,configuration,place,outcome,duration`, all numbers. They are loaded once, sorted the way that suits
the question best; then it is asked with one thread and with as many as DuckDB takes by itself. ANSWERS gets lines of words:
  version V | rows N | bytes N | threads N | load ELAPSED | QUERY THREADS COLD ELAPSED PROCESSOR (seconds) | flips TEST COUNT
"""
import os
import statistics
import sys
import time

try:
    import duckdb
except ImportError:
    sys.exit(3)

CHANGES = """SELECT test, count(*) AS flips FROM (
  SELECT test, outcome, lag(outcome) OVER (PARTITION BY test, configuration ORDER BY place) AS before FROM result)
  WHERE before <> outcome GROUP BY test"""
# Faster, but true only while the rows lie as they were loaded: nothing in the statement says in which order to read them.
AS_LOADED = """SELECT test, count(*) AS flips FROM (
  SELECT test, configuration, outcome, lag(test) OVER () AS test_before, lag(configuration) OVER () AS configuration_before,
         lag(outcome) OVER () AS before FROM result)
  WHERE before <> outcome AND test_before = test AND configuration_before = configuration GROUP BY test"""
FLAKIEST = " ORDER BY flips DESC, test LIMIT 20"


def timed(work):
    elapsed, processor = time.perf_counter(), time.process_time()  # process_time counts all threads
    work()
    return time.perf_counter() - elapsed, time.process_time() - processor


def load(database):
    database.execute("""CREATE TABLE result AS SELECT * FROM read_csv('/dev/stdin', header=false, delim=',', quote='',
      escape='', auto_detect=false, columns={'test': 'UINTEGER', 'configuration': 'UTINYINT', 'place': 'USMALLINT',
      'outcome': 'UTINYINT', 'duration': 'INTEGER'}) ORDER BY test, configuration, place""")
    database.execute("CHECKPOINT")


def ask(database, query):
    """Seconds of the first time; of the median of what follows, as many times as fit into half a minute."""
    run = lambda: database.execute(query).fetchall()
    cold, _ = timed(run)
    times = [timed(run) for _ in range(max(1, min(7, int(30 / cold))))]
    return cold, statistics.median(t[0] for t in times), statistics.median(t[1] for t in times)


def main(path, answers):
    with duckdb.connect(path, config={"temp_directory": path + ".tmp", "memory_limit": "8GB"}) as database, open(answers, "w") as out:
        print("version", duckdb.__version__, file=out)
        print("load", timed(lambda: load(database))[0], file=out)
        print("rows", *database.execute("SELECT count(*) FROM result").fetchone(), file=out)
        print("bytes", os.path.getsize(path), file=out)
        default = database.execute("SELECT current_setting('threads')").fetchone()[0]
        print("threads", default, file=out)
        for threads in sorted({1, default}):
            database.execute(f"SET threads = {threads}")
            for name, query in (("flakiest", CHANGES), ("as_loaded", AS_LOADED)):
                print(name, threads, *ask(database, query + FLAKIEST), file=out)
        for test, count in database.execute(CHANGES + " ORDER BY test").fetchall():
            print("flips", test, count, file=out)


main(*sys.argv[1:])
