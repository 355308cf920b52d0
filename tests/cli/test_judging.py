"""Hand-made histories with known answers: summary, flaky, regressions, verdict, culprit, fix-check, facet-split, compare as people and programs meet them."""
import json
import os
import tempfile
import unittest

from program import Cli, CliTest

LINUX, MAC = 'os=linux', 'os=mac'
LABEL = len('code@') + 12


def at(number):
    """The commit of this number; its first digits tell it from the others."""
    return 'code@' + f'{number:02x}' * 20


def history(number):
    """What run `number` of 20 gives on linux: p, f, or nothing for a test that was not run."""
    return {'steady': 'p', 'shaky': 'f' if number % 4 == 2 else 'p', 'broken': 'f' if number > 12 else 'p',
            'mended': 'f' if number <= 8 else 'p', 'gone': 'p' if number <= 10 else None}


class Judging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.cli = Cli('sqlite:' + os.path.join(cls.folder.name, 'store.db'))
        commits = os.path.join(cls.folder.name, 'commits.jsonl')
        with open(commits, 'w', encoding='utf-8') as file:
            for i in range(1, 41):
                file.write(json.dumps({'repository': 'code', 'branch': 'main', 'hash': f'{i:02x}' * 20, 'timestamp': 1000000 + i,
                                       'author': {'name': f'author {i}'}, 'message': f'change {i}'}) + '\n')
        cls.cli.run('commits', 'import', commits)
        for i in range(1, 21):
            cls.add('s', 2 * i, LINUX, history(i))
        for i in range(1, 13):
            cls.add('s', 2 * i, MAC, {'steady': 'p', 'shaky': 'p', 'broken': 'p'})
        # A machine without a disk: 25 of 30 fail.
        cls.add('s', 39, LINUX, {f'many{i}': 'f' if i < 25 else 'p' for i in range(30)})
        # Every second run of ten: flakier than shaky. The name asks for quotes.
        for i in range(1, 21):
            cls.add('other', 2 * i, LINUX, {"it's odd": 'f' if i % 2 else 'p'})

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def add(cls, suite, commit, configuration, results):
        cases = ''.join(f'<testcase name="{name}">{"<failure/>" if result == "f" else ""}</testcase>'
                        for name, result in results.items() if result)
        path = os.path.join(cls.folder.name, 'result.xml')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'<testsuite name="t" timestamp="2026-01-01T00:{commit:02}:00Z">{cases}</testsuite>')
        cls.cli.run('import', '--suite', suite, '--branch', 'main', '--configuration', configuration,
                    '--commit', at(commit), path)

    def name(self, short, suite='s'):
        name, = (row['test'] for row in self.cli.json('tests', '--suite', suite) if row['test'].endswith(short))
        return name

    def on_terminal(self, *arguments):
        """What a person sees on the standard error."""
        return self.cli.on_terminal(*arguments, stream='stderr')

    def assert_rate(self, value, k, n):
        self.assertEqual((value['k'], value['n'], value['method'], value['confidence']), (k, n, 'wilson', 0.95))
        self.assertLessEqual(value['low'], k / n if n else 1)
        self.assertGreaterEqual(value['high'], k / n if n else 0)

    def test_excluded_runs_are_said(self):
        broken = self.name('broken')
        basis = self.cli.json('verdict', broken, '--suite', 's')['basis']
        excluded, = basis['excluded']
        bad, = (run['id'] for run in self.cli.json('runs', '--suite', 's', '--limit', '0') if run['counts'].get('FAIL') == 25)
        self.assertEqual(excluded, {'why': 'most_failed', 'n': 1, 'runs': [bad]})
        self.assertEqual(basis['runs'], 32)
        for command in (('flaky',), ('summary', '--last', '0'), ('regressions',), ('verdict', broken), ('culprit', broken)):
            done = self.cli.run(*command, '--suite', 's')
            self.assertIn('of 32 runs', done.stderr, command)
            self.assertIn('1 not counted in which more than 80 % was bad', done.stderr, command)
        self.assertEqual(self.cli.json('culprit', broken, '--suite', 's')['basis']['excluded'], [excluded])
        sides = 'commit:' + at(38), 'commit:' + at(39)
        self.assertEqual(self.cli.json('compare', *sides, '--suite', 's')['basis']['excluded'], [excluded])
        for form in ('json', 'csv'):  # programs that want the list alone do not miss it either
            self.assertIn('1 not counted', self.cli.run('flaky', '--suite', 's', '--format', form).stderr)
        self.assertEqual(self.cli.run('flaky', '--suite', 'other', '--format', 'json').stderr, '')

    def test_flaky(self):
        item, = self.cli.json('flaky', '--suite', 's')
        self.assertEqual((item['test'], item['configurations']), (self.name('shaky'), [{'os': 'linux'}]))
        self.assert_rate(item['minority'], 5, 20)
        self.assert_rate(item['flips'], 10, 19)
        self.assert_rate(item['same_commit'], 0, 0)
        self.assert_rate(item['retries'], 0, 20)
        self.assertEqual(item['score'], item['minority']['low'])
        self.assertEqual(item['last_bad']['label'], at(36)[:LABEL])
        self.assertEqual(item['last_good']['label'], at(40)[:LABEL])

    def test_flaky_of_all_suites_is_merged(self):
        odd, shaky = self.name('odd', 'other'), self.name('shaky')
        self.assertEqual([(item['suite'], item['test']) for item in self.cli.json('flaky')], [('other', odd), ('s', shaky)])
        done = self.cli.run('flaky', '--limit', '1')
        self.assertIn('of 52 runs', done.stderr)
        self.assertNotIn(shaky, done.stdout)
        self.assertRegex(done.stdout, r'(?m)^other +it')  # several suites were asked
        self.assertIn('1 of 2; --limit 0 shows all', done.stderr)
        self.assertEqual([item['test'] for item in self.cli.json('flaky', '--contains', 'shak')], [shaky])
        self.assertEqual(self.cli.json('flaky', '--configuration', MAC), [])

    def test_regressions(self):
        found = self.cli.json('regressions', '--suite', 's', '--state', 'all')
        self.assertEqual({(item['kind'], item['open'], *item['tests']) for item in found},
                         {('regression', True, self.name('broken')), ('fix', False, self.name('mended'))})
        item, = self.cli.json('regressions', '--suite', 's')
        self.assert_rate(item['before'], 0, 12)
        self.assert_rate(item['after'], 8, 8)
        self.assertEqual((item['last_good']['label'], item['first_bad']['label']),
                         tuple(at(i)[:LABEL] for i in (24, 26)))
        self.assertEqual(item['range'], {'after': item['last_good']['position'], 'to': item['first_bad']['position']})
        table = self.cli.run('regressions', '--suite', 's').stdout.splitlines()
        self.assertRegex(table[1], r' 0/12 +8/8 +FAIL$')

    def test_regressions_of_a_kind_need_no_state(self):
        def kinds(*arguments):
            return [(item['kind'], item['state']) for item in self.cli.json('regressions', '--suite', 's', *arguments)]
        regression, fix = ('regression', 'open'), ('fix', 'fixed')
        for arguments, found in (((), [regression]), (('--kind', 'fix'), [fix]), (('--kind', 'regression'), [regression]),
                                 (('--kind', 'fix', '--kind', 'regression'), [regression, fix]), (('--state', 'fixed'), [fix]),
                                 (('--state', 'closed'), [fix]), (('--kind', 'fix', '--state', 'open'), []),
                                 (('--kind', 'expectation'), [])):
            self.assertEqual(sorted(kinds(*arguments)), sorted(found), arguments)
        self.assertIn('none of open, fixed, all', self.cli.run('regressions', '--state', 'done', code=2).stderr)

    def test_places_are_commits(self):
        good, bad = (at(i)[:LABEL] for i in (24, 26))
        self.assertIn(f'"({good}, {bad}]",{good},{bad},', self.cli.run('regressions', '--suite', 's', '--format', 'csv').stdout)
        items = {item['test']: item for item in self.cli.json('plan', '--suite', 's')}
        item = items[self.name('broken')]
        self.assertEqual((item['reason'], item['position'], item['at']), ('culprit_gap', 100 * 1000025, at(25)[:LABEL]))
        table = self.cli.run('plan', '--suite', 's').stdout
        self.assertIn(item['at'], table)
        self.assertNotIn(str(item['position']), table)

    def test_verdicts(self):
        for short, verdict in (('steady', 'healthy'), ('shaky', 'flaky'), ('broken', 'regressed'), ('mended', 'fixed')):
            self.assertEqual(self.cli.json('verdict', self.name(short), '--suite', 's')['verdict'], verdict, short)

    def test_not_run_is_no_pass(self):
        gone = self.name('gone')
        timelines = {row['configuration']['os']: row for row in self.cli.json('verdict', gone, '--suite', 's')['per_timeline']}
        self.assertEqual((timelines['mac']['verdict'], timelines['mac']['runs']), ('not_run', 0))
        self.assert_rate(timelines['mac']['minority'], 0, 0)
        mac, = self.cli.run('verdict', gone, '--suite', 's', '--configuration', MAC).stdout.splitlines()[3:4]
        self.assertRegex(mac, r'not_run +0 +none +none +-')
        self.assertIn('not_run', self.cli.run('verdict', gone, '--suite', 's', '--configuration', MAC, '--format', 'csv').stdout)
        states = {row['configuration']['os']: (row['state'], row['runs']) for row in
                  self.cli.json('summary', '--suite', 's', '--from', '2026-01-01T00:30:00Z')}
        self.assertEqual(states, {'linux': ('current', 1), 'mac': ('not_run', 0)})
        row, = (row for row in self.cli.json('summary', '--suite', 's', '--from', '2026-01-01T00:30:00Z') if row['runs'] == 0)
        self.assert_rate(row['passing'], 0, 0)
        self.assertIsNone(row['newest'])

    def test_gaps(self):
        gone, mended = self.name('gone'), self.name('mended')
        found = self.cli.json('gaps', '--suite', 's')
        self.assertEqual({(item['test'], item['configuration']['os'], item['reason']) for item in found},
                         {(gone, 'linux', 'dropped'), (mended, 'mac', 'never')})
        item, = self.cli.json('gaps', '--suite', 's', '--reason', 'dropped')
        self.assertEqual((item['last']['label'], item['last_outcome']), (at(20)[:LABEL], 'PASS'))
        done = self.cli.run('gaps', '--suite', 's', '--limit', '1')
        self.assertIn('1 of 2; --limit 0 shows all', done.stderr)
        self.assertIn('1 not counted', done.stderr)
        self.assertIn("'odd' is none of", self.cli.run('gaps', '--reason', 'odd', code=2).stderr)
        self.assertIn('every known test ran', self.cli.run('gaps', '--suite', 'other').stdout)
        self.assertIn('nothing was run', self.cli.run('gaps', '--suite', 's', '--from', '2027-01-01T00:00:00Z', '--reason', 'lost').stdout)

    def test_coverage_at_a_commit(self):
        def rows(number):
            return {row['configuration']['os']: (row['covered'], row['of'], row['run'] is None)
                    for row in self.cli.json('coverage', at(number), '--suite', 's')}
        self.assertEqual(rows(22), {'linux': (4, 5, False), 'mac': (3, 3, False)})
        self.assertEqual(rows(40), {'linux': (4, 4, False), 'mac': (0, 3, True)})
        self.assertIn('not run', self.cli.run('coverage', at(40), '--suite', 's').stdout)
        self.assertIn('name one commit', self.cli.run('coverage', code=2).stderr)

    def test_summary(self):
        linux, mac = sorted(self.cli.json('summary', '--suite', 's'), key=lambda row: row['configuration']['os'])
        self.assert_rate(linux['passing'], 3, 4)
        self.assertEqual((linux['failing'], linux['unexpected'], linux['newest']['label']), (1, 1, at(40)[:LABEL]))
        self.assert_rate(mac['passing'], 3, 3)

    def test_expectations_begin_at_commits(self):
        stored, = self.cli.json('expectations', 'add', '--suite', 's', '--test', self.name('shaky'), '--expect', 'FAIL', '--since', at(25))
        self.assertEqual((stored['from'], stored['to']), (100 * 1000025, None))
        self.assertIn(f'  {at(25)[:LABEL]}  ', self.cli.run('expectations', '--suite', 's').stdout)
        self.cli.run('expectations', 'remove', stored['id'], '--suite', 's')

    def test_culprit(self):
        broken = self.name('broken')
        answer = self.cli.json('culprit', broken, '--suite', 's')
        self.assertEqual(answer['status'], 'found')
        self.assertEqual(answer['combined']['commits'], [at(i) for i in (25, 26)])
        self.assertEqual(sorted(answer['credible']), ['0.5', '0.95', '0.99'])
        for interval in answer['credible'].values():
            self.assertLessEqual(interval['after'], answer['combined']['after'])
            self.assertGreaterEqual(interval['to'], answer['combined']['to'])
        masses = [gap['mass'] for gap in answer['posterior']]
        self.assertEqual(masses, sorted(masses, reverse=True))
        self.assertTrue(0.98 < sum(masses) <= 1, masses)  # gaps below 0.1 % are not listed
        self.assertEqual(answer['posterior'][0]['commits'], answer['combined']['commits'])
        self.assertGreater(answer['next_test']['gain_bits'], 0)
        self.assertEqual((answer['next_test']['configuration'], answer['next_test']['at']), ({'os': 'linux'}, at(25)[:LABEL]))
        text = self.cli.run('culprit', broken, '--suite', 's').stdout
        last_good, first_bad = (at(i)[:LABEL] for i in (24, 26))
        self.assertRegex(text, f'common range: after {last_good}, up to {first_bad} \\([0-9.]+ % of the probability\\)')
        self.assertIn('author 25  change 25', text)
        self.assertIn('95 % range: after code@', text)
        self.assertRegex(text, r'tells most: run it 1x at code@\S+ on os=linux')
        self.assertEqual(self.cli.json('culprit', self.name('steady'), '--suite', 's')['status'], 'none')

    def test_culprit_of_a_flaky_test(self):
        shaky = self.name('shaky')
        for arguments in ((), ('--to', '2026-01-01T00:36:00Z')):  # the newest result is good, and bad
            answer = self.cli.json('culprit', shaky, '--suite', 's', *arguments)
            self.assertNotEqual(answer['status'], 'found')
            self.assertEqual(answer['flaky']['k'], 5)
            done = self.cli.run('culprit', shaky, '--suite', 's', *arguments).stdout
            self.assertIn('this test is flaky: it does both without a change, the rarer in 5/', done)
            self.assertNotIn('too few', done)
        hint, = (line for line in done.splitlines() if 'expectations add' in line)
        self.assertEqual(hint, f'resultsdb expectations add --test {shaky} --suite s --expect PASS --expect FAIL')
        for other in ('broken', 'steady', 'mended'):
            self.assertIsNone(self.cli.json('culprit', self.name(other), '--suite', 's')['flaky'])

    def test_compare_marks_flaky_tests(self):
        sides = 'commit:' + at(36), 'commit:' + at(40), '--suite', 's'
        items = {item['test']: item for item in self.cli.json('compare', *sides)['items']}
        self.assertEqual(items[self.name('shaky')]['change'], 'fixed')
        self.assert_rate(items[self.name('shaky')]['flaky'], 5, 19)  # without the run of B
        self.assertIsNone(items[self.name('broken')]['flaky'])
        done = self.cli.run('compare', *sides)
        self.assertRegex(done.stdout, r'fixed +shaky +FAIL +PASS +5/19')
        self.assertIn('1 of these is flaky', done.stderr)
        anywhere = self.cli.json('compare', *sides, '--all-configurations')['items']
        self.assertEqual([item['test'] for item in anywhere if item['flaky']], [self.name('shaky')])
        plain = self.cli.run('compare', 'commit:' + at(8), 'commit:' + at(40), '--suite', 's')
        self.assertNotIn('flaky', plain.stdout + plain.stderr)

    def test_fix_check(self):
        mended, broken, shaky, steady = (self.name(short) for short in ('mended', 'broken', 'shaky', 'steady'))
        answer = self.cli.json('fix-check', mended, steady, '--fix', at(18), '--suite', 's')
        item, = answer['per_timeline']  # what was never bad needs no fix
        self.assertEqual((item['test'], item['configuration'], item['state'], item['runs_needed'], item['runs_to_go']),
                         (mended, {'os': 'linux'}, 'fixed', 5, 0))
        self.assert_rate(item['before'], 8, 8)
        self.assert_rate(item['after'], 0, 12)
        self.assertEqual(answer['summary'], {'fixed': 1, 'not_fixed': 0, 'too_early': 0, 'not_run': 0})
        self.assertEqual((answer['truncated'], answer['basis']['runs'], len(answer['basis']['excluded'])), (False, 32, 1))
        late = {item['test']: item for item in self.cli.json('fix-check', broken, shaky, '--fix', at(38), '--suite', 's')['per_timeline']}
        self.assertEqual((late[broken]['state'], late[broken]['runs_to_go']), ('not_fixed', None))
        self.assert_rate(late[broken]['before'], 6, 6)
        self.assert_rate(late[broken]['after'], 2, 2)
        self.assertEqual(late[shaky]['state'], 'too_early')
        self.assertEqual(late[shaky]['runs_to_go'], late[shaky]['runs_needed'] - 2)
        for fix in ('time:2026-01-01T00:18:00Z', f'pos:{100 * (1000000 + 18)}'):
            self.assertEqual(self.cli.json('fix-check', mended, '--fix', fix, '--suite', 's')['per_timeline'], [item])
        done = self.cli.run('fix-check', mended, '--fix', at(18), '--suite', 's', '--strict')
        self.assertRegex(done.stdout, r'os=linux +fixed +8/8 \(68-100 %\) +0/12 \(0-24 %\) +5 +0')
        self.assertIn('of 32 runs', done.stderr)
        self.cli.run('fix-check', mended, broken, '--fix', at(38), '--suite', 's', '--strict', code=1)
        self.assertIn('nothing to fix', self.cli.run('fix-check', steady, '--fix', at(18), '--suite', 's').stdout)

    def test_fix_check_of_a_regression(self):
        item, = self.cli.json('regressions', '--suite', 's')
        answer = self.cli.json('fix-check', '--regression', item['id'], '--fix', at(38), '--suite', 's')
        self.assertEqual([each['test'] for each in answer['per_timeline']], item['tests'])
        self.assertEqual(answer['summary']['not_fixed'], 1)
        self.assertEqual(answer['basis']['runs'], 20)  # of its timeline
        self.assertIn('no such item', self.cli.run('fix-check', '--regression', 'g_no', '--fix', at(38), '--suite', 's', code=None).stderr)

    def test_wrong_use_of_fix_check(self):
        for arguments, word in (((), 'name tests'), (('t',), '--fix'), (('t', '--regression', 'g', '--fix', at(2)), 'name tests'),
                                (('t', '--fix', 'odd'), 'odd'), (('t', '--fix', 'pos:x'), 'no position'),
                                (('t', '--fix', 'pos:9007199254740992'), 'no position'), (('t', '--fix', 'time:x'), '--fix')):
            self.assertIn(word, self.cli.run('fix-check', *arguments, '--suite', 's', code=2).stderr, arguments)
        self.assertIn('did you mean', self.cli.run('fix-check', self.name('mended'), 'brokn', '--fix', at(2), '--suite', 's', code=2).stderr)

    def test_facet_split(self):
        broken, shaky = self.name('broken'), self.name('shaky')
        answer = self.cli.json('facet-split', broken, '--suite', 's')
        self.assertEqual((answer['failing'], answer['passing'], answer['flaky'], answer['not_run']), ([{'os': 'linux'}], [{'os': 'mac'}], [], []))
        self.assertEqual(answer['rules'], [{'where': {'os': ['linux']}, 'failing': 1, 'passing': 0, 'flaky': 0, 'not_run': 0, 'exact': True}])
        self.assertEqual([value['value'] for value in answer['facets'][0]['values']], ['linux', 'mac'])
        self.assertEqual(self.cli.json('facet-split', shaky, '--suite', 's')['flaky'], [{'os': 'linux'}])
        early = self.cli.json('facet-split', broken, '--suite', 's', '--commit', at(4))
        self.assertEqual((early['failing'], len(early['passing']), early['rules']), ([], 2, []))
        done = self.cli.run('facet-split', broken, '--suite', 's')
        self.assertIn(f'{broken}: 1 failing, 1 passing\nfails where: os=linux (1 failing)\n', done.stdout)
        self.assertIn('of 32 runs', done.stderr)
        self.assertIn('os,linux,1,0,0,0', self.cli.run('facet-split', broken, '--suite', 's', '--format', 'csv').stdout)
        self.assertIn('gone: 1 not_run', self.cli.run('facet-split', self.name('gone'), '--suite', 's', '--configuration', MAC).stdout)
        self.assertIn('one test', self.cli.run('facet-split', '--suite', 's', code=2).stderr)
        self.assertIn('did you mean', self.cli.run('facet-split', 'brokn', '--suite', 's', code=2).stderr)

    def test_compare(self):
        a, b = ('commit:' + at(i) for i in (8, 40))
        answer = self.cli.json('compare', a, b, '--suite', 's')
        expected = {('new_failure', 'broken', 'PASS', 'FAIL'), ('fixed', 'mended', 'FAIL', 'PASS'), ('only_a', 'gone', 'PASS', None)}
        self.assertEqual({(item['change'], item['test'].split('.')[-1], item['a'], item['b']) for item in answer['items']}, expected)
        self.assertEqual((answer['counts']['new_failure'], answer['counts']['fixed'], answer['counts']['only_a'], answer['counts']['same']),
                         (1, 1, 1, 2))
        # Mac was not run at B: its three tests are counted, and none of them passes.
        self.assertEqual((answer['counts']['not_run_b'], answer['only_in_a'], answer['only_in_b']), (3, [{'os': 'mac'}], []))
        done = self.cli.run('compare', a, b, '--suite', 's', '--strict', code=1)
        self.assertIn('not_run_b 3', done.stdout)
        self.assertIn('not run in B: os=mac', done.stderr)
        self.assertRegex(done.stdout, r'new_failure +broken +os=linux +PASS +FAIL')
        self.assertNotIn('rate_a', done.stdout)  # one run a side: outcomes
        self.cli.run('compare', a, b, '--suite', 's')
        self.cli.run('compare', b, b, '--suite', 's', '--strict')
        self.assertIn('rate_a', self.cli.run('compare', 'branch:main;last:10', 'branch:main;last:20', '--failing', '--suite', 's').stdout)

    def test_a_person_is_told_what_to_do_next(self):
        odd = self.name('odd', 'other').replace("'", "'\\''")
        broken, steady, shaky, mended = (self.name(short) for short in ('broken', 'steady', 'shaky', 'mended'))
        for arguments, hint in ((('summary',), 'next: resultsdb regressions'),
                                (('regressions', '--suite', 's'), f'next: resultsdb culprit {broken} --suite s'),
                                (('flaky',), f"next: resultsdb verdict '{odd}' --suite other"),
                                (('verdict', broken, '--suite', 's'), f'next: resultsdb culprit {broken} --suite s'),
                                (('verdict', steady, '--suite', 's'), f'next: resultsdb history {steady} --suite s'),
                                (('culprit', broken, '--suite', 's'), 'next: run what tells most'),
                                (('culprit', steady, '--suite', 's'), f'next: resultsdb verdict {steady} --suite s'),
                                (('facet-split', broken, '--suite', 's'), f'next: resultsdb culprit {broken} --suite s'),
                                (('facet-split', steady, '--suite', 's'), f'next: resultsdb verdict {steady} --suite s'),
                                (('fix-check', broken, mended, '--fix', at(38), '--suite', 's'),
                                 f'next: resultsdb clusters --last 0 --test {broken} --suite s'),
                                (('fix-check', shaky, '--fix', at(38), '--suite', 's'), f'next: run {shaky} '),
                                (('fix-check', mended, '--fix', at(18), '--suite', 's'), 'next: resultsdb regressions --suite s'),
                                (('durations', steady, '--suite', 's'), 'next: resultsdb slow --suite s'),
                                (('compare', 'commit:' + at(8), 'commit:' + at(40), '--suite', 's'),
                                 f'next: resultsdb verdict {broken} --suite s')):
            self.assertIn(hint, self.on_terminal(*arguments))
            self.assertNotIn('next:', self.cli.run(*arguments).stderr)
            self.assertNotIn('next:', self.on_terminal(*arguments, '--format', 'json'))

    def test_tables_of_short_names_fit(self):
        broken = self.name('broken')
        for arguments in (('summary', '--suite', 's'), ('culprit', broken, '--suite', 's'),
                          ('fix-check', broken, '--fix', at(38), '--suite', 's'), ('facet-split', broken, '--suite', 's'),
                          ('compare', 'commit:' + at(8), 'commit:' + at(40), '--suite', 's')):
            self.assertLessEqual(max(map(len, self.cli.run(*arguments).stdout.splitlines())), 100, arguments)


