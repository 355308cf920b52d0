"""Stores that several programs share: four servers that write at once, and a store that moves from one kind to the next."""
import concurrent.futures
import json
import os
import random
import tempfile
import unittest
import urllib.error
import urllib.request

from program import Cli
from server import Server

SEED = int(os.environ.get('RESULTSDB_SEED', '0')) or random.randrange(1, 2**31)
SERVERS = 4
RUNS = int(os.environ.get('RESULTSDB_SERVER_RUNS', '120'))
TRIES = 20


def make_runs(seed):
    """Repeated, late and partial runs of three timelines."""
    chance = random.Random(seed)
    runs = []
    for number in range(RUNS):
        tests = chance.sample(range(60), chance.choice((60, 60, 60, 5)))
        runs.append({
            'suite': 'unit', 'branch': 'main', 'configuration': {'os': chance.choice(('linux', 'mac', 'windows'))}, 'id': f'run-{number}',
            'started': f'2026-01-{1 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00Z', 'order_key': 'time',
            'results': [{'test': f'test-{test}', 'actual': chance.choice(('PASS',) * 9 + ('FAIL',)), 'duration_us': 1000 * chance.randrange(900)}
                        for test in tests],
        })
    return runs


def post(address, run):
    """The status of the last answer; what may be repeated is repeated, as a client would."""
    request = urllib.request.Request(address + '/v1/runs', json.dumps(run).encode(), {'Content-Type': 'application/json'})
    for _ in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            body = json.loads(error.read())
            if not body.get('retryable'):
                raise AssertionError(f"{run['id']}: {body}") from error
    raise AssertionError(f"{run['id']} was refused {TRIES} times: {body}")


class FourServers(unittest.TestCase):
    def export(self, store):
        text = Cli(store).run('export').stdout
        self.assertEqual(Cli(store).json('check')['problems'], [])
        return text

    def take_runs_at_once(self, store):
        runs = make_runs(SEED)
        with tempfile.TemporaryDirectory() as folder:
            alone = Server(f'sqlite:{folder}/one.db')
            self.addCleanup(alone.stop)
            for run in runs:
                post(alone.address, run)
            self.assertEqual(alone.stop(), 0)
            expected = self.export(f'sqlite:{folder}/one.db')
        servers = [Server(store) for _ in range(SERVERS)]
        try:
            chance = random.Random(SEED + 1)
            sent = [(chance.choice(servers).address, run) for run in runs + runs[::10]]  # some of them twice
            chance.shuffle(sent)
            with concurrent.futures.ThreadPoolExecutor(2 * SERVERS) as pool:
                statuses = list(pool.map(lambda pair: post(*pair), sent))
            self.assertEqual(set(statuses) - {200, 201}, set())
            counts = set()
            for server in servers:  # no server answers from what it knew before the others wrote
                with urllib.request.urlopen(server.address + '/v1/suites', timeout=60) as answer:
                    counts.add(json.load(answer)['items'][0]['runs'])
            self.assertEqual(counts, {len(runs)})
        finally:
            codes = [server.stop() for server in servers]
        self.assertEqual(codes, [0] * SERVERS)
        self.assertEqual(self.export(store), expected, f'RESULTSDB_SEED={SEED}')

    def test_sqlite(self):
        with tempfile.TemporaryDirectory() as folder:
            self.take_runs_at_once(f'sqlite:{folder}/four.db?busy_timeout_ms=30000')


def server_stores():
    """(name, variable with the server's URL, option that sets a store apart) of the servers that are built in."""
    backends = os.environ['RESULTSDB_SERVER_BACKENDS'].split()
    stores = [('postgres', 'RESULTSDB_TEST_POSTGRES', 'schema')] if 'postgres' in backends else []
    if 'redis' in backends:
        stores += [('redis', 'RESULTSDB_TEST_REDIS', 'prefix'), ('redis_cluster', 'RESULTSDB_TEST_REDIS_CLUSTER', 'prefix')]
    return stores


def url_of(variable, option, name):
    if variable not in os.environ:
        raise AssertionError(f'{variable} is not set: run this below tests/support/servers.sh, as script/test does')
    return f'{os.environ[variable]}?{option}={name}_{os.getpid()}'


def add_test(name, variable, option):
    setattr(FourServers, 'test_' + name, lambda self: self.take_runs_at_once(url_of(variable, option, 'servers')))


for store in server_stores():
    add_test(*store)


class Moving(unittest.TestCase):
    """Export and import-export from each kind of store into the next, with a recorded project."""

    def test_exports_stay_equal(self):
        project = os.path.join(os.environ['RESULTSDB_SOURCE'], 'demo', 'cron')
        with tempfile.TemporaryDirectory() as folder:
            first = f'sqlite:{folder}/first.db'
            Cli(first).run('commits', 'import', os.path.join(project, 'commits.jsonl'))
            Cli(first).run('import', '--manifest', os.path.join(project, 'runs.jsonl'))
            expected = Cli(first).run('export', '--with-received').stdout
            self.assertGreater(expected.count('\n'), 80)
            path = os.path.join(folder, 'export.jsonl')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(expected)
            for store in [url_of(variable, option, 'moved') for _, variable, option in server_stores()] + [f'sqlite:{folder}/last.db']:
                Cli(store).run('import-export', path)
                Cli(store).run('import-export', path)  # as after an interruption: what is there stays
                moved = Cli(store).run('export', '--with-received').stdout
                self.assertTrue(moved == expected, f'the export of {store.split(":")[0]} differs')
                self.assertTrue(Cli(store).json('check')['clean'])
                with open(path, 'w', encoding='utf-8') as file:
                    file.write(moved)


if __name__ == '__main__':
    unittest.main(verbosity=2)
