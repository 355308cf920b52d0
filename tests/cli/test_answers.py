"""The same question to the command line and to the server gives the same numbers.

The server's answers are held against the library's in tests/http; what is recorded in demo/ is asked here.
"""
import datetime
import itertools
import json
import os
import tempfile
import unittest
import urllib.parse
import urllib.request

from program import SOURCE, Cli
from server import Server

PROPORTION = ('k', 'n', 'low', 'high')
BUCKET_COLUMNS = ('n', 'timeouts', 'p10_us', 'p50_us', 'p90_us', 'max_us')


def proportion(value):
    return tuple(value[member] for member in PROPORTION)


def point(value):
    return value and (value['run'], value['position'])


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        store = 'sqlite:' + os.path.join(cls.folder.name, 'store.db')
        cls.cli = Cli(store)
        for suite in ('click', 'cron'):
            cls.cli.run('commits', 'import', os.path.join(SOURCE, 'demo', suite, 'commits.jsonl'))
            cls.cli.run('import', '--manifest', os.path.join(SOURCE, 'demo', suite, 'runs.jsonl'))
        cls.server = Server(store)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def get(self, path, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        with urllib.request.urlopen(f'{self.server.address}/v1/{path}?{query}', timeout=60) as answer:
            return json.load(answer)

    def test_flaky(self):
        for suite in ('click', 'cron'):
            for bad, options in (('unexpected', ()), ('failing', ('--failing',))):
                http = self.get('flaky', suite=suite, outcomes=bad, recent='false', limit=1000)['items']
                command = self.cli.json('flaky', '--suite', suite, '--limit', '0', *options)
                self.assertGreater(len(command), 0)
                more = ('trend', 'wasted_us', 'messages')
                self.assertEqual({item['test']: (item['score'], proportion(item['rate']), point(item['last_fail']), *(item[name] for name in more))
                                  for item in http},
                                 {item['test']: (item['score'], proportion(item['minority']), point(item['last_bad']), *(item[name] for name in more))
                                  for item in command})
                self.assertTrue(any(any(item['trend']) and item['messages'] for item in command), suite)

    def test_gaps(self):
        for suite in ('click', 'cron'):
            http = self.get('coverage-gaps', suite=suite, recent='false', limit=1000)
            command = self.cli.json('gaps', '--suite', suite, '--limit', '0')
            self.assertEqual(len(command), http['total'])
            self.assertEqual([(item['test'], item['reason'], point(item['last'])) for item in http['items']],
                             [(item['test'], item['reason'], point(item['last'])) for item in command][:1000])

    def test_regressions(self):
        for suite in ('click', 'cron'):
            http = self.get('regressions', suite=suite, outcomes='failing', state='all', recent='false', limit=1000)['items']
            command = self.cli.json('regressions', '--suite', suite, '--failing', '--state', 'all', '--limit', '0')
            self.assertEqual([(item['id'], item['kind'], item['open'], len(item['configurations']), item['range']['after'],
                               item['range']['to'], proportion(item['before']), proportion(item['after'])) for item in http],
                             [(item['id'], item['kind'], item['open'], len(item['configurations']), item['range']['after'],
                               item['range']['to'], proportion(item['before']), proportion(item['after'])) for item in command])
        self.assertGreater(len(self.cli.json('regressions', '--suite', 'click', '--failing', '--state', 'all')), 0)

    def test_verdict_and_culprit(self):
        tests = [item['test'] for item in self.cli.json('flaky', '--suite', 'cron', '--limit', '3')]
        for test in tests:
            http = self.get('verdict', suite='cron', test=test, recent='false')
            command = self.cli.json('verdict', test, '--suite', 'cron')
            self.assertEqual(http['verdict'], command['verdict'])
            for http_name, name in (('same_revision', 'same_revision'), ('retries', 'retries'),
                                    ('across_configurations', 'across_configurations')):
                self.assertEqual(proportion(http[http_name]), proportion(command[name]), http_name)
            self.assertEqual((http['flips']['inside_segment'], http['flips']['n']), (command['flips']['k'], command['flips']['n']))
            http = self.get('culprit', suite='cron', test=test, recent='false')
            self.assertEqual(http['status'], self.cli.json('culprit', test, '--suite', 'cron')['status'])

    def test_culprit_of_a_regression(self):
        """One that was made for it: commits 1 to 12 pass, 13 to 24 fail."""
        with tempfile.TemporaryDirectory() as folder:
            cli = Cli('sqlite:' + os.path.join(folder, 'store.db'))
            commits = os.path.join(folder, 'commits.jsonl')
            with open(commits, 'w', encoding='utf-8') as file:
                for i in range(1, 25):
                    file.write(json.dumps({'repository': 'code', 'branch': 'main', 'hash': f'{i:040x}', 'timestamp': 1000000 + i,
                                           'message': f'change {i}'}) + '\n')
            cli.run('commits', 'import', commits)
            result = os.path.join(folder, 'result.xml')
            for i in range(1, 25, 2):
                failure = '<failure message="broken"/>' if i >= 13 else ''
                with open(result, 'w', encoding='utf-8') as file:
                    file.write(f'<testsuite name="s" timestamp="2026-01-01T00:{i:02}:00Z"><testcase name="t">{failure}</testcase></testsuite>')
                cli.run('import', '--suite', 's', '--branch', 'main', '--commit', f'code@{i:040x}', result)
            test, = (row['test'] for row in cli.json('tests', '--suite', 's'))
            command = cli.json('culprit', test, '--suite', 's')
            server = Server(cli.store)
            try:
                query = urllib.parse.urlencode({'suite': 's', 'test': test, 'recent': 'false'})
                with urllib.request.urlopen(f'{server.address}/v1/culprit?{query}', timeout=60) as answer:
                    http = json.load(answer)
            finally:
                server.stop()
            self.assertEqual((http['status'], command['status']), ('found', 'found'))
            for member in ('after', 'to'):
                self.assertEqual(http['combined'][member], command['combined'][member])
            self.assertEqual(command['combined']['commits'], [f'code@{i:040x}' for i in (12, 13)])
            self.assertEqual([(gap['after'], gap['to'], gap['mass']) for gap in http['posterior']],
                             [(gap['after'], gap['to'], gap['mass']) for gap in command['posterior']])
            self.assertEqual((http['next_test']['position'], http['next_test']['repeats']),
                             (command['next_test']['position'], command['next_test']['repeats']))
            self.assertEqual(command['next_test']['position'], command['combined']['after'] + 100)
            open_ones = cli.run('regressions', '--suite', 's', '--strict', code=1).stdout
            self.assertIn('regression', open_ones)

    def judged(self, suite):
        """Tests that have something to tell: those that ever changed or are flaky."""
        tests = {test for item in self.cli.json('regressions', '--suite', suite, '--failing', '--state', 'all', '--limit', '0')
                 for test in item['tests']}
        tests.update(item['test'] for item in self.cli.json('flaky', '--suite', suite, '--failing', '--limit', '0'))
        self.assertGreater(len(tests), 2)
        return sorted(tests)[:60]

    def configuration_ids(self, suite):
        return {json.dumps(item['facets'], sort_keys=True): item['id']
                for item in self.get('configurations', suite=suite, recent='false')['configurations']}

    def test_fix_check(self):
        states = set()
        for suite in ('click', 'cron'):
            tests = self.judged(suite)
            runs = sorted(self.cli.json('runs', '--suite', suite, '--limit', '0'), key=lambda run: run['position'])
            for run in (runs[len(runs) * part // 4] for part in (1, 2, 3)):
                repository, commit = run['commits'][0].split('@')
                for fix, option in ((f'ref:{repository}:{commit}', f'{repository}@{commit}'), (f"pos:{run['position']}",) * 2,
                                    (f"time:{run['started']}",) * 2):
                    http = self.get('fix-check', suite=suite, test=tests, fix=fix, outcomes='failing', recent='false')
                    command = self.cli.json('fix-check', *tests, '--fix', option, '--suite', suite, '--failing')
                    self.assertEqual(http['summary'], command['summary'])
                    self.assertEqual((http['basis']['runs'], http['basis']['results']),
                                     (command['basis']['runs'], command['basis']['results']))
                    numbers = [[(item['test'], item['timeline'], item['state'], proportion(item['before']), proportion(item['after']),
                                 item['runs_needed']) for item in answer['per_timeline']] for answer in (http, command)]
                    self.assertEqual(*numbers)
                    states.update(item['state'] for item in command['per_timeline'])
        self.assertGreater(len(states), 1, states)

    def test_fix_check_of_a_regression(self):
        item = self.cli.json('regressions', '--suite', 'click', '--failing', '--state', 'all', '--limit', '1')[0]
        fix = f"pos:{item['range']['to']}"
        http = self.get('fix-check', suite='click', regression=item['id'], fix=fix, outcomes='failing', recent='false')
        command = self.cli.json('fix-check', '--regression', item['id'], '--fix', fix, '--suite', 'click', '--failing')
        self.assertGreater(http['basis']['runs'], 0)
        self.assertEqual((http['summary'], http['basis']['runs']), (command['summary'], command['basis']['runs']))
        self.assertEqual([proportion(each['before']) for each in http['per_timeline']],
                         [proportion(each['before']) for each in command['per_timeline']])

    def test_facet_split(self):
        failing = 0
        for suite in ('click', 'cron'):
            ids = self.configuration_ids(suite)
            worst = max(self.cli.json('runs', '--suite', suite, '--limit', '0'), key=lambda run: run['counts'].get('FAIL', 0))
            repository, commit = worst['commits'][0].split('@')
            bad = [row['test'] for row in self.cli.json('failures', '--run', worst['id'])][:20]
            for test in self.judged(suite) + bad:
                for parameters, options in (({}, ()), ({'at': f'ref:{repository}:{commit}'}, ('--commit', f'{repository}@{commit}'))):
                    http = self.get('facet-split', suite=suite, test=test, outcomes='failing', recent='false', **parameters)
                    command = self.cli.json('facet-split', test, '--suite', suite, '--failing', *options)
                    for state in ('failing', 'passing', 'not_run', 'flaky'):
                        self.assertEqual(http[state], sorted(ids[json.dumps(facets, sort_keys=True)] for facets in command[state]))
                    self.assertEqual((http['rules'], http['facets']), (command['rules'], command['facets']))
                    failing += len(command['failing'])
        self.assertGreater(failing, 0)

    def test_durations(self):
        for test in ('github.com/robfig/cron/v3.TestStopAndWait', self.cli.json('slow', '--suite', 'cron', '--sort', 'growth')[0]['test']):
            http = self.get('durations', suite='cron', test=test, recent='false')
            command = self.cli.json('durations', test, '--suite', 'cron')
            self.assertGreater(len(command['series']), 1)
            for answer in (http, command):
                for each in answer['series']:
                    each.pop('configuration')
                    for name in ('branch', 'timeouts', 'buckets'):  # the command says more
                        each.pop(name, None)
            for point in (point for each in command['series'] for point in each['points']):
                self.assertGreaterEqual(point['duration_us'], 0)
            self.assertEqual(http['series'], command['series'])
            self.assertEqual(http['change_points'],
                             [{name: change[name] for name in ('timeline', 'run', 'position', 'ratio', 'p')} for change in command['change_points']])
            self.assertEqual(http['basis']['runs'], command['basis']['runs'])
            for bucket in ('day', 'week'):
                http = self.get('durations', suite='cron', test=test, recent='false', bucket=bucket)
                command = self.cli.json('durations', test, '--suite', 'cron', '--bucket', bucket)
                begins = list(itertools.accumulate(http['time_s']))
                for series, other in zip(http['series'], command['series'], strict=True):
                    shown = {at: values for at, *values in zip(begins, *(series['buckets'][name] for name in BUCKET_COLUMNS))
                             if values[0] + values[1] > 0}
                    self.assertEqual(shown, {datetime.datetime.fromisoformat(each['begin']).timestamp():
                                             [each[name] for name in BUCKET_COLUMNS] for each in other['buckets']})

    def test_a_duration_that_changed(self):
        """Runs 1 to 15 take about a second, 16 to 30 twice as long."""
        with tempfile.TemporaryDirectory() as folder:
            cli = Cli('sqlite:' + os.path.join(folder, 'store.db'))
            result = os.path.join(folder, 'result.xml')
            for i in range(1, 31):
                time = (1 if i < 16 else 2) * (1 + i % 3 / 100)
                with open(result, 'w', encoding='utf-8') as file:
                    file.write(f'<testsuite name="s" timestamp="2026-01-01T00:{i:02}:00Z"><testcase name="t" time="{time}"/></testsuite>')
                cli.run('import', '--suite', 's', '--configuration', 'os=mac', result)
            answer = cli.json('durations', 't', '--suite', 's')
            series, = answer['series']
            self.assertEqual((series['configuration'], series['n'], series['timeouts'], len(series['points'])), ({'os': 'mac'}, 30, 0, 30))
            change, = answer['change_points']
            self.assertEqual(change['run'], series['points'][15]['run'])
            self.assertAlmostEqual(change['ratio'], 2, delta=0.05)
            done = cli.run('durations', 't', '--suite', 's')
            self.assertRegex(done.stdout, r'os=mac +30 +1 s ')
            self.assertRegex(done.stdout, r'(?s)changed, .*os=mac +2026-01-01T00:16:00Z +2\.?[0-9]* ')
            self.assertIn('of 30 runs', done.stderr)
            self.assertRegex(cli.run('durations', 't', '--suite', 's', '--bucket', 'day').stdout, r'os=mac +2026-01-01T00:00:00Z +30 ')
            self.assertIn('--bucket', cli.run('durations', 't', '--suite', 's', '--bucket', 'month', code=2).stderr)
            self.assertIn('did you mean', cli.run('durations', 'tt', '--suite', 's', code=2).stderr)
            self.assertIn('one test', cli.run('durations', '--suite', 's', code=2).stderr)

    def test_compare(self):
        runs = [run['id'] for run in self.cli.json('runs', '--suite', 'cron', '--limit', '0')]
        a, b = runs[-1], runs[0]
        http = self.get('compare', suite='cron', a=f'run={a}', b=f'run={b}', limit=1000)
        command = self.cli.json('compare', f'run:{a}', f'run:{b}', '--suite', 'cron', '--limit', '0')
        known = set(http['counts']) & set(command['counts'])
        self.assertGreaterEqual(len(known), 9)
        self.assertEqual({name: http['counts'][name] for name in known}, {name: command['counts'][name] for name in known})

        def rows(items):
            return sorted((item['test'], item['change'], item['p_value'], item['q_value'], item.get('flaky') and proportion(item['flaky']))
                          for item in items)
        self.assertEqual(rows(http['items']), rows(command['items']))

    def test_summary(self):
        http, = self.get('summary', suite='cron', range='last:5', recent='false')['suites']
        command = self.cli.json('summary', '--suite', 'cron', '--last', '5')
        self.assertEqual(sorted((row['state'], row['runs'], proportion(row['passing']), row['lost']) for row in http['timelines']),
                         sorted((row['state'], row['runs'], proportion(row['passing']), row['lost']) for row in command))

    def test_overview(self):
        for suite in ('click', 'cron'):
            http = self.get('overview', suite=suite, recent='false')
            command = self.cli.json('overview', '--suite', suite)
            tile, = http['tiles']
            lines = [(line['unexpected'], line['failed_runs'], line['newest']['position'],
                      *(line[name] and line[name]['run'] for name in ('last_good', 'first_bad'))) for line in tile['lines']]
            self.assertEqual(lines, [(row['unexpected'], row['failed_runs'], row['newest']['position'],
                                      *(row[name] and row[name]['run'] for name in ('last_good', 'first_bad'))) for row in command])
            everything = self.cli.json('overview', '--suite', suite, '--healthy')
            self.assertEqual(len(everything), len(lines) + tile['healthy'])

    def test_folders(self):
        def flat(folder):
            rows = [(folder['name'] or '(all)', folder['total_us'], folder['tests'], folder['failing'])]
            for child in folder['children']:
                rows += flat(child)
            if 'rest' in folder:
                rows.append((folder['name'] + '(others)', folder['rest']['total_us'], folder['rest']['tests'], None))
            return rows

        for suite in ('click', 'cron'):
            for options, parameters in (((), {}), (('--depth', '4', '--limit', '7'), {'depth': 4, 'max': 7})):
                http = self.get('durations/tree', suite=suite, recent='false', **{'max': 40, **parameters})
                command = self.cli.json('folders', '--suite', suite, *options)
                self.assertGreater(http['total_us'], 0)
                self.assertEqual([(row['folder'], row['total_us'], row['tests'], row['failing']) for row in command], flat(http))
        self.assertIn('no tests', self.cli.run('folders', 'no/such/', '--suite', 'cron').stdout)

    def test_slow_tests_and_shards(self):
        slow = self.cli.json('slow', '--suite', 'cron', '--limit', '3')
        self.assertEqual(slow[0]['test'], 'github.com/robfig/cron/v3.TestStopAndWait')  # waits for seven seconds
        self.assertGreater(slow[0]['p50_us'], 6_000_000)
        self.assertEqual(sorted((row['p50_us'] for row in slow), reverse=True), [row['p50_us'] for row in slow])
        shards = self.cli.json('shards', '3', '--suite', 'cron')
        names = [name for shard in shards for name in shard['names']]
        self.assertEqual(len(names), len(set(names)))
        times = [shard['predicted_us'] for shard in shards]
        self.assertLess(max(times), 1.2 * min(times))
        self.assertIn('machines', self.cli.run('shards', 'x', '--suite', 'cron', code=2).stderr)

    def test_clusters(self):
        clusters = self.cli.json('clusters', '--suite', 'cron', '--last', '0', '--limit', '0')
        self.assertGreater(len(clusters), 1)
        self.assertEqual(sum(row['results'] for row in clusters),
                         sum(run['counts'].get('FAIL', 0) for run in self.cli.json('runs', '--suite', 'cron', '--limit', '0')))

    def test_expectations(self):
        with tempfile.TemporaryDirectory() as folder:
            cli = Cli('sqlite:' + os.path.join(folder, 'store.db'))
            result = os.path.join(folder, 'result.xml')
            for i in range(25):
                with open(result, 'w', encoding='utf-8') as file:
                    file.write(f'<testsuite name="s" timestamp="2026-01-01T00:{i:02}:00Z"><testcase name="t"><failure/></testcase>'
                               '<testcase name="u"/><testcase name="left out"><skipped/></testcase></testsuite>')
                cli.run('import', '--suite', 's', '--configuration', 'os=mac', result)
            missing, = cli.json('expectations', 'review', '--suite', 's')
            self.assertEqual((missing['kind'], missing['expected']), ('missing', ['FAIL']))
            skipped, = (row for row in cli.json('expectations', 'review', '--own', '--suite', 's') if row != missing)
            self.assertEqual((skipped['kind'], skipped['where']), ('skipped', ['os:mac']))
            self.assertIn('left out', skipped['test'])
            stored, = cli.json('expectations', 'add', '--suite', 's', '--test', missing['test'], '--expect', 'FAIL', '--bug', 'b/1')
            self.assertEqual(cli.json('expectations', '--suite', 's'), [stored])
            self.assertEqual(cli.json('expectations', 'review', '--suite', 's'), [])
            cli.run('expectations', 'remove', stored['id'], '--suite', 's')
            self.assertEqual(cli.json('expectations', '--suite', 's'), [])
            cli.run('expectations', 'remove', stored['id'], '--suite', 's', code=2)
            cli.run('expectations', 'odd', '--suite', 's', code=2)

    def test_tests_for_which_a_query_holds(self):
        for suite in ('click', 'cron'):
            for query in ('', 'failing', 'flaky', 'count(fail) >= 2', 'not failing exists(count(fail) > 0)'):
                http = self.get('tests', suite=suite, q=query, recent='false', range='last:50000', limit=1000)
                command = self.cli.json('query', query, '--suite', suite)
                self.assertEqual([item['test'] for item in http['items']], [row['test'] for row in command][:1000], query)
                self.assertEqual(http['total'], len(command), query)

    def test_gate(self):
        for suite in ('click', 'cron'):
            runs = [run['id'] for run in self.cli.json('runs', '--suite', suite, '--limit', '0')]
            for base, candidate in ((runs[-1], runs[0]), (runs[0], runs[-1])):
                http = self.get('gate', suite=suite, base=f'run={base}', candidate=f'run={candidate}', outcomes='failing')
                command = json.loads(self.cli.run('gate', f'run:{base}', f'run:{candidate}', '--suite', suite, '--failing',
                                                  '--format', 'json', code=0 if http['open'] else 1).stdout)
                self.assertEqual(http['open'], command['open'])
                for member in ('rule', 'state', 'explanation', 'total'):
                    self.assertEqual([rule[member] for rule in http['rules']], [rule[member] for rule in command['rules']])
                self.assertEqual([(item['test'], proportion(item['base_rate']), proportion(item['candidate_rate']))
                                  for item in http['new_failures']],
                                 [(item['test'], proportion(item['base_rate']), proportion(item['candidate_rate']))
                                  for item in command['new_failures']])

    def test_lists_that_are_the_same_row_by_row(self):
        """(path, its parameters; command, its options; members of both)."""
        def same(*names):
            return [(name, name) for name in names]

        everything = {'recent': 'false', 'range': 'last:50000'}
        rows = [
            ('rerun-plan', dict(everything, budget_us=60_000_000), 'plan', ('--budget', '60'),
             same('test', 'position', 'reason', 'repeats', 'value', 'estimate_us', 'guessed')),
            ('slow', {'recent': 'false', 'limit': 1000}, 'slow', ('--limit', '1000'),
             same('test', 'n', 'p50_us', 'p95_us', 'max_us', 'timeouts', 'share')),
            ('slow', {'recent': 'false', 'limit': 1000, 'sort': '-spent'}, 'slow', ('--limit', '1000', '--sort', 'spent'),
             same('test', 'n', 'p50_us', 'share')),
            ('clusters', dict(everything, limit=1000), 'clusters', ('--last', '0', '--limit', '0'),
             same('id', 'example', 'like') + [('count', 'results'), ('tests', 'test_count'), ('example_tests', 'tests')])]
        for path, parameters, command, options, members in rows:
            found = 0
            for suite in ('click', 'cron'):
                http = self.get(path, suite=suite, **parameters)['items']
                told = self.cli.json(command, '--suite', suite, *options)
                self.assertEqual(len(http), len(told), (path, suite))
                for ours, theirs in members:
                    self.assertEqual([item.get(ours) for item in http], [row[theirs] for row in told], (path, suite, ours))
                found += len(http)
            self.assertGreater(found, 0, path)

    def test_shards(self):
        for suite in ('click', 'cron'):
            http = self.get('shards', suite=suite, shards=3, recent='false')
            command = self.cli.json('shards', '3', '--suite', suite)
            self.assertEqual([(shard['predicted_us'], shard['tests']) for shard in http['shards']],
                             [(shard['predicted_us'], shard['names']) for shard in command])
            self.assertEqual(http['tests'], sum(len(shard['tests']) for shard in http['shards']))

    def test_reviewed_expectations(self):
        self.cli.run('expectations', 'add', '--suite', 'cron', '--test', 'gone', '--expect', 'FAIL', '--owner', 'A', '--bug', 'b/1')
        stored, = self.get('expectations', suite='cron')['items']
        told, = self.cli.json('expectations', '--suite', 'cron')
        for member in ('id', 'test', 'expected', 'owner', 'bug'):
            self.assertEqual(stored[member], told[member])
        http = self.get('expectation-changes', suite='cron', range='last:100', recent='false', limit=1000)['items']
        command = self.cli.json('expectations', 'review', '--own', '--suite', 'cron', '--limit', '0')
        own = {'never_failing', 'skipped'}
        self.assertEqual(sorted((item['test'], item.get('why', item['kind']), line['text'])
                                for item in http if item['kind'] not in own for line in item['proposed'] or [{'text': None}]),
                         sorted((row['test'], row['kind'], row['line']) for row in command if row['kind'] not in own))
        self.assertEqual(sorted((item['test'], item['kind'], there['expected'])
                                for item in http if item['kind'] in own for there in item['present']),
                         sorted((row['test'], row['kind'], row['expected']) for row in command if row['kind'] in own))
        self.assertIn(('gone', 'unused'), [(item['test'], item.get('why')) for item in http])
        self.cli.run('expectations', 'remove', stored['id'], '--suite', 'cron')
        self.assertEqual(self.get('expectations', suite='cron')['items'], [])

    def test_wrong_use(self):
        for arguments, word in ((('flaky', '--last', '-1'), '--last'), (('regressions', '--state', 'odd'), 'odd'),
                                (('compare', 'run:x'), 'two sides'), (('compare', 'last:1', 'odd', '--suite', 'cron'), 'odd'),
                                (('verdict', '--suite', 'cron'), 'one test'), (('culprit', 'x', '--format', 'csv'), 'table or json')):
            self.assertIn(word, self.cli.run(*arguments, code=2).stderr)
        self.assertIn('did you mean', self.cli.run('verdict', 'TestRang', '--suite', 'cron', code=2).stderr)


if __name__ == '__main__':
    unittest.main(verbosity=2)
