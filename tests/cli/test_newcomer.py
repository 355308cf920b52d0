"""What somebody meets who uses the program for the first time: times, commits and suites that are not named, and what is said of them."""
import json
import os
import subprocess
import unittest

from program import Cli, CliTest

CLOCK = '2026-01-02T03:04:05'


def junit(stamp=CLOCK + 'Z', cases='<testcase name="a"/>'):
    return f'<testsuite name="t" timestamp="{stamp}">{cases}</testsuite>'


class Newcomer(CliTest):
    def add(self, name, *arguments, **more):
        """Imports with all that a run should have."""
        return self.cli.run('import', name, '--suite', 's', '--configuration', 'os=linux', '--commit', 'app@' + 'ab' * 20,
                            *arguments, **more)

    def starts(self):
        return [run['started'] for run in self.cli.json('runs')]

    def test_a_time_without_a_zone_is_no_start_and_that_is_said(self):
        done = self.add(self.write('a.xml', junit(CLOCK)))
        self.assertNotIn('2026-01-02', self.starts()[0])
        self.assertIn(f'warning: the time {CLOCK} in the file names no time zone, so the run starts now; pass --timezone', done.stderr)
        self.assertRegex(done.stdout, r'started 2\S+Z \(now')

    def test_the_start_of_the_file_is_said(self):
        self.assertIn(f'started {CLOCK}Z (from the file)', self.add(self.write('a.xml', junit())).stdout)

    def test_a_time_zone_is_said_once_for_many_files(self):
        for i in range(3):
            self.write(f'many/{i}.xml', junit(f'{CLOCK}.{i}'))
        for more in ((), ('--run-per-file',)):
            self.assertEqual(self.add('many', '--dry-run', *more).stderr.count('no time zone'), 1)

    def test_timezone(self):
        for zone, start in (('+02:00', '01:04:05'), ('-05:30', '08:34:05'), ('UTC', '03:04:05'), ('Europe/Berlin', '02:04:05')):
            self.write('a.xml', junit(CLOCK, f'<testcase name="{zone}"/>'))
            self.assertNotIn('zone', self.add('a.xml', '--timezone', zone).stderr, zone)
            self.assertIn(f'2026-01-02T{start}Z', self.starts(), zone)
        self.assertEqual(len(self.starts()), 4)

    def test_a_file_that_is_imported_again_keeps_its_start_and_that_is_said(self):
        self.write('a.xml', junit(CLOCK))
        self.add('a.xml')
        run, = self.cli.json('runs')
        done = self.add('a.xml', '--timezone', 'UTC')
        self.assertEqual(self.starts(), [run['started']])
        self.assertIn(f"keeps its start {run['started']}; to have {CLOCK}Z, 'resultsdb purge --run {run['id']}'", done.stderr)
        told = json.loads(self.add('a.xml', '--timezone', 'UTC', '--json').stdout)
        self.assertEqual((told['stored'], told['started_from'], [warning['code'] for warning in told['warnings']]),
                         ('unchanged', 'kept', ['start_kept']))
        self.cli.run('purge', '--run', run['id'])
        self.add('a.xml', '--timezone', 'UTC')
        done = self.add('a.xml', '--timezone', 'UTC', '--json')
        self.assertEqual((self.starts(), done.stderr, json.loads(done.stdout)['started_from']), ([CLOCK + 'Z'], '', 'file'))

    def test_timezone_knows_summer_and_the_machine(self):
        self.add(self.write('a.xml', junit('2026-07-02T03:04:05.25')), '--timezone', 'Europe/Berlin')
        self.assertEqual(self.starts(), ['2026-07-02T01:04:05.250Z'])
        self.add(self.write('b.xml', junit('2026-07-02T03:04:05.25', '')), '--allow-empty', '--timezone', 'local', env={'TZ': 'America/New_York'})
        self.assertIn('2026-07-02T07:04:05.250Z', self.starts())

    def test_timezone_is_for_times_without_one(self):
        self.add(self.write('a.xml', junit()), '--timezone', '+02:00')
        self.add(self.write('b.xml', junit(CLOCK)), '--started', '2026-05-05T00:00:00Z')
        self.assertEqual(set(self.starts()), {CLOCK + 'Z', '2026-05-05T00:00:00Z'})

    def test_a_given_start_needs_no_zone(self):
        done = self.add(self.write('a.xml', junit(CLOCK)), '--started', '2026-05-05T00:00:00Z')
        self.assertNotIn('zone', done.stderr)
        self.assertIn('started 2026-05-05T00:00:00Z (as given)', done.stdout)

    def test_no_time_at_all(self):
        self.assertRegex(self.add(self.write('a.xml', junit('soon'))).stdout, r'started 2\S+Z \(now: neither --started nor the file')

    def test_wrong_zones(self):
        self.write('a.xml', junit(CLOCK))
        self.write('zones/up', 'no zone')
        for zone in ('Europe/Nowhere', '../zones/up', self.path('zones/up'), '', '2', '+2', '+25:00', 'Europe'):
            self.assertIn('Europe/Berlin', self.add('a.xml', '--timezone', zone, code=2).stderr, zone)
        self.assertFalse(os.path.exists(self.path('results.db')))

    def test_what_a_run_lacks_is_said_once(self):
        for i in range(3):
            self.write(f'many/{i}.xml', junit(f'2026-01-0{i + 1}T00:00:00Z'))
        done = self.cli.run('import', 'many', '--run-per-file')
        for lacking in ('--commit REPOSITORY@REF', '--configuration FACET=VALUE', "the suite is 'generic'; pass --suite"):
            self.assertEqual(done.stderr.count(lacking), 1, lacking)
        self.assertEqual(len(self.starts()), 3)
        for option in (('--commit', 'app@' + 'ab' * 20), ('--configuration', 'os=linux'), ('--suite', 's')):
            self.assertNotIn('pass ' + option[0], self.cli.run('import', 'many', '--dry-run', *option).stderr)
        self.assertEqual(self.cli.run('import', 'many', '--dry-run', '--suite', 's').stderr.count('pass'), 2)
        self.assertEqual(self.add('many/0.xml', '--dry-run').stderr, '')

    def test_in_a_clone_the_commit_to_pass_is_named(self):
        here, _ = self.clone()
        self.write('app/a.xml', junit())
        self.assertIn('pass --commit app@HEAD\n', here.run('import', 'a.xml', '--dry-run').stderr)

    def clone(self):
        """The program in a clone of app with three commits, the second of them tagged v1; and their hashes."""
        def git(*arguments):
            return subprocess.run(['git', '-c', 'user.name=a', '-c', 'user.email=a@b', '-C', self.path('app'), *arguments],
                                  capture_output=True, text=True, check=True).stdout.strip()
        os.makedirs(self.path('app'))
        git('init', '-q', '-b', 'main')
        for i in range(3):
            git('commit', '-q', '--allow-empty', '-m', str(i))
        git('tag', 'v1', 'HEAD~1')
        return Cli(self.cli.store, self.path('app')), git('log', '--format=%H').split()

    def test_commits_are_named_as_in_import(self):
        here, (head, tagged, first) = self.clone()
        for number, commit in enumerate(('HEAD', 'app@v1')):
            failure = '' if number else '<failure message="no"/>'
            self.write('app/a.xml', junit(f'2026-01-0{5 - number}T00:00:00Z', f'<testcase name="a">{failure}</testcase>'))
            here.run('import', 'a.xml', '--suite', 's', '--configuration', 'os=linux', '--commit', commit)
        self.assertEqual([run['commits'] for run in here.json('runs')], [['app@' + head], ['app@' + tagged]])
        for name in ('app@HEAD', 'HEAD', 'app@main', head[:9], 'main'):
            self.assertEqual(len(here.json('failures', '--commit', name)), 1, name)
        for name in ('app@v1', 'v1', 'app@HEAD~1', tagged[:7]):
            self.assertEqual(here.json('failures', '--commit', name), [], name)
        for a, b in (('v1', 'HEAD'), ('app@v1', 'app@HEAD'), (tagged[:8], head)):
            self.assertEqual(here.json('compare', 'commit:' + a, 'commit:' + b)['counts']['new_failure'], 1, a)
        here.run('gate', 'commit:v1', 'commit:HEAD', code=1)
        here.run('gate', 'commit:HEAD', 'commit:v1', code=0)
        test, = (row['test'] for row in here.json('tests'))
        here.run('culprit', test, '--near', 'HEAD')
        self.assertEqual(here.json('regressions', '--commit', 'HEAD'), [])
        self.assertEqual(len(here.json('clusters', '--commit', 'HEAD')), 1)

        elsewhere = self.cli
        for clone in ('app', 'app=app', 'app=' + self.path('app')):
            self.assertEqual(len(elsewhere.json('failures', '--commit', 'app@HEAD', '--git-clone', clone)), 1, clone)

        def why(cli, *arguments):
            return cli.run('failures', *arguments, code=2).stderr
        self.assertIn('this folder is no git clone that could tell; --git-clone PATH', why(elsewhere, '--commit', 'app@HEAD'))
        self.assertIn("is of the repository 'app'; --git-clone web=PATH names another", why(here, '--commit', 'web@HEAD'))
        self.assertIn('neither does the git clone of this folder', why(here, '--commit', 'app@v9'))
        self.assertIn(f"this is {first[:12]}, of which the store has no run; 'resultsdb commits", why(here, '--commit', 'HEAD~2'))
        self.assertIn('--git-clone', why(elsewhere, '--commit', 'app@HEAD', '--git-clone', 'nowhere'))
        self.assertEqual(len(here.json('commits')), 2, 'asking registers nothing')

    def test_json(self):
        self.write('a.xml', junit(CLOCK, '<testcase name="a"/><testcase name="b"><failure/></testcase>'))
        first = self.json_lines('a.xml')[0]
        run, = self.cli.json('runs')
        self.assertEqual([warning['code'] for warning in first.pop('warnings')],
                         ['no_time_zone', 'no_commit', 'no_configuration', 'no_suite'])
        self.assertEqual(first, {'stored': 'added', 'run': run['id'], 'started': run['started'], 'suite': 'generic', 'branch': '', 'configuration': {},
                                 'commits': [], 'started_from': 'now', 'state': 'final', 'results': 2,
                                 'counts': {'FAIL': 1, 'PASS': 1}, 'lost': 0})
        again, = self.json_lines('a.xml')
        self.assertEqual((again['stored'], again['run']), ('unchanged', run['id']))
        planned, = self.json_lines('a.xml', '--dry-run', '--suite', 's')
        self.assertEqual((planned['stored'], planned['results'], planned['suite']), ('dry_run', 2, 's'))
        self.write('b.xml', junit('soon'))
        given, unknown = self.json_lines('a.xml', '--started', '5')[0], self.json_lines('b.xml')[0]
        self.assertEqual((given['started_from'], unknown['started_from']), ('option', 'now'))

    def json_lines(self, *arguments):
        return [json.loads(line) for line in self.cli.run('import', *arguments, '--json').stdout.splitlines()]

    def test_files_of_a_folder_are_one_run_and_that_is_said(self):
        for i in range(2):
            self.write(f'many/{i}.xml', junit(cases=f'<testcase name="{i}"/>'))
        done = self.add('many')
        self.assertIn('these 2 files become one run; --run-per-file', done.stderr)
        self.assertEqual([run['counts'] for run in self.cli.json('runs')], [{'PASS': 2}])
        self.assertEqual(self.add('many/0.xml', '--dry-run').stderr, '')

    def test_files_of_one_start_are_several_runs(self):
        for i in range(3):
            self.write(f'many/{i}.xml', junit(cases=f'<testcase name="{i}"/>'))
        self.assertIn('3 runs stored, 0 replaced', self.add('many', '--run-per-file').stdout)
        self.assertEqual(len(self.starts()), 3)
        self.assertIn('0 runs stored, 0 replaced, 3 already imported', self.add('many', '--run-per-file').stdout)

    def test_a_replaced_run_is_said(self):
        self.add(self.write('a.xml', junit()))
        done = self.add(self.write('b.xml', junit(cases='<testcase name="other"/>')))
        self.assertTrue(done.stdout.startswith('replaced the run of the same place and start: '), done.stdout)


if __name__ == '__main__':
    unittest.main()
