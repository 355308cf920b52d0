"""Three recorded histories, imported through their manifests, against what a brute-force reader found in the files.

Compared for every run and configuration, in the classes pass, bad, skip, xfail: the counts, the outcome changes between
complete first attempts, and the disagreements between attempts at one commit. Results named after a container
(a package, a module that could not be collected) are left out: the truth knows single tests only.
"""
import collections
import concurrent.futures
import gzip
import json
import os
import tempfile
import unittest
import xml.etree.ElementTree

from program import SOURCE, Cli

BAD = {'FAIL', 'ERROR', 'CRASH', 'TIMEOUT'}
TRUTH_CLASS = {'pass': 'pass', 'fail': 'bad', 'error': 'bad', 'unfinished': 'bad', 'skip': 'skip', 'xfail': 'xfail'}


def outcome_class(expected, actual):
    if actual in BAD:
        return 'xfail' if expected == actual == 'FAIL' else 'bad'
    return {'PASS': 'pass', 'SKIP': 'skip'}[actual]


def pytest_names(folder, manifest):
    """truth id -> node id, through the files' own attributes."""
    names = {}
    for run in manifest:
        if not run['file']:
            continue
        with gzip.open(os.path.join(folder, run['file'])) as file:
            for case in xml.etree.ElementTree.parse(file).iter('testcase'):
                classname, name, path = case.get('classname'), case.get('name'), case.get('file')
                module = path[:-len('.py')].replace('/', '.')
                classes = [part for part in classname[len(module):].split('.') if part]
                names[f'{classname}::{name}'] = '::'.join([path, *classes, name])
    return names


def go_packages(folder, manifest):
    packages = set()
    for run in manifest:
        with gzip.open(os.path.join(folder, run['file']), 'rt', encoding='utf-8') as file:
            packages.update(json.loads(line)['Package'] for line in file if '"Package"' in line)
    return packages


class Project:
    def __init__(self, cli, suite):
        self.suite = suite
        folder = os.path.join(SOURCE, 'demo', suite)
        with open(os.path.join(folder, 'runs.jsonl'), encoding='utf-8') as file:
            self.manifest = [json.loads(line) for line in file]
        with open(os.path.join(SOURCE, 'tests/cli/truth', suite + '.json'), encoding='utf-8') as file:
            self.truth = json.load(file)['configurations']
        self.runs = {run['id']: run for run in cli.json('runs', '--suite', suite, '--limit', '0')}
        tests = [row['test'] for row in cli.json('tests', '--suite', suite)]
        self.results = collections.defaultdict(dict)  # run id -> test -> class
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            histories = pool.map(lambda test: cli.json('history', test, '--suite', suite, '--limit', '0'), tests)
            for answer in histories:
                for timeline in answer['timelines']:
                    for run in timeline['runs']:
                        self.results[run['id']][answer['test']] = outcome_class(run['expected'], run['actual'])
        if suite == 'click':
            names = pytest_names(folder, self.manifest)
            self.name = names.__getitem__
            known = set(names.values())
            self.is_container = lambda test: test not in known
        else:
            self.name = lambda truth: truth.replace('::', '.', 1)
            self.is_container = go_packages(folder, self.manifest).__contains__

    def classes(self, run):
        """test -> class, containers left out."""
        return {test: found for test, found in self.results[run].items() if not self.is_container(test)}


