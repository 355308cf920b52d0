"""query, gate and plan: real processes on a small store."""
import json
import os
import sqlite3
import tempfile
import unittest

from program import Cli


class Gate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.cli = Cli('sqlite:' + os.path.join(self.folder.name, 'store.db'))
        for i in range(12):
            self.add(i, 'linux', {'quick': 'f' if i % 4 == 2 else 'p', 'solid': 'p', 'slow`name': 'p'})
        self.add(11, 'mac', {'quick': 'p', 'solid': 'p', 'slow`name': 'p'})

    def tearDown(self):
        self.folder.cleanup()

    def add(self, number, system, results, branch='main'):
        cases = ''.join(f'<testcase name="{name}" time="0.5">{"<failure/>" if result == "f" else ""}</testcase>'
                        for name, result in results.items())
        result = os.path.join(self.folder.name, 'result.xml')
        with open(result, 'w', encoding='utf-8') as file:
            file.write(f'<testsuite name="s" timestamp="2026-01-01T00:{number:02}:00Z">{cases}</testsuite>')
        self.cli.run('import', '--suite', 's', '--branch', branch, '--configuration', f'os={system}', result)

    def names(self, *arguments):
        return [row['test'] for row in self.cli.json(*arguments)]

    def test_query(self):
        quick, slow, solid = self.names('tests', '--suite', 's')
        self.assertEqual(self.names('query', 'count(fail) >= 3'), [quick])
        self.assertEqual(self.names('query', 'all(os:linux, seq(pass)) -name~slow'), [quick, solid])
        self.assertEqual(self.names('query', '', '--limit', '2'), [quick, slow])
        self.assertEqual(self.names('query', '', '--limit', '2', '--after', slow), [solid])
        self.assertIn('1 test\n', self.cli.run('query', 'count(fail) >= 3', '--strict', code=1).stdout)
        for begins_with_a_dash in (('-name:slow*',), ('--limit', '0', '-name:slow*', '--suite', 's'), ('not name:slow*',)):
            self.assertEqual(self.names('query', *begins_with_a_dash), [quick, solid])
        self.assertIn('2 tests', self.cli.run('query', '--suite', 's', '--', '-name:slow*').stdout)
        self.assertIn('column 2', self.cli.run('query', '-fial', code=2).stderr)
        self.assertIn('--limti', self.cli.run('query', '-failing', '--limti', '2', code=2).stderr)
        self.assertIn('Usage', self.cli.run('query', '-h').stdout)
        self.assertIn('column 1', self.cli.run('query', 'fial', code=2).stderr)

    def test_gate(self):
        page = os.path.join(self.folder.name, 'page.md')
        gate = ('gate', 'branch:main', 'branch:change', '--suite', 's', '--markdown', page)
        self.assertIn('was not run', self.cli.run(*gate, code=1).stdout)
        self.add(20, 'linux', {'quick': 'p', 'solid': 'p', 'slow`name': 'p'}, 'change')
        self.assertIn('the gate is open', self.cli.run(*gate, code=0).stdout)
        with open(page, encoding='utf-8') as file:
            self.assertIn('The gate is open', file.read())
        self.add(21, 'linux', {'quick': 'f', 'solid': 'p', 'slow`name': 'p'}, 'change')
        self.assertIn('1 of flaky tests not counted', self.cli.run(*gate, code=0).stdout)
        self.cli.run(*gate, '--count-flaky', code=1)
        self.cli.run(*gate, '--count-flaky', '--new-failures', '1', code=0)
        self.add(22, 'linux', {'quick': 'p', 'solid': 'p', 'slow`name': 'f'}, 'change')
        answer = json.loads(self.cli.run(*gate, '--format', 'json', code=1).stdout)
        self.assertFalse(answer['open'])
        self.assertEqual([(rule['rule'], rule['state']) for rule in answer['rules']],
                         [('runs', 'met'), ('new_failures', 'broken'), ('complete', 'met'), ('lost', 'met')])
        self.assertEqual([(item['test'][-9:], item['base'], item['candidate']) for item in answer['new_failures']],
                         [('slow`name', 'PASS', 'FAIL')])
        with open(page, encoding='utf-8') as file:
            self.assertRegex(file.read(), r'\n- ``\S*slow`name`` on `linux`: `PASS` → `FAIL`\n')
        self.cli.run(*gate, '--new-failures', '1', '--require', 'os=linux', '--forbid', 'crash', '--missing', '0', code=0)
        self.assertIn('os:mac', self.cli.run(*gate, '--new-failures', '1', '--require', 'os=mac', code=1).stdout)
        self.cli.run(*gate, '--new-failures', '1', '--forbid', 'failing', code=1)

    def test_plan(self):
        self.add(12, 'linux', {'quick': 'p', 'solid': 'f', 'slow`name': 'p'})
        quick, _, solid = self.names('tests', '--suite', 's')
        items = self.cli.json('plan', '--suite', 's')
        self.assertEqual({(item['test'], item['reason'], item['estimate_us']) for item in items},
                         {(quick, 'flaky', 500000), (solid, 'confirm', 500000)})
        self.assertEqual(self.cli.run('plan', '--suite', 's', '--reason', 'confirm', '--as', 'names').stdout, solid + '\n')
        self.assertEqual(self.cli.run('plan', '--suite', 's', '--test', solid, '--as', 'ctest').stdout,
                         '^(' + solid.replace('.', '\\.') + ')$\n')
        self.assertEqual(len(json.loads(self.cli.run('plan', '--suite', 's', '--as', 'json').stdout)), 2)
        self.assertIn('nothing to run', self.cli.run('plan', '--suite', 's', '--budget', '0').stdout)

    def test_only_broken_rules_close_the_gate(self):
        for arguments, word in ((('run:nope', 'last:1'), 'nope'), (('last:1', 'commit:app@' + 'a' * 40), 'does not know this commit'),
                                (('last:1', 'last:1', '--suite', 'nope'), "no suite 'nope'"),
                                (('last:1', 'last:1', '--markdown', os.path.join(self.folder.name, 'no/page.md')), 'cannot write here')):
            self.assertIn(word, self.cli.run('gate', *arguments, code=2).stderr, arguments)
        self.cli.run('gate', 'last:1', 'last:1', '--markdown', '/dev/full', code=3)
        with sqlite3.connect(os.path.join(self.folder.name, 'store.db')) as database:
            database.execute("UPDATE test_set SET blob = x'00'")
        self.assertIn('checksum', self.cli.run('gate', 'branch:main', 'last:1', code=3).stderr)

    def test_wrong_use(self):
        for arguments, word in ((('query',), 'one query'), (('gate', 'branch:main'), 'base and candidate'),
                                (('gate', 'x', 'last:1', '--suite', 's'), "'x' is none of"),
                                (('gate', 'last:1', 'last:1', '--forbid', 'odd'), '--forbid: '),
                                (('gate', 'last:1', 'last:1', '--require', ''), '--require'),
                                (('plan', '--reason', 'boredom'), 'culprit_gap'), (('plan', '--as', 'make'), 'gtest')):
            self.assertIn(word, self.cli.run(*arguments, code=2).stderr)


if __name__ == '__main__':
    unittest.main(verbosity=2)
