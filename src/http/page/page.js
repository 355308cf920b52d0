'use strict';
// The state is in the query: nothing = overview, suite = its runs, suite and test = its history (pairs of them may repeat), run = its failures.

const content = document.getElementById('content');
const message = document.getElementById('message');

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

function url(path, parameters) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== '' && one !== null && one !== undefined) query.append(key, one);
  }
  return `${path}?${query}`;
}

async function get(path, parameters = {}) {
  const response = await fetch(url(`/v1${path}`, parameters));
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail || response.statusText);
  return answer;
}

function link(parameters, text) {
  return element('a', {href: url('/', parameters)}, text);
}

function table(columns, rows) {
  const head = element('tr', {}, ...columns.map(([title, kind]) => element('th', {scope: 'col', class: kind || ''}, title)));
  const body = rows.map((row) =>
    element('tr', {}, ...row.map((cell, i) => element('td', {class: columns[i][1] || ''}, cell))));
  return element('div', {class: 'scroll'},
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...body)));
}

// Good only what ran to its end with results: a build that failed has no failing test either.
function failing(counts, state = 'final') {
  const bad = counts.covered - counts.pass - counts.warn - counts.skip;
  if (!counts.covered) return element('span', {class: 'dim', title: 'no results'}, '–');
  const good = state === 'final' && !counts.lost;
  return element('span', {class: bad ? 'bad' : good ? 'good' : 'dim'}, bad);
}

function day(time) {
  return time ? time.slice(0, 16).replace('T', ' ') : '';
}

function commitNames(run) {
  return run.commits.map((commit) => `${commit.repository}@${commit.label}`).join(', ');
}

async function showSuites() {
  const {items} = await get('/suites', {limit: 1000});
  content.append(element('h2', {}, 'Suites'));
  if (!items.length) content.append(element('p', {}, 'Nothing is stored yet: send a run to POST /v1/runs or /v1/import.'));
  content.append(table(
    [['Suite'], ['Tests', 'number'], ['Timelines', 'number'], ['Runs', 'number'], ['Failing in the newest runs', 'number'], ['Newest (UTC)']],
    items.map((suite) => [link({suite: suite.suite}, suite.suite), suite.tests, suite.timelines, suite.runs,
      failing(suite.counts, 'of several runs'), day(suite.newest)])));
}

async function showRuns(suite) {
  const answer = await get('/runs', {suite, limit: 50, sort: '-started'});
  content.append(element('h2', {}, suite ? `Newest runs of ${suite}` : 'Newest runs'));
  content.append(table(
    [['Started (UTC)'], ['Suite'], ['Branch'], ['Configuration'], ['Commits'], ['State'], ['Results', 'number'], ['Failing', 'number']],
    answer.items.map((run) => [link({suite: run.suite, run: run.id}, day(run.started)), link({suite: run.suite}, run.suite),
      run.branch, run.configuration.label, commitNames(run), run.state, run.counts.covered,
      failing(run.counts, run.state)])));
}

function outcomeText(outcome) {
  return outcome.expected === 'PASS' ? outcome.actual : `${outcome.actual} (expected ${outcome.expected})`;
}

async function showRun(suite, id) {
  const path = `/runs/${encodeURIComponent(id)}`;
  const [run, answer] = await Promise.all([get(path, {suite}), get(`${path}/failures`, {suite, limit: 1000})]);
  content.append(element('h2', {}, `${run.suite}, ${day(run.started)} UTC`));
  content.append(element('p', {},
    `${run.branch} · ${run.configuration.label} · ${commitNames(run)} · ${run.state} · ${run.counts.covered} results, `,
    failing(run.counts, run.state), ` failing, ${run.counts.lost} lost`));
  for (const [name, other] of [['older', run.previous], ['newer', run.next]]) {
    if (other) content.append(element('p', {}, link({suite, run: other}, `${name} run`)));
  }
  const outcomes = new Map(answer.outcomes.map((outcome) => [outcome.id, outcome]));
  const items = answer.groups.flatMap((group) => group.items);
  content.append(table([['Failing test'], ['Outcome'], ['Seconds', 'number']],
    items.map((item) => [link({suite: run.suite, test: item.test}, item.test), outcomeText(outcomes.get(item.outcome)),
      item.duration_us === undefined ? '' : (item.duration_us / 1e6).toFixed(3)])));
  if (answer.total > items.length) content.append(element('p', {}, `${answer.total - items.length} more are not shown.`));
}

