"""Tables fit the terminal: names lose their middle, numbers and commits stay whole."""
import csv
import io
import json
import re
import unittest

from program import CliTest

TEST = 'org.example.project.module.ComponentFactoryTest.{}_with a very long näme that nobody wants to read'
MACHINES = ('os=linux,architecture=x86_64,flavor=gtk-release-with-asserts', 'os=macos,architecture=arm64,flavor=release-with-asserts')
COMMANDS = (('flaky',), ('regressions',), ('verdict', TEST.format('shaky')), ('summary',), ('plan',), ('compare', 'run:6.0', 'run:19.0'),
            ('failures',))


class Tables(CliTest):
    def setUp(self):
        super().setUp()
        runs = []
        for i in range(20):
            cases = {'steady': True, 'shaky': i % 4 != 2, 'broken': i < 12}
            text = ''.join(f'<testcase name="{TEST.format(name)}">{"" if good else "<failure/>"}</testcase>' for name, good in cases.items())
            self.write(f'{i}.xml', f'<testsuite name="t">{text}</testsuite>')
            for j, machine in enumerate(MACHINES[:1 if i == 4 else 2]):
                facets = dict(facet.split('=') for facet in machine.split(','))
                runs.append({'id': f'{i}.{j}', 'suite': 'layout', 'branch': 'main', 'configuration': facets, 'file': f'{i}.xml',
                             'commit': [f'project@{i + 16:040x}'], 'started': 1767225600 + 60 * i})
        self.write('runs.jsonl', '\n'.join(map(json.dumps, runs)))
        self.cli.run('import', '--manifest', 'runs.jsonl')

    def on_terminal(self, width, *arguments):
        return self.cli.on_terminal(*arguments, stream='stdout', width=width)

    def rows(self, text):
        return [line for line in text.splitlines() if '…' in line]

    def test_they_fit(self):
        for arguments in COMMANDS:
            text = self.cli.run(*arguments).stdout
            self.assertLessEqual(max(map(len, self.rows(text))), 100, text)
            self.assertLessEqual(max(map(len, self.rows(self.on_terminal(95, *arguments)))), 95, arguments)
            self.assertNotIn('…', self.on_terminal(500, *arguments), arguments)

    def test_columns_say_how_wide_where_there_is_no_terminal(self):
        wide = self.cli.run('failures', env={'COLUMNS': '500'}).stdout
        self.assertIn(TEST.format('broken'), wide)
        self.assertNotIn('…', wide)
        for odd in ('', '0', 'wide', '500x', '-1'):
            self.assertEqual(self.cli.run('failures', env={'COLUMNS': odd}).stdout, self.cli.run('failures').stdout, odd)

    def test_cells_name_the_units_and_counts_are_whole(self):
        heading, first = self.cli.run('folders', '--depth', '1').stdout.splitlines()[:2]
        self.assertEqual(heading.split(), ['suite', 'folder', 'total', 'tests', 'average', 'failing'])
        self.assertEqual((first.split()[-1], self.cli.json('folders')[0]['failing']), ('1', 1))

    def test_numbers_and_commits_stay(self):
        rows = list(csv.DictReader(io.StringIO(self.cli.run('flaky', '--format', 'csv').stdout)))
        line, = self.rows(self.cli.run('flaky').stdout)
        self.assertEqual(rows[0]['test'], TEST.format('shaky'))
        self.assertIn(f"  {rows[0]['minority'].split()[0]}  ", line)
        self.assertTrue(line.endswith(rows[0]['last_bad'].split('@')[1]), line)
        wide = self.on_terminal(500, 'flaky')
        for whole in (TEST.format('shaky'), rows[0]['minority'], rows[0]['last_bad']):
            self.assertIn(whole, wide)

    def test_columns_are_lined_up(self):
        for width in (60, 100, 200):
            heading, *lines = self.on_terminal(width, 'configurations').splitlines()
            self.assertEqual(len(lines), 2)
            starts = [match.start() for match in re.finditer(r'(?<!\S)\S', heading)]
            for line in lines:
                for start in starts:
                    self.assertTrue(line[start] != ' ' and (start == 0 or line[start - 1] == ' '), (width, start, line))

    def test_a_name_keeps_both_ends(self):
        for width in (90, 95, 101):
            name = re.search(r'  (org.*?….*?)  ', self.on_terminal(width, 'failures')).group(1)
            front, back = name.split('…')
            self.assertTrue(TEST.format('broken').startswith(front) and TEST.format('broken').endswith(back), name)
            self.assertIn(len(front) - len(back), (0, 1))

    def test_they_are_text_that_moves_no_cursor(self):
        message = 'x' + 'ä' * 60
        self.write('odd.xml', f'<testsuite name="t"><testcase name="odd"><failure message="{message}"/></testcase></testsuite>')
        self.cli.run('import', '--suite', 'odd', '--branch', 'a\u009b31mb\u0085\x7fc', 'odd.xml')
        self.assertIn('  x' + 'ä' * 29 + '  ', self.cli.run('clusters', '--suite', 'odd').stdout)
        self.assertIn('  a 31mb  c  ', self.cli.run('runs', '--suite', 'odd').stdout)
        self.assertEqual(self.cli.json('runs', '--suite', 'odd')[0]['branch'], 'a\u009b31mb\u0085\x7fc')

    def test_what_the_limit_leaves_out_is_said(self):
        cases = ''.join(f'<testcase name="t{i}" time="{i + 1}"><failure message="{letter * 9}"/></testcase>' for i, letter in enumerate('xyz'))
        self.write('many.xml', f'<testsuite name="t">{cases}</testsuite>')
        self.cli.run('import', '--suite', 'many', 'many.xml')
        for command in (('slow',), ('clusters',), ('query', 'failing')):
            for form in ('table', 'json', 'csv'):
                told = [self.cli.run(*command, '--suite', 'many', '--format', form, '--limit', limit).stderr for limit in '10']
                self.assertIn('1 of 3;', told[0], command)
                self.assertNotIn('of 3;', told[1], command)

    def test_lists_of_names_stay_whole(self):
        for arguments in (('tests',), ('query', '')):
            self.assertIn(TEST.format('steady'), self.cli.run(*arguments).stdout)


class Help(CliTest):
    def test_help_of_a_command(self):
        whole = self.cli.run('flaky', '--help').stdout
        self.assertEqual(self.cli.run('help', 'flaky').stdout, whole)
        self.assertIn('--min-runs', whole)
        self.assertIn("'flakey' is no command; did you mean 'flaky'?", self.cli.run('help', 'flakey', code=2).stderr)
        self.assertIn('Commands:', self.cli.run('help').stdout)

    def test_summaries_are_lined_up(self):
        lines = self.cli.run('help').stdout.split('Commands:\n')[1].split('\n\n')[0].splitlines()
        self.assertGreater(sum('…' in line for line in lines), 1)
        starts = {line.rindex('  ') for line in lines}
        self.assertEqual(len(starts), 1, lines)

    def test_the_branch_of_an_import_is_no_filter(self):
        text = ' '.join(self.cli.run('help', 'import').stdout.split())
        self.assertIn("branch of the run (default: RESULTSDB_BRANCH, else the CI system's, the file's, or none)", text)
        self.assertNotIn('default: all)', text)


if __name__ == '__main__':
    unittest.main(verbosity=2)
