"""Runs the server under test."""
import os
import subprocess

from program import clean_environment

SERVER = os.environ['RESULTSDB_SERVER']


class Server:
    """A server on a free port until the end of the test."""

    def __init__(self, store, *options):
        self.process = subprocess.Popen([SERVER, '--store', store, '--listen', '127.0.0.1:0', *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env=clean_environment())
        for line in self.process.stdout:
            if line.startswith('listening on '):
                self.address = line.split()[-1]
                return
        raise AssertionError(f'the server ended with {self.process.wait()} before it listened')

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.stdout.close()
        return self.process.wait(timeout=60)