function expand(rle) {
  const values = [];
  for (let i = 0; i < rle.length; i += 2) for (let n = 0; n < rle[i]; ++n) values.push(rle[i + 1]);
  return values;
}

function cell(outcome, suite, run, started) {
  const when = day(new Date(started * 1000).toISOString());
  if (!outcome) return element('span', {class: 'cell none', title: `${when}: no result`});
  const kind = outcome.failing ? 'failing' : outcome.class === 'pass' ? 'pass' : 'other';
  const text = `${when}: ${outcomeText(outcome)}`;
  return element('a', {
    class: `cell ${kind} ${outcome.unexpected ? '' : 'expected'}`, href: url('/', {suite, run}), title: text, 'aria-label': text,
  });
}

async function showTest(suite, test) {
  const history = await get('/history', {suite, test, range: 'last:80', include: 'run_ids'});
  content.append(element('h2', {}, test));
  if (history.unknown_tests.length) content.append(element('p', {}, 'There is no test of this name in the suite.'));
  const outcomes = new Map(history.outcomes.map((outcome) => [outcome.id, outcome]));
  const rows = history.series.map((series) => {
    const timeline = history.timelines[series.timeline];
    let started = 0;
    const cells = expand(series.outcomes).map((id, run) => {
      started += timeline.started_s[run];
      return cell(outcomes.get(id), suite, timeline.run_id[run], started);
    });
    return [timeline.branch, history.configurations[timeline.configuration].label, element('div', {class: 'strip'}, ...cells)];
  });
  content.append(table([['Branch'], ['Configuration'], ['Newest run first']], rows));
  content.append(element('p', {class: 'dim'}, 'Low bar: pass; grey: skipped or another word. Full bar: failure; hollow: an expected one. Base line: no result.'));
}

async function prepareForm(suite, test) {
  const {items} = await get('/suites', {recent: false, limit: 1000});
  const select = document.getElementById('suite');
  for (const {suite: name} of items) select.append(element('option', {value: name}, name));
  if (suite) select.value = suite;
  const input = document.getElementById('test');
  input.value = test || '';
  let asked = 0;
  input.addEventListener('input', async () => {
    const mine = ++asked;
    if (input.value.length < 2) return;
    const found = await get('/tests', {suite: select.value, name: input.value, limit: 20});
    if (mine !== asked) return;
    document.getElementById('names').replaceChildren(...found.items.map((item) => element('option', {value: item.test})));
  });
  document.getElementById('lookup').addEventListener('submit', (event) => {
    event.preventDefault();
    location.href = url('/', {suite: select.value, test: input.value});
  });
}

async function show() {
  const query = new URLSearchParams(location.search);
  const [suite, test, run] = ['suite', 'test', 'run'].map((key) => query.get(key));
  await prepareForm(suite, test);
  if (run) await showRun(suite, run);
  else if (suite && test) {
    const tests = query.getAll('test');
    for (const [i, name] of query.getAll('suite').entries()) if (tests[i]) await showTest(name, tests[i]);
  }
  else if (suite) await showRuns(suite);
  else {
    await showSuites();
    await showRuns(undefined);
  }
  message.textContent = '';
  document.getElementById('version').textContent = `version ${(await get('/server')).version}`;
}

show().catch((error) => {
  message.className = 'bad';
  message.textContent = `This could not be shown: ${error.message}`;
});
