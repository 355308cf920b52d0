"""The commands on small files: output shapes, exit codes, refusals that leave nothing behind."""
import csv
import io
import json
import os
import sqlite3
import subprocess
import unittest

from program import PROGRAM, Cli, CliTest, clean_environment

JUNIT = '''<?xml version="1.0"?>
<testsuite name="unit" tests="{tests}"><testcase classname="math" name="adds" time="0.003"/>
<testcase classname="math" name="divides" time="1.5">{divides}</testcase>
<testcase classname="math" name="skipped"><skipped message="no input"/></testcase></testsuite>
'''
FAILURE = '<failure message="expected 2, got 3">long text</failure>'


class Commands(CliTest):
    def import_junit(self, *arguments, divides=FAILURE, name='report.xml', **more):
        return self.cli.run('import', self.write(name, JUNIT.format(tests=3, divides=divides)), '--suite', 'unit', *arguments, **more)

    def test_import_and_ask(self):
        self.import_junit('--configuration', r'os=linux,style=a\,b', '--branch', 'main', '--started', '2026-01-02T03:04:05Z')
        self.assertEqual(self.cli.json('suites'), [{'suite': 'unit', 'tests': 3, 'runs': 1}])
        run, = self.cli.json('runs')
        self.assertEqual(set(run), {'id', 'suite', 'branch', 'configuration', 'attempt', 'state', 'position', 'started', 'commits',
                                    'counts', 'unexpected', 'lost'})
        self.assertEqual(run['configuration'], {'os': 'linux', 'style': 'a,b'})
        self.assertEqual(run['counts'], {'PASS': 1, 'FAIL': 1, 'SKIP': 1})
        self.assertEqual(run['unexpected'], {'FAIL': 1})
        self.assertEqual((run['position'], run['started'], run['commits']), (176732304500, '2026-01-02T03:04:05Z', []))
        self.assertEqual((run['state'], run['attempt'], run['lost']), ('final', 1, 0))
        failure, = self.cli.json('failures')
        self.assertEqual((failure['test'], failure['actual'], failure['message'], failure['run']),
                         ('math.divides', 'FAIL', 'expected 2, got 3', run['id']))
        self.assertEqual(self.cli.json('tests', '--suite', 'unit', '--prefix', 'math.d'), [{'suite': 'unit', 'test': 'math.divides'}])
        self.assertEqual(len(self.cli.json('tests', '--contains', 'ip')), 1)
        self.assertEqual(self.cli.json('configurations')[0]['configuration'], {'os': 'linux', 'style': 'a,b'})
        self.assertEqual(self.cli.json('check'), {'clean': True, 'problems': [], 'runs': 1, 'results': 3, 'changes': 2, 'repaired': False})

    def test_history(self):
        for day, divides in ((1, ''), (2, FAILURE), (3, FAILURE), (4, '')):
            self.import_junit('--started', f'2026-01-0{day}T00:00:00Z', '--configuration', 'os=linux', divides=divides)
        answer = self.cli.json('history', 'math.divides', '--suite', 'unit')
        self.assertEqual((answer['suite'], answer['test']), ('unit', 'math.divides'))
        timeline, = answer['timelines']
        self.assertEqual((timeline['branch'], timeline['configuration'], timeline['order_key']), ('', {'os': 'linux'}, 'time'))
        self.assertEqual([run['actual'] for run in timeline['runs']], ['PASS', 'FAIL', 'FAIL', 'PASS'])
        self.assertEqual([run['duration_ms'] for run in timeline['runs']], [1500.0] * 4)
        limited = self.cli.json('history', 'math.divides', '--suite', 'unit', '--limit', '2')
        self.assertEqual([run['actual'] for run in limited['timelines'][0]['runs']], ['PASS', 'FAIL'])
        none = self.cli.json('history', 'math.divides', '--suite', 'unit', '--configuration', 'os=mac')
        self.assertEqual(none['timelines'], [])
        skipped = self.cli.json('history', 'math.skipped', '--suite', 'unit', '--limit', '1')
        self.assertIsNone(skipped['timelines'][0]['runs'][0]['duration_ms'])
        rows = list(csv.DictReader(io.StringIO(self.cli.run('history', 'math.divides', '--suite', 'unit', '--format', 'csv').stdout)))
        self.assertEqual([row['actual'] for row in rows], ['PASS', 'FAIL', 'FAIL', 'PASS'])
        self.assertIn('1500', self.cli.run('history', 'math.divides', '--suite', 'unit').stdout)
        self.assertIn('no such test', self.cli.run('history', 'nope', '--suite', 'unit', code=2).stderr)

    def test_a_run_without_results_is_no_pass(self):
        self.import_junit('--started', '2026-01-01T00:00:00Z', divides='')
        self.write('runs.jsonl', json.dumps({'id': 'b', 'suite': 'unit', 'branch': '', 'configuration': {}, 'state': 'failed',
                                             'started': '2026-01-02T00:00:00Z', 'reason': 'build', 'file': None}) + '\n')
        self.cli.run('import', '--manifest', self.path('runs.jsonl'))
        self.assertRegex(self.cli.run('failures').stderr, r'warning: unit .*2026-01-02T00:00:00Z is failed, with 0 results')
        self.assertIn('is failed and has no result of this test', self.cli.run('history', 'math.adds', '--suite', 'unit').stdout)
        self.assertIn('no such runs', self.cli.run('failures', '--configuration', 'os=windows').stdout)
        self.assertIn('--suit', self.cli.run('failures', '--suit', 'unit', code=2).stderr)

    def test_importing_a_file_twice_is_one_run(self):
        first = self.import_junit()
        self.assertIn('stored:', first.stdout)
        self.assertIn('already imported:', self.import_junit().stdout)
        self.assertEqual(len(self.cli.json('runs')), 1)
        self.import_junit(divides='')
        self.assertEqual(len(self.cli.json('runs')), 2)

    def test_attributes_beyond_the_limit_are_named(self):
        properties = ''.join(f'<property name="p{i}" value="v"/>' for i in range(256))
        self.write('many.xml', f'<testsuite name="s"><properties>{properties}</properties><testcase name="t"/></testsuite>')
        told = self.cli.run('import', 'many.xml', '--suite', 'unit').stderr
        self.assertIn('limit: a run has at most 256 attributes; dropped: "p254" and 1 more\n', told)

    def test_folder_and_standard_input(self):
        self.write('results/a/one.xml', JUNIT.format(tests=3, divides=''))
        self.write('results/b/two.xml', '<testsuite name="more" tests="1"><testcase classname="text" name="joins"/></testsuite>')
        self.write('results/notes.txt', 'nothing to see')
        done = self.cli.run('import', self.path('results'), '--suite', 'unit')
        self.assertIn('notes.txt', done.stderr)
        self.assertEqual(self.cli.json('runs')[0]['counts'], {'PASS': 3, 'SKIP': 1})
        self.cli.run('import', '-', '--suite', 'piped', stdin=JUNIT.format(tests=3, divides=''))
        self.assertEqual([suite['suite'] for suite in self.cli.json('suites')], ['piped', 'unit'])

    def test_refused_files_leave_nothing(self):
        broken = self.write('broken.xml', JUNIT.format(tests=3, divides='<failure>')[:-20])
        cut = self.write('cut.txt', 'no result file')
        empty = self.write('empty.xml', '<testsuite name="unit" tests="0"/>')
        for path, code, reason in ((cut, 1, 'unknown format'), (empty, 1, 'no test'), (self.path('missing.xml'), 1, 'there is no such file')):
            done = self.cli.run('import', path, '--suite', 'unit', code=code)
            self.assertIn(reason, done.stderr)
            self.assertIn(os.path.basename(path), done.stderr)
        self.assertEqual(self.cli.json('suites'), [])
        self.cli.run('import', cut, self.write('good.xml', JUNIT.format(tests=3, divides='')), '--suite', 'unit', code=1)
        self.assertEqual(self.cli.json('suites'), [])
        self.cli.run('import', cut, self.path('good.xml'), '--suite', 'unit', '--keep-going')
        self.assertEqual(self.cli.json('runs')[0]['state'], 'incomplete')
        self.cli.run('import', broken, '--suite', 'unit', '--strict', code=1)
        twice = self.write('twice.xml', '<testsuite name="unit"><testcase classname="math" name="adds"/></testsuite>')
        self.assertIn('duplicate_name', self.cli.run('import', self.path('good.xml'), twice, '--suite', 'both').stderr)

    def test_strict_and_dry_run(self):
        self.import_junit('--strict', divides='')
        self.import_junit('--strict', code=1)
        before = self.cli.run('export').stdout
        self.assertIn('would store: 3 results', self.import_junit('--dry-run', name='again.xml').stdout)
        self.assertEqual(self.cli.run('export').stdout, before)
        nowhere = Cli('sqlite:' + self.path('nowhere.db'))
        self.assertIn('would store: 3 results', nowhere.run('import', '--dry-run', self.path('again.xml')).stdout)
        self.assertFalse(os.path.exists(self.path('nowhere.db')))

    def test_commits(self):
        lines = [{'repository': 'app', 'hash': f'{i:040x}', 'parents': [f'{i - 1:040x}'] if i > 1 else [], 'branch': 'main',
                  'timestamp': '2026-01-01T00:00:00+01:00' if i % 2 else 1767222000, 'message': f'change {i}'} for i in range(1, 6)]
        path = self.write('commits.jsonl', ''.join(json.dumps(line) + '\n' for line in lines))
        self.cli.run('commits', 'import', path)
        listed = self.cli.json('commits', '--repository', 'app')
        self.assertEqual([commit['subject'] for commit in listed], [f'change {i}' for i in (5, 4, 3, 2, 1)])
        self.assertEqual([commit['position'] for commit in listed][::-1], [176722200000 + i for i in range(5)])
        self.cli.run('commits', 'import', path)
        self.assertEqual(self.cli.json('commits'), listed)
        for number in (3, 1, 2):
            self.import_junit('--commit', f'app@{number:040x}', '--started', f'2026-02-0{4 - number}T00:00:00Z',
                              divides=FAILURE if number == 3 else '')
        runs = self.cli.json('history', 'math.divides', '--suite', 'unit')['timelines'][0]['runs']
        self.assertEqual([run['commits'] for run in runs], [[f'app@{i:040x}'] for i in (3, 2, 1)])
        self.assertEqual([run['actual'] for run in runs], ['FAIL', 'PASS', 'PASS'])
        failure, = self.cli.json('failures', '--commit', f'app@{3:040x}')
        self.assertEqual(failure['test'], 'math.divides')
        self.assertEqual(self.cli.json('failures', '--commit', f'app@{1:040x}'), [])
        done = self.import_junit('--commit', 'app@abcdef1', code=1)
        self.assertIn('abcdef1', done.stderr)
        bad = self.write('bad.jsonl', json.dumps(lines[0]) + '\n{"repository": "app", "hash": "xyz"}\n')
        self.assertIn('bad.jsonl:2', self.cli.run('commits', 'import', bad, code=1).stderr)

    def test_manifest(self):
        self.write('m/one.xml', JUNIT.format(tests=3, divides=''))
        manifest = self.write('m/runs.jsonl', '\n'.join(json.dumps(line) for line in (
            {'id': 'one', 'suite': 'unit', 'branch': 'main', 'configuration': {'bits': 64, 'debug': False, 'ratio': 1.5},
             'commit': [f'app@{7:040x}', f'lib@{8:040x}'], 'started': '2026-01-01T00:00:00Z', 'attempt': 2, 'file': 'one.xml'},
            {'id': 'broken-build', 'suite': 'unit', 'branch': 'main', 'started': 1767225600, 'state': 'failed',
             'reason': 'does not compile', 'file': None})) + '\n')
        done = self.cli.run('import', '--manifest', manifest)
        self.assertIn('2 runs stored', done.stdout)
        runs = {run['id']: run for run in self.cli.json('runs')}
        self.assertEqual(runs['one']['configuration'], {'bits': '64', 'debug': 'false', 'ratio': '1.5'})
        self.assertEqual((runs['one']['attempt'], len(runs['one']['commits'])), (2, 2))
        self.assertEqual((runs['broken-build']['state'], runs['broken-build']['counts']), ('failed', {}))
        self.assertEqual(self.cli.json('runs', '--state', 'failed')[0]['id'], 'broken-build')
        self.assertIn('2 already imported', self.cli.run('import', '--manifest', manifest).stdout)
        wrong = self.write('m/wrong.jsonl', '{"suite": "unit", "colour": "red", "file": null}\n')
        self.assertIn('wrong.jsonl:1: colour', self.cli.run('import', '--manifest', wrong, code=1).stderr)

    def test_a_run_that_is_refused_leaves_the_others_of_its_manifest(self):
        self.write('m/bad.xml', '<testsuite name="s"><properties><property name="resultsdb.configuration" value="novalue"/></properties>'
                   '<testcase name="a"/></testsuite>')
        self.write('m/good.xml', JUNIT.format(tests=3, divides=''))
        manifest = self.write('m/runs.jsonl', '{"suite": "unit", "file": "bad.xml"}\n{"suite": "unit", "file": "good.xml"}\n')
        done = self.cli.run('import', '--manifest', manifest, code=1)
        self.assertIn('1 runs stored', done.stdout)
        self.assertIn('runs.jsonl:1: this run was refused', done.stderr)
        wrong = self.write('m/wrong.jsonl', '{"suite": "unit", "attempt": 4294967297, "file": "good.xml"}\n')
        self.assertIn('wrong.jsonl:1: attempt', self.cli.run('import', '--manifest', wrong, code=1).stderr)

    def test_csv_is_one_whole_table(self):
        for system in ('linux', 'mac'):
            self.import_junit('--configuration', f'os={system}', '--commit', f'app@{7:040x}')
        rows = list(csv.DictReader(io.StringIO(self.cli.run('history', 'math.divides', '--suite', 'unit', '--format', 'csv').stdout)))
        self.assertEqual([(row['configuration'], row['commits']) for row in rows],
                         [('os=linux', f'app@{7:040x}'), ('os=mac', f'app@{7:040x}')])
        self.assertEqual(self.cli.run('check', '--format', 'csv').stdout, 'table,key,what\n')

    def test_ci_environment(self):
        sha = 'a' * 40
        env = {'GITHUB_ACTIONS': 'true', 'GITHUB_SHA': sha, 'GITHUB_REF_NAME': 'main', 'GITHUB_RUN_ID': '9', 'GITHUB_RUN_ATTEMPT': '2',
               'GITHUB_SERVER_URL': 'https://user:secret@example.org', 'GITHUB_REPOSITORY': 'o/app', 'RESULTSDB_REPOSITORY': 'app'}
        self.import_junit(env=env)
        run, = self.cli.json('runs')
        self.assertEqual((run['branch'], run['attempt'], run['commits']), ('main', 2, [f'app@{sha}']))
        shown = {row['key']: row['value'] for row in self.cli.json('env', env=env)}
        self.assertEqual(shown['url'], 'https://example.org/o/app/actions/runs/9')
        event = self.write('event.json', json.dumps({'pull_request': {'head': {'sha': 'b' * 40}, 'base': {'sha': 'c' * 40}}}))
        env.update(GITHUB_REF='refs/pull/26/merge', GITHUB_EVENT_PATH=event, GITHUB_HEAD_REF='topic')
        shown = {row['key']: row['value'] for row in self.cli.json('env', env=env)}
        self.assertEqual((shown['branch'], shown['change'], shown['head'], shown['base'], shown['merge']),
                         ('change/26', '26', 'b' * 40, 'c' * 40, sha))

        azure = {'TF_BUILD': 'True', 'BUILD_SOURCEVERSION': sha, 'SYSTEM_PULLREQUEST_SOURCECOMMITID': 'b' * 40,
                 'SYSTEM_PULLREQUEST_SOURCEBRANCH': 'refs/heads/topic', 'SYSTEM_PULLREQUEST_PULLREQUESTNUMBER': '26'}
        shown = {row['key']: row['value'] for row in self.cli.json('env', env=azure)}
        self.assertEqual((shown['branch'], shown['change'], shown['commit'], shown['head'], shown['merge']),
                         ('change/26', '26', sha, 'b' * 40, sha))

    def run_attributes(self):
        lines = self.cli.run('export').stdout.splitlines()
        return [dict(line['run']['attributes']) for line in map(json.loads, lines) if 'run' in line]

    def test_runs_say_where_their_facts_come_from(self):
        env = {'GITLAB_CI': 'true', 'CI_COMMIT_SHA': 'a' * 40, 'CI_COMMIT_BRANCH': 'main', 'RESULTSDB_CONFIGURATION': 'os=linux'}
        self.write('report.xml', '<testsuite name="s"><properties><property name="resultsdb.suite" value="unit"/>'
                                 '</properties><testcase name="t"/></testsuite>')
        self.cli.run('import', 'report.xml', '--repository', 'app', '--attempt', '2', env=env)
        attributes, = self.run_attributes()
        self.assertEqual({key: value for key, value in attributes.items() if key.startswith('source.')},
                         {'source.suite': 'file', 'source.branch': 'gitlab-ci', 'source.commit': 'gitlab-ci',
                          'source.configuration': 'environment', 'source.attempt': 'option'})

    def test_a_commit_of_a_file_needs_a_repository(self):
        self.write('report.xml', '<testsuite name="s"><properties><property name="resultsdb.commit" value="%s"/>'
                                 '</properties><testcase name="t"/></testsuite>' % ('d' * 40))
        self.assertIn('names no repository', self.cli.run('import', 'report.xml', '--suite', 'unit', code=1).stderr)
        self.cli.run('import', 'report.xml', '--suite', 'unit', '--repository', 'app')
        self.assertEqual(self.cli.json('runs')[0]['commits'], ['app@' + 'd' * 40])

    def test_the_clone_knows_short_commits(self):
        def git(*arguments):
            return subprocess.run(['git', '-c', 'user.name=a', '-c', 'user.email=a@b', '-C', self.folder.name, *arguments],
                                  capture_output=True, text=True, check=True).stdout.strip()
        buildkite = {'BUILDKITE': 'true', 'BUILDKITE_COMMIT': 'HEAD', 'BUILDKITE_BRANCH': 'main', 'RESULTSDB_STORE': ''}
        self.assertIn("names the commit 'HEAD', which is no full hash", self.import_junit(env=buildkite, code=2).stderr)
        git('init', '-q', '-b', 'main')
        git('commit', '-q', '--allow-empty', '-m', 'one')
        git('config', 'remote.origin.url', 'https://example.org/app.git')
        head = git('rev-parse', 'HEAD')
        self.import_junit(env=buildkite)
        self.assertEqual(self.cli.json('runs')[0]['commits'], ['app@' + head])
        short = {'BITBUCKET_BUILD_NUMBER': '7', 'BITBUCKET_COMMIT': head[:12]}
        shown = {row['key']: row['value'] for row in self.cli.json('env', env=short)}
        self.assertEqual((shown['commit'], shown['repository']), (head, 'app'))
        lines = self.cli.run('env', '--env-file', '-', env=buildkite).stdout.splitlines()
        self.assertEqual(lines, ['BUILDKITE=true', 'BUILDKITE_BRANCH=main', 'BUILDKITE_COMMIT=HEAD', f'RESULTSDB_COMMIT={head}',
                                 'RESULTSDB_REPOSITORY=app'])

    def test_env_file_says_the_same_elsewhere(self):
        env = {'GITLAB_CI': 'true', 'CI_COMMIT_SHA': 'a' * 40, 'CI_COMMIT_BRANCH': 'main', 'CI_PIPELINE_ID': '5', 'CI_JOB_NAME': 'two\nlines',
               'RESULTSDB_STORE': 'sqlite:x.db', 'RESULTSDB_REPOSITORY': 'app', 'UNRELATED': 'x'}
        self.cli.run('env', '--env-file', self.path('ci.env'), env=env)
        self.assertEqual(os.stat(self.path('ci.env')).st_mode & 0o777, 0o600)
        with open(self.path('ci.env'), encoding='utf-8') as file:
            written = dict(line.rstrip('\n').split('=', 1) for line in file)
        self.assertEqual(written, {'GITLAB_CI': 'true', 'CI_COMMIT_SHA': 'a' * 40, 'CI_COMMIT_BRANCH': 'main', 'CI_PIPELINE_ID': '5',
                                   'RESULTSDB_STORE': 'sqlite:x.db', 'RESULTSDB_REPOSITORY': 'app', 'RESULTSDB_COMMIT': 'a' * 40})

    def test_names_of_branches_are_no_changes(self):
        github = {'GITHUB_ACTIONS': 'true', 'GITHUB_SHA': 'a' * 40, 'GITHUB_REF': 'refs/heads/release/2024', 'GITHUB_REF_NAME': 'release/2024'}
        codebuild = {'CODEBUILD_BUILD_ID': 'x:1', 'CODEBUILD_SOURCE_VERSION': 'release/2024', 'CODEBUILD_WEBHOOK_HEAD_REF': 'refs/heads/release/2024'}
        for env in (github, codebuild):
            shown = {row['key']: row['value'] for row in self.cli.json('env', env=env)}
            self.assertEqual((shown['branch'], shown.get('change')), ('release/2024', None))
        codebuild['CODEBUILD_SOURCE_VERSION'] = 'pr/26'
        self.assertIn({'key': 'change', 'value': '26'}, self.cli.json('env', env=codebuild))
        azure = self.cli.json('env', env={'TF_BUILD': 'True', 'BUILD_SOURCEVERSION': 'a' * 40})
        self.assertNotIn('url', [row['key'] for row in azure])

    def test_messages_say_what_to_do(self):
        self.import_junit()
        os.mkdir(self.path('empty'))
        self.write('texts/a.txt', 'hello')
        for arguments, code, text in (
                (('import', 'missing.xml'), 1, 'missing.xml: there is no such file or folder'),
                (('import', 'empty'), 1, 'there is no file in this folder'),
                (('import', 'texts'), 1, "none of the 1 files is a result file"),
                (('import', 'report.xml', '--attempt', '0'), 2, '--attempt: must be 1'),
                (('import', 'report.xml', '--format', 'nope'), 1, 'known are junit, gtest'),
                (('import', '--manifest', 'none.jsonl'), 1, 'none.jsonl: this file is not there'),
                (('read', 'empty'), 1, 'empty: this is a folder'),
                (('history', 'math.divide', '--suite', 'unit'), 2, "did you mean 'math.divides'?"),
                (('history', 'MATH.ADDS', '--suite', 'unit'), 2, "did you mean 'math.adds'?"),
                (('history', 'zzzzzzzz', '--suite', 'unit'), 2, "has no such test; 'resultsdb tests --suite unit"),
                (('history', 'math.adds', '--suite', 'unti'), 2, "no suite 'unti'; did you mean 'unit'?"),
                (('history', 'math.adds', '--suite', 'others'), 2, "no suite 'others'; 'resultsdb suites' lists"),
                (('history', 'math.adds', '--suite', 'unit', '--limit', '-1'), 2, '--limit: must be 0 to'),
                (('failures', '--suite', 'nope'), 2, "there is no suite 'nope'"),
                (('failures', '--run', 'a', '--commit', 'app@b'), 2, 'not both'),
                (('histroy', 'x'), 2, "did you mean 'history'?")):
            self.assertIn(text, self.cli.run(*arguments, code=code).stderr, arguments)
        for arguments, text in ((['--stroe', 'x', 'runs'], "'--stroe' is no option"), (['--store'], '--store needs a value')):
            done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=clean_environment(), check=False)
            self.assertEqual((done.returncode, text in done.stderr), (2, True), done.stderr)

    def test_export_moves_a_store(self):
        for day in (1, 2, 3):
            self.import_junit('--started', f'2026-01-0{day}T00:00:00Z', '--commit', f'app@{day:040x}', divides=FAILURE if day == 2 else '')
        exported = self.cli.run('export', self.path('all.jsonl')) and open(self.path('all.jsonl'), encoding='utf-8').read()
        other = Cli('sqlite:' + self.path('other.db'))
        other.run('import-export', self.path('all.jsonl'))
        self.assertEqual(other.run('export').stdout, exported)
        self.assertIn('0 runs added, 3 already there', other.run('import-export', self.path('all.jsonl')).stdout)
        self.assertEqual(other.json('history', 'math.divides', '--suite', 'unit'), self.cli.json('history', 'math.divides', '--suite', 'unit'))

    def test_export_replaces_its_file_whole_or_not_at_all(self):
        self.import_junit('--started', '2026-01-01T00:00:00Z')
        target, link = self.path('all.jsonl'), self.path('link.jsonl')
        self.write('all.jsonl', 'old')
        os.chmod(target, 0o640)
        os.symlink('all.jsonl', link)
        self.cli.run('export', link)
        exported = self.cli.run('export').stdout
        with open(target, encoding='utf-8') as file:
            self.assertEqual(file.read(), exported)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o640)

        before = os.listdir(self.folder.name)
        with sqlite3.connect(self.path('results.db')) as database:
            database.execute("UPDATE run_outcomes SET blob = x'00'")
        refused = self.cli.run('export', target, code=3).stderr
        self.assertIn('checksum', refused)
        with open(target, encoding='utf-8') as file:
            self.assertEqual(file.read(), exported)
        self.assertEqual(os.listdir(self.folder.name), before)
        self.cli.run('export', self.path('new.jsonl'), code=3)
        self.assertFalse(os.path.exists(self.path('new.jsonl')))

    def test_export_to_a_full_disk_or_nowhere(self):
        self.import_junit()
        for full in (self.cli.run('export', '/dev/full', code=3),
                     self.cli.run('export', code=3, stdout='/dev/full')):
            self.assertIn('not everything could be written', full.stderr)
        self.assertIn('name a file in a folder', self.cli.run('export', self.path('no/such/folder'), code=2).stderr)
        self.assertIn('name a file in a folder', self.cli.run('export', self.folder.name, code=2).stderr)

    def test_purge(self):
        for day in (1, 2, 3):
            self.import_junit('--started', f'2026-01-0{day}T00:00:00Z')
        self.assertIn('2 runs would', self.cli.run('purge', '--before', '2026-01-03T00:00:00Z', '--dry-run').stdout)
        self.assertEqual(len(self.cli.json('runs')), 3)
        self.cli.run('purge', '--before', '2026-01-03T00:00:00Z')
        run, = self.cli.json('runs')
        self.cli.run('purge', '--run', run['id'])
        self.assertEqual(self.cli.json('runs'), [])
        self.assertEqual(self.cli.json('suites'), [], 'a suite without runs is none')
        self.assertTrue(self.cli.json('check')['clean'])
        self.cli.run('purge', code=2)
        self.import_junit()
        self.assertEqual(self.cli.json('suites'), [{'suite': 'unit', 'tests': 3, 'runs': 1}])

    def test_check_finds_damage(self):
        self.import_junit()
        with sqlite3.connect(self.path('results.db')) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            changes, = [name for name in tables if 'change' in name]
            database.execute(f'DELETE FROM "{changes}"')
        answer = self.cli.json('check', code=1)
        self.assertFalse(answer['clean'])
        self.assertEqual(set(answer['problems'][0]), {'table', 'key', 'what'})
        self.cli.run('check', '--repair', code=1)
        self.assertTrue(self.cli.json('check')['clean'])
        self.assertEqual(len(self.cli.json('failures')), 1)

    def test_read(self):
        path = self.write('report.xml', JUNIT.format(tests=3, divides=FAILURE))
        answer = self.cli.json('read', path)
        self.assertEqual(answer['counts']['total'], 3)
        self.assertEqual([test['outcome'] for test in answer['tests']], ['PASS', 'FAIL', 'SKIP'])
        refused = self.cli.json('read', self.write('x.txt', 'nothing'), code=1)
        self.assertEqual((refused['error'], refused['incomplete'], refused['tests']), ('unknown format', True, []))

    def test_exit_codes(self):
        self.cli.run('nonsense', code=2)
        self.cli.run('runs', '--colour', code=2)
        self.cli.run('runs', '--format', 'yaml', code=2)
        self.cli.run('import', code=2)
        self.cli.run('help')
        Cli('sqlite:' + self.path('missing.db')).run('runs', code=3)
        Cli('nosuch:thing').run('runs', code=2)
        foreign = self.write('foreign.db', 'this is no database, but long enough to be taken for one' * 40)
        done = Cli('sqlite:' + foreign).run('runs', code=3)
        self.assertIn('foreign.db', done.stderr)
        self.assertTrue(open(foreign, encoding='utf-8').read().startswith('this is no database'))
        none = subprocess.run([PROGRAM, 'runs'], capture_output=True, text=True, env=clean_environment(), check=False)
        self.assertEqual((none.returncode, 'RESULTSDB_STORE' in none.stderr), (2, True))

    def test_migrate(self):
        self.import_junit()
        self.assertIn('schema version', self.cli.run('migrate').stdout)


if __name__ == '__main__':
    unittest.main(verbosity=2)
