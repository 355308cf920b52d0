"""WebKit's upload protocol from the client's side: recorded uploads that are replayed, and runs that are sent."""
import http.server
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from program import Cli
from server import Server

RECENT = int(time.time()) - 86_400


def document(number, hash_digit='a', **more):
    return {'version': 0, 'suite': 'layout-tests', 'timestamp': RECENT + 100 + number,
            'configuration': {'platform': 'mac', 'version': '10.14.0', 'is_simulator': False, 'architecture': 'x86_64', 'style': 'release'},
            'commits': [{'repository_id': 'webkit', 'hash': hash_digit * 40, 'branch': 'main', 'timestamp': RECENT + number, 'order': 0,
                         'identifier': f'{number + 1}@main', 'author': {'name': 'A', 'emails': ['a@example.org']}, 'message': 'one\n'}],
            'test_results': {'details': {'link': f'https://ci.example.org/{number}'}, 'run_stats': {'tests_skipped': 1},
                             'results': {'fast': {'a.html': {'actual': 'TEXT', 'time': 12}, 'b.html': {}, 'c\u00e9.html': {'log': '\ud800'}}}},
            **more}


class Upload(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.store = 'sqlite:' + self.path('store.db')

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)
        return self.path(name)

    def export(self, store):
        self.assertEqual(Cli(store).json('check')['problems'], [])
        return Cli(store).run('export').stdout

    def serve(self, store, *options):
        server = Server(store, *options)
        self.addCleanup(server.stop)
        return server

    def results(self, server):
        with urllib.request.urlopen(server.address + '/api/results/layout-tests/fast/a.html', timeout=60) as reply:
            return sum(len(group['results']) for group in json.load(reply))

    def test_uploads_are_processed_afterwards(self):
        file = self.write('lines.jsonl', ''.join(json.dumps(document(n, digit)) + '\n' for n, digit in ((0, 'a'), (1, 'b'), (2, 'c'))))
        server = self.serve(self.store, '--async-processing', '--workers', '0')
        Cli(self.store, self.folder).run('upload', server.address, file)
        self.assertEqual(self.results(server), 0)
        server.stop()
        server = self.serve(self.store, '--async-processing', '--workers', '2')  # finds what the other one left
        until = time.monotonic() + 60
        while self.results(server) < 3:
            self.assertLess(time.monotonic(), until, 'the workers did not process three uploads within a minute')
        server.stop()
        self.export(self.store)

    def test_replay_equals_the_endpoint(self):
        first = self.write('first.json', json.dumps(document(0), indent=1))
        lines = self.write('lines.jsonl', ''.join(json.dumps(document(n, digit)) + '\n\n' for n, digit in ((1, 'b'), (2, 'c'), (1, 'b'))))
        done = Cli(self.store, self.folder).run('import', '--format', 'webkit', first, lines)
        self.assertIn('4 uploads stored, 0 refused', done.stdout)
        other = 'sqlite:' + self.path('other.db')
        server = self.serve(other)
        Cli(self.store, self.folder).run('upload', server.address, first, lines)
        server.stop()
        exported = self.export(self.store)
        self.assertEqual(len(Cli(self.store).json('runs')), 3)
        array = self.write('array.json', f' [\n{json.dumps(document(0), indent=1)},{json.dumps(document(1, "b"))}]\n[{json.dumps(document(2, "c"))}]')
        third = 'sqlite:' + self.path('third.db')
        self.assertIn('3 uploads stored, 0 refused', Cli(third, self.folder).run('import', '--format', 'webkit', array).stdout)
        self.assertEqual(exported, self.export(third))
        self.assertIn('fast/a.html', exported)
        self.assertEqual(exported, self.export(other))

    def test_replay_follows_a_profile(self):
        def results(tests):
            return {'results': {name: {'actual': 'FAIL'} for name in tests}}
        lines = self.write('lines.jsonl', ''.join(json.dumps(document(0, test_results=results(tests))) + '\n' for tests in (('a', 'b'), ('b', 'c'))))
        for profile, tests in ((None, 3), ('webkit', 3), ('webkit-corrected', 2)):  # a run that is repeated keeps tests, or does not
            store = 'sqlite:' + self.path(f'{profile}.db')
            options = ['--webkit-profile', profile] if profile else []
            Cli(store, self.folder).run('import', '--format', 'webkit', *options, lines)
            self.assertEqual(sum(name in self.export(store) for name in ('"test":"a"', '"test":"b"', '"test":"c"')), tests, profile)
        refused = Cli(self.store, self.folder).run('import', '--format', 'webkit', '--webkit-profile', 'blink', lines, code=2)
        self.assertIn('webkit-corrected', refused.stderr)
        Cli(self.store, self.folder).run('import', '--webkit-profile', 'webkit', lines, code=2)

    def test_replay_refuses_what_is_wrong_and_stores_the_rest(self):
        lines = self.write('lines.jsonl', json.dumps(document(0)) + '\n{"suite":\n' + json.dumps(document(1, 'b', configuration={})) + '\n')
        done = Cli(self.store, self.folder).run('import', '--format', 'webkit', lines, self.write('x.xml', '<testsuite/>'), code=1)
        self.assertIn('1 uploads stored, 3 refused', done.stdout)
        self.assertIn('lines.jsonl:2', done.stderr)
        self.assertIn('partial configuration', done.stderr)
        self.assertEqual(len(Cli(self.store).json('runs')), 1)

    def test_replay_of_nothing(self):
        empty = self.write('array.json', ' []\n')
        self.assertIn('0 uploads stored, 0 refused', Cli(self.store, self.folder).run('import', '--format', 'webkit', empty).stdout)

    def test_replay_of_an_array_that_is_cut(self):
        array = self.write('array.json', json.dumps([document(0), document(1, 'b', suite='a \\"[,]{'), document(2, 'c')])[:-100])
        done = Cli(self.store, self.folder).run('import', '--format', 'webkit', array, code=1)
        self.assertIn('2 uploads stored, 1 refused', done.stdout)
        self.assertIn('array.json: upload 3', done.stderr)

    def test_what_a_server_answers_moves_over(self):
        server = self.serve(self.store)
        Cli(self.store, self.folder).run('upload', server.address, self.write('u.json', json.dumps(document(0))))
        with urllib.request.urlopen(server.address + '/api/upload?limit=1000', timeout=60) as reply:
            answer = self.write('answer.json', reply.read().decode())
        server.stop()
        other = 'sqlite:' + self.path('other.db')
        self.assertIn('1 uploads stored, 0 refused', Cli(other, self.folder).run('import', '--format', 'webkit', answer).stdout)
        def run_of(store):  # the answer is not the bytes that were uploaded, and has no version
            run, = (json.loads(line)['run'] for line in self.export(store).splitlines() if line.startswith('{"run"'))
            del run['digest']
            run['attributes'] = [pair for pair in run['attributes'] if pair[0] != 'version']
            return run
        self.assertIn('fast/a.html', str(run_of(other)))
        self.assertEqual(run_of(other), run_of(self.store))

    def test_a_run_is_sent(self):
        store = 'sqlite:' + self.path('server.db')
        server = self.serve(store)
        junit = self.write('r.xml', '<testsuite name="s"><testcase classname="a" name="passes" time="0.5"/><testcase classname="a" name="fails">'
                           '<failure message="why"/></testcase><testcase classname="a" name="skipped"><skipped/></testcase></testsuite>')
        command = ('upload', server.address + '/', junit, '--suite', 'unit', '--started', str(RECENT + 50), '--configuration',
                   'platform=linux,version=12,architecture=x86_64', '--commit', 'webkit@' + 'd' * 40)
        refused = Cli(self.store, self.folder).run(*command, code=1)  # nobody knows the commit
        self.assertIn('refused with 4', refused.stderr)
        Cli(store).run('commits', 'import', self.write('c.jsonl', json.dumps({'repository': 'webkit', 'hash': 'd' * 40, 'branch': 'main',
                                                                             'timestamp': RECENT, 'order': 0})))
        self.assertIn('sent: ', Cli(self.store, self.folder).run(*command).stdout)
        server.stop()
        runs = Cli(store).json('runs')
        self.assertEqual(len(runs), 1)
        self.assertIn('platform', json.dumps(runs))
        failing = Cli(store).run('failures', '--suite', 'unit').stdout
        self.assertIn('fails', failing)
        self.assertNotIn('passes', failing)
        self.assertEqual(len(Cli(store).json('tests', '--suite', 'unit')), 2, 'skipped tests are left out')

    def make_clone(self):
        """Two commits on main and one on a branch of the second."""
        clone = self.path('webkit')
        environment = {**os.environ, 'GIT_CONFIG_GLOBAL': os.devnull, 'GIT_COMMITTER_DATE': f'@{RECENT} +0000'}

        def git(*arguments):
            subprocess.run(['git', '-C', clone, '-c', 'user.name=A', '-c', 'user.email=a@example.org', *arguments], check=True, env=environment,
                           stdout=subprocess.DEVNULL)
        os.mkdir(clone)
        git('init', '--quiet', '--initial-branch=main')
        for message in ('one', 'two'):
            git('commit', '--quiet', '--allow-empty', '-m', message)
        git('checkout', '--quiet', '-b', 'safari-1-branch')
        git('commit', '--quiet', '--allow-empty', '-m', 'three')
        return clone

    def test_commits_of_a_clone(self):
        clone = self.make_clone()
        junit = self.write('r.xml', '<testsuite><testcase name="a"/></testsuite>')
        options = ('--suite', 'unit', '--configuration', 'platform=linux,version=12,architecture=x86_64', '--started', str(RECENT + 9))

        def identifiers(server):
            with urllib.request.urlopen(server.address + '/api/commits?branch=safari-1-branch', timeout=60) as answer:
                return [commit.get('identifier') for commit in json.load(answer)]
        plain = self.serve('memory:')
        Cli(self.store, clone).run('upload', plain.address, junit, *options, '--commit', 'webkit@HEAD', '--branch', 'x')
        self.assertEqual(identifiers(plain), ['2.1@safari-1-branch'], 'the client sent all it knows')

        knowing = Server('memory:', '--git-clone', 'other=' + clone)
        self.addCleanup(knowing.stop)
        Cli(self.store, self.folder).run('upload', knowing.address, junit, *options, '--commit', 'other@2.1@safari-1-branch')
        self.assertEqual(identifiers(knowing), ['2.1@safari-1-branch'], 'the server looked it up')

    def test_keys_and_exit_codes(self):
        upload = self.write('u.json', json.dumps(document(0)))
        server = Server('sqlite:' + self.path('guarded.db'), '--api-key-file', self.write('keys', 'bot a-long-and-secret-key\n'))
        self.addCleanup(server.stop)
        cli = Cli(self.store, self.folder)
        refused = cli.run('upload', server.address, upload, code=1)
        self.assertIn('refused with 40', refused.stderr)
        sent = cli.run('upload', server.address, upload, env={'RESULTS_SERVER_API_KEY': 'a-long-and-secret-key'})
        self.assertNotIn('secret', sent.stdout + sent.stderr)
        cli.run('upload', server.address, code=2)
        cli.run('upload', 'file:///etc/passwd', upload, code=2)
        cli.run('upload', server.address, self.write('x.xml', '<testsuite><testcase name="a"/></testsuite>'), '--configuration', 'os=linux',
                '--commit', 'webkit@' + 'd' * 40, code=2)
        cli.run('upload', server.address, self.path('missing.xml'), code=1)

    def test_a_server_that_is_not_ready(self):
        bodies, statuses = [], [503, 500, 200]

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(self.rfile.read(int(self.headers['Content-Length'])))
                body = b'{"status":"error","description":"busy"}'
                self.send_response(statuses.pop(0))
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        address = f'http://127.0.0.1:{server.server_port}'
        recorded = json.dumps(document(0))
        upload = self.write('u.json', recorded)
        cli = Cli(self.store, self.folder)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            done = cli.run('upload', address, upload, '--retry-after-ms', '1')
            self.assertEqual(done.stderr.count('busy'), 2)
            self.assertEqual(bodies, [recorded.encode()] * 3, 'a recorded upload is sent as it is')
            statuses[:] = [500] * 9
            done = cli.run('upload', address, upload, '--retry-after-ms', '1', '--tries', '3', code=3)
            self.assertEqual(len(statuses), 6, 'no more than three tries')
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        done = cli.run('upload', address, upload, '--retry-after-ms', '1', '--tries', '2', code=3)  # now nobody listens
        self.assertEqual(done.stderr.count('trying again'), 1)


if __name__ == '__main__':
    unittest.main(verbosity=2)
