"""A server whose store is away: it says so and ends, or waits for it."""
import contextlib
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.request

from program import clean_environment
from server import SERVER

PATIENCE = 60  # seconds; only a broken program meets them


class Waiting(unittest.TestCase):
    def start(self, store, *options):
        process = subprocess.Popen([SERVER, '--store', store, '--listen', '127.0.0.1:0', *options], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=clean_environment())
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close(), process.stderr.close()))
        return process

    def refuse(self, store, code, *options):
        """The one line with which the server refuses to start."""
        process = self.start(store, *options)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out), (code, ''), err)
        lines = err.splitlines()
        self.assertTrue(lines[-1].startswith('resultsdb-server: cannot open the store: '), err)
        self.assertNotIn('hunter2', err)
        if not options:
            self.assertEqual(len(lines), 1, err)
        return lines

    def wait_line(self, stream):
        """The next line, within bounds."""
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
        return lines.get(timeout=PATIENCE)

    def wait_for(self, store, start_store):
        """The server waits, and serves when the store has come."""
        process = self.start(store, '--wait-for-store', str(PATIENCE))
        line = self.wait_line(process.stderr)
        self.assertTrue(line.startswith(f'resultsdb-server: waiting for the store (0 of {PATIENCE} s): '), line)
        self.assertNotIn('hunter2', line)
        self.assertIsNone(process.poll())
        start_store()
        line = self.wait_line(process.stdout)
        self.assertTrue(line.startswith('listening on '), line or process.communicate()[1])
        with urllib.request.urlopen(line.split()[-1] + '/v1/suites', timeout=PATIENCE) as answer:
            self.assertEqual(answer.status, 200)
        process.terminate()
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out), (0, ''), err)
        self.assertNotIn('hunter2', err)
        for line in err.splitlines():
            self.assertTrue(line.startswith('resultsdb-server: waiting for the store ('), err)

    def test_what_waiting_cannot_mend(self):
        with tempfile.TemporaryDirectory() as folder:
            self.refuse(f'sqlite:{folder}/missing/x.db', 3)
        for store in ('nosuch:x', 'postgresql://somebody:hunter2@127.0.0.1:1/x?no_option=1'):
            self.assertEqual(len(self.refuse(store, 2, '--wait-for-store', str(PATIENCE))), 1)


def leave(account):
    """Becomes that user, as some servers refuse to be root."""
    if account:
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)


class ServerOfOneTest:
    """A database server in a folder of its own, on a socket there; started when asked, ended with the test."""

    def __init__(self, test):
        self.test = test
        self.folder = tempfile.mkdtemp(prefix='resultsdb-wait.')
        test.addCleanup(lambda: shutil.rmtree(self.folder, ignore_errors=True))
        self.account = None
        if os.geteuid() == 0:
            import pwd  # not where there are no accounts
            with contextlib.suppress(KeyError):
                self.account = pwd.getpwnam('postgres')
            self.account = self.account or pwd.getpwnam('nobody')
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)

    def run(self, *command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, preexec_fn=lambda: leave(self.account))

    def start(self, stop_signal, *command):
        with open(os.path.join(self.folder, 'log'), 'wb') as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                       preexec_fn=lambda: leave(self.account))
        self.test.addCleanup(lambda: (process.send_signal(stop_signal), process.wait(timeout=PATIENCE)))


class Postgres(Waiting):
    @staticmethod
    def program(name):
        """Of the newest installed server."""
        root = '/usr/lib/postgresql'
        versions = sorted(os.listdir(root), key=lambda version: [int(part) for part in version.split('.')]) if os.path.isdir(root) else []
        found = os.path.join(root, versions[-1], 'bin', name) if versions else shutil.which(name)
        if not found or not os.path.exists(found):
            raise AssertionError(f'{name} of PostgreSQL is not installed: run script/bootstrap')
        return found

    def test_away(self):
        with tempfile.TemporaryDirectory() as folder:  # no socket there, whatever runs on this machine
            line, = self.refuse(f'postgresql:///x?host={folder}', 3)
            self.assertIn('the PostgreSQL server cannot be reached', line)
        line, = self.refuse('postgresql://somebody:hunter2@127.0.0.1:1/x', 3)
        self.assertIn('127.0.0.1', line)
        waited = self.refuse('postgresql://somebody:hunter2@127.0.0.1:1/x', 3, '--wait-for-store', '1')
        self.assertEqual(len(waited), 2, waited)
        self.assertIn('waiting for the store (0 of 1 s)', waited[0])

    def test_ends_on_a_signal_while_it_waits(self):
        process = self.start('postgresql://somebody@127.0.0.1:1/x', '--wait-for-store', '3600')
        self.assertIn('(0 of 3600 s)', self.wait_line(process.stderr))
        process.terminate()
        self.assertEqual(process.wait(timeout=PATIENCE), 0)

    def test_comes_later(self):
        server = ServerOfOneTest(self)
        data = os.path.join(server.folder, 'data')
        password = os.path.join(server.folder, 'password')
        with open(password, 'w', encoding='utf-8') as file:
            file.write('hunter2\n')
        server.run(self.program('initdb'), '-D', data, '-U', 'somebody', '-E', 'UTF8', '--locale=C', '--no-sync', '--auth=scram-sha-256',
                   f'--pwfile={password}')
        address = f'{server.folder.replace("/", "%2F")}/postgres'
        self.wait_for(f'postgresql://somebody:hunter2@{address}', lambda: server.start(
            signal.SIGINT, self.program('postgres'), '-D', data, '-c', 'listen_addresses=', '-c', 'fsync=off',
            '-c', f'unix_socket_directories={server.folder}'))
        line, = self.refuse(f'postgresql://somebody:hunter22@{address}', 3, '--wait-for-store', str(PATIENCE))
        self.assertIn('password', line)


class Redis(Waiting):
    def test_away(self):
        line, = self.refuse('redis://somebody:hunter2@127.0.0.1:1', 3)
        self.assertIn('127.0.0.1:1: cannot connect to Redis', line)

    def test_comes_later(self):
        server = ServerOfOneTest(self)
        self.wait_for(f'redis://:hunter2@{server.folder}/socket', lambda: server.start(
            signal.SIGTERM, 'redis-server', '--port', '0', '--unixsocket', 'socket', '--save', '', '--requirepass', 'hunter2'))
        line, = self.refuse(f'redis://:hunter22@{server.folder}/socket', 3, '--wait-for-store', str(PATIENCE))
        self.assertIn('password', line)


def load_tests(loader, _, __):
    """Each test once, of the backends that are built in."""
    backends = os.environ['RESULTSDB_SERVER_BACKENDS'].split()
    suite = unittest.TestSuite([Waiting('test_what_waiting_cannot_mend')])
    for backend, case in (('postgres', Postgres), ('redis', Redis)):
        if backend in backends:
            suite.addTests(case(name) for name in loader.getTestCaseNames(case) if name in vars(case))
    return suite


if __name__ == '__main__':
    unittest.main(verbosity=2)
