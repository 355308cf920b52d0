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

LASTING = 5  # commits, mostly with one run each
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

    def test_verdicts_count_every_same_commit_disagreement(self):
        pairs = 0
        for project, configuration, truth in self.every_configuration():
            commits = collections.defaultdict(set)  # test -> commits whose attempts disagree
            for flaky in truth['flaky']:
                for item in flaky['tests']:
                    if len({TRUTH_CLASS[outcome] == 'bad' for outcome in item['in_attempts'].values()}) > 1:
                        commits[project.name(item['test'])].add(flaky['commit'])
            facets = project.runs[truth['runs'][0]['run']]['configuration']
            for test, disagree in commits.items():
                answer = self.cli.json('verdict', test, '--suite', project.suite, '--failing')
                timeline, = (row for row in answer['per_timeline'] if row['configuration'] == facets)
                self.assertEqual(timeline['same_commit']['k'], len(disagree), (test, configuration))
                self.assertEqual(timeline['verdict'], 'flaky')
                pairs += len(disagree)
        self.assertGreater(pairs, 15)

    def test_every_lasting_change_is_found(self):
        """A change between two spells of LASTING runs each is found, at the right run; and nothing else is reported."""
        expected, found = set(), set()
        for project in self.projects.values():
            timelines = collections.defaultdict(list)
            for run in project.runs.values():
                if run['state'] != 'failed':
                    timelines[json.dumps(run['configuration'], sort_keys=True)].append(run)
            for configuration, runs in timelines.items():
                runs.sort(key=lambda run: (run['position'], run['started']))
                histories = collections.defaultdict(list)
                for run in runs:
                    for test, result in project.results[run['id']].items():
                        histories[test].append((run['id'], result == 'bad'))
                for test, history in histories.items():
                    for i in range(LASTING, len(history) - LASTING + 1):
                        before, after = history[i - 1][1], history[i][1]
                        if before != after and {bad for _, bad in history[i - LASTING:i]} == {before} and \
                                {bad for _, bad in history[i:i + LASTING]} == {after}:
                            expected.add((project.suite, test, configuration, history[i][0]))
            for kind in ('regression', 'fix', 'flaky', 'expectation'):
                groups = self.cli.json('regressions', '--suite', project.suite, '--failing', '--state', 'all', '--kind', kind,
                                       '--limit', '0')
                for test, configuration, run in ((event['test'], event['configuration'], event['after_run']['run'])
                                                 for group in groups for event in group['events']):
                    found.add((project.suite, test, json.dumps(configuration, sort_keys=True), run))
        self.assertGreater(len(expected), 10)
        self.assertEqual(expected - found, set())
        self.assertEqual(found - expected, set())

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