class Fixes(CliTest):
    def test_a_fix_of_some_tests_is_not_one_of_all(self):
        runs = []
        for i in range(1, 31):
            fails = {'a': 11 <= i < 21, 'b': i >= 11}
            cases = ''.join(f'<testcase name="{name}">{"<failure/>" if bad else ""}</testcase>' for name, bad in fails.items())
            self.write(f'{i}.xml', f'<testsuite name="t">{cases}</testsuite>')
            runs.append({'suite': 's', 'file': f'{i}.xml', 'commit': [at(i)], 'started': 1767225600 + 60 * i})
        self.write('runs.jsonl', '\n'.join(map(json.dumps, runs)))
        self.cli.run('import', '--manifest', 'runs.jsonl')
        item, = self.cli.json('regressions', '--state', 'all', '--kind', 'regression')
        fix = ('fix-check', '--regression', item['id'], '--fix', at(21), '--strict')
        self.assertEqual(self.cli.json(*fix, code=1)['summary'], {'fixed': 1, 'not_fixed': 1, 'too_early': 0, 'not_run': 0})
        first = self.cli.json(*fix, '--limit', '1', code=1)  # the other one was not looked at
        self.assertEqual((first['summary']['fixed'], first['truncated']), (1, True))


class Branches(CliTest):
    def test_of_branches_with_commits_of_one_second_the_run_s_own_is_named(self):
        """As after a rebase of several branches at once."""
        branches = {name: [f'{100 * number + i:040x}'[::-1] for i in range(20)] for number, name in enumerate('ab', 1)}
        self.write('commits.jsonl', '\n'.join(
            json.dumps({'repository': 'code', 'branch': branch, 'hash': commit, 'timestamp': 1767225600 + 60 * i})
            for branch, hashes in branches.items() for i, commit in enumerate(hashes)))
        for word, case in (('good', ''), ('bad', '<failure/>')):
            self.write(f'{word}.xml', f'<testsuite name="t"><testcase name="x">{case}</testcase></testsuite>')
        for broken in branches:
            cli = Cli('sqlite:' + self.path(f'{broken}.db'), self.folder.name)
            cli.run('commits', 'import', 'commits.jsonl')
            self.write('runs.jsonl', '\n'.join(
                json.dumps({'id': f'{branch}{i}', 'suite': 's', 'branch': branch, 'configuration': {'os': 'linux'}, 'commit': [f'code@{commit}'],
                            'started': 1767225600 + 60 * i, 'file': 'bad.xml' if branch == broken and i > 11 else 'good.xml'})
                for branch, hashes in branches.items() for i, commit in enumerate(hashes)))
            cli.run('import', '--manifest', 'runs.jsonl')
            good, bad = (f'code@{branches[broken][i][:12]}' for i in (11, 12))
            regression, = cli.json('regressions')
            self.assertEqual([regression[end]['label'] for end in ('last_good', 'first_bad')], [good, bad])
            self.assertIn(f'"({good}, {bad}]"', cli.run('regressions', '--format', 'csv').stdout)
            self.assertIn(cli.json('plan', '--suite', 's')[0]['at'], (good, bad))


if __name__ == '__main__':
    unittest.main(verbosity=2)