class Corpus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.cli = Cli('sqlite:' + os.path.join(cls.folder.name, 'corpus.db'))
        cls.projects = {}
        for suite in ('click', 'cron', 'echo'):
            cls.cli.run('commits', 'import', os.path.join(SOURCE, 'demo', suite, 'commits.jsonl'))
            cls.cli.run('import', '--manifest', os.path.join(SOURCE, 'demo', suite, 'runs.jsonl'))
        for suite in ('click', 'cron', 'echo'):
            cls.projects[suite] = Project(cls.cli, suite)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def every_configuration(self):
        for project in self.projects.values():
            for configuration, truth in project.truth.items():
                yield project, configuration, truth

    def test_every_run_is_there(self):
        for project in self.projects.values():
            self.assertEqual(sorted(project.runs), sorted(run['id'] for run in project.manifest))
            for run in project.manifest:
                stored = project.runs[run['id']]
                self.assertEqual(stored['attempt'], run['attempt'])
                self.assertEqual(stored['commits'], [run['commit']])
                if run['state'] == 'failed':
                    self.assertEqual((stored['state'], stored['counts']), ('failed', {}))

    def test_counts(self):
        compared = 0
        for project, configuration, truth in self.every_configuration():
            for run in truth['runs']:
                expected = collections.Counter()
                for word, number in (run['counts'] or {}).items():
                    expected[TRUTH_CLASS[word]] += number
                found = collections.Counter(project.classes(run['run']).values())
                self.assertEqual(found, expected, (project.suite, configuration, run['run']))
                compared += 1
        self.assertEqual(compared, 284 + 84 + 32)

    def test_counts_on_the_run_agree_with_histories(self):
        for project in self.projects.values():
            for run in project.runs.values():
                self.assertEqual(sum(run['counts'].values()), len(project.results[run['id']]), run['id'])

    def test_outcome_changes(self):
        compared = 0
        for project, configuration, truth in self.every_configuration():
            first = {run['commit']: run['run'] for run in truth['runs'] if run['attempt'] == 1}
            for change in truth['changes']:
                before, after = (project.classes(first[change[end]]) for end in ('from', 'to'))
                expected = {project.name(test): (TRUTH_CLASS[a], TRUTH_CLASS[b]) for test, a, b in change['outcome']
                            if TRUTH_CLASS[a] != TRUTH_CLASS[b]}
                found = {test: (before[test], after[test]) for test in before.keys() & after.keys() if before[test] != after[test]}
                self.assertEqual(found, expected, (project.suite, configuration, change['from'], change['to']))
                compared += len(expected)
        self.assertGreater(compared, 60)

    def test_same_commit_disagreements(self):
        disagreements = 0
        for project, configuration, truth in self.every_configuration():
            attempts = collections.defaultdict(list)
            for run in truth['runs']:
                attempts[run['commit']].append(run['run'])
            for flaky in truth['flaky']:
                expected = {project.name(item['test']) for item in flaky['tests']
                            if len({TRUTH_CLASS[outcome] for outcome in item['in_attempts'].values()}) > 1}
                seen = collections.defaultdict(set)
                for run in attempts[flaky['commit']]:
                    for test, found in project.classes(run).items():
                        seen[test].add(found)
                found = {test for test, classes in seen.items() if len(classes) > 1}
                self.assertEqual(found, expected, (project.suite, configuration, flaky['commit']))
                disagreements += len(found)
        self.assertGreater(disagreements, 15)

    def test_importing_again_changes_nothing(self):
        before = self.cli.run('export').stdout
        for suite in ('click', 'cron', 'echo'):
            self.cli.run('commits', 'import', os.path.join(SOURCE, 'demo', suite, 'commits.jsonl'))
            done = self.cli.run('import', '--manifest', os.path.join(SOURCE, 'demo', suite, 'runs.jsonl'))
            self.assertIn('0 runs stored, 0 replaced', done.stdout)
        self.assertEqual(self.cli.run('export').stdout, before)
        self.assertTrue(self.cli.json('check')['clean'])

    def test_partial_runs(self):
        """Two hand-made streams that ran three tests of cron's: nothing is said about the others."""
        with tempfile.TemporaryDirectory() as folder:
            cli = Cli('sqlite:' + os.path.join(folder, 'partial.db'))
            cli.run('commits', 'import', os.path.join(SOURCE, 'demo/cron/commits.jsonl'))
            cli.run('import', '--manifest', os.path.join(SOURCE, 'demo/cron/runs.jsonl'))
            package = 'github.com/robfig/cron/v3'
            before = {test: cli.json('history', f'{package}.{test}', '--suite', 'cron', '--limit', '0')
                      for test in ('TestRange', 'TestField', 'TestAll')}
            cli.run('import', '--manifest', os.path.join(SOURCE, 'tests/cli/partial/runs.jsonl'))
            runs = {run['id']: run for run in cli.json('runs', '--suite', 'cron', '--limit', '0')}
            self.assertEqual(runs['partial-1']['counts'], {'PASS': 2})
            self.assertEqual(runs['partial-2']['counts'], {'FAIL': 1, 'PASS': 1})
            self.assertEqual((runs['partial-1']['state'], runs['partial-2']['state']), ('final', 'final'))

            def added(test):
                after = cli.json('history', f'{package}.{test}', '--suite', 'cron', '--limit', '0')
                old = {run['id'] for timeline in before[test]['timelines'] for run in timeline['runs']}
                return {run['id']: run['actual'] for timeline in after['timelines'] for run in timeline['runs']
                        if run['id'] not in old}

            self.assertEqual(added('TestRange'), {'partial-1': 'PASS', 'partial-2': 'FAIL'})
            self.assertEqual(added('TestField'), {'partial-1': 'PASS', 'partial-2': 'PASS'})
            self.assertEqual(added('TestAll'), {})
            self.assertTrue(cli.json('check')['clean'])


if __name__ == '__main__':
    unittest.main(verbosity=2)
