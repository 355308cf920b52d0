"""Runs the program under test."""
import fcntl
import json
import os
import pty
import struct
import subprocess
import tempfile
import termios
import unittest

PROGRAM = os.environ['RESULTSDB_PROGRAM']
SOURCE = os.environ['RESULTSDB_SOURCE']
CI_SIGNS = ('GITHUB_', 'GITLAB_', 'CI_', 'RESULTSDB_', 'JENKINS', 'BUILDKITE', 'TRAVIS', 'CIRCLE', 'TF_BUILD', 'DRONE',
            'BITBUCKET', 'CODEBUILD', 'SEMAPHORE', 'bamboo', 'BUILDBOT')


def clean_environment(extra=None):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(CI_SIGNS)}
    kept.update(extra or {})
    return kept


class Cli:
    """The program on one store."""

    def __init__(self, store, directory=None):
        self.store = store
        self.directory = directory

    def run(self, *arguments, code=0, stdin=None, stdout=None, env=None):
        """`stdout` names a file that takes the output."""
        with open(stdout or os.devnull, 'w', encoding='utf-8') as file:
            done = subprocess.run([PROGRAM, '--store', self.store, *arguments], input=stdin,
                                  stdout=file if stdout else subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  cwd=self.directory, env=clean_environment(env), timeout=300, check=False)
        if code is not None and done.returncode != code:
            raise AssertionError(f'{arguments}: exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}')
        return done

    def json(self, *arguments, code=0, **more):
        return json.loads(self.run(*arguments, '--format', 'json', code=code, **more).stdout)

    def on_terminal(self, *arguments, stream, width=80):
        """What a person sees of `stream`, stdout or stderr, on a terminal of this width."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 50, width, 0, 0))
        streams = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, stream: theirs}
        with subprocess.Popen([PROGRAM, '--store', self.store, *arguments], cwd=self.directory, env=clean_environment(),
                              **streams) as process:
            os.close(theirs)
            text = b''
            try:
                while part := os.read(ours, 4096):
                    text += part
            except OSError:  # how Linux says that the other end is closed
                pass
            process.wait(timeout=60)
        os.close(ours)
        return text.decode().replace('\r\n', '\n')


class CliTest(unittest.TestCase):
    """The program in a folder of its own, on a store that is not there yet."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.cli = Cli('sqlite:' + self.path('results.db'), self.folder.name)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)
        return self.path(name)
