// The pages Main, Suites, Investigate and Commits: everything that can be shared is in the address.
import {COMMITS_LIMITS, DEFAULT_ARCHITECTURE} from './constants.js';

const SHOWN = 80;  // runs of a configuration beside each other
const TYPES = [  // of states, worst first, and how many of a suite's tests are at least that bad
  {type: 'crashed', symbol: '!', states: ['CRASH'], counter: 'crashed'},
  {type: 'timedout', symbol: 't', states: ['TIMEOUT'], counter: 'timedout'},
  {type: 'image', symbol: 'I', states: ['IMAGE']},
  {type: 'failed', symbol: '✗', states: ['AUDIO', 'TEXT', 'FAIL', 'ERROR'], counter: 'failed'},
  {type: 'warning', symbol: '?', states: ['WARNING']},
  {type: 'success', symbol: '✓', states: ['PASS']},
];
const CONFIGURATION = ['platform', 'version', 'version_name', 'is_simulator', 'architecture', 'model', 'style', 'flavor', 'sdk'];

const content = document.getElementById('content');
const message = document.getElementById('message');  // not there on a page that is complete as it comes
const query = new URLSearchParams(location.search);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

function address(path, parameters) {
  const text = String(new URLSearchParams(parameters));
  return text ? `${path}?${text}` : path;
}

function link(path, parameters, text) {
  return element('a', {href: address(path, parameters)}, text);
}

function table(titles, rows) {
  const head = element('tr', {}, ...titles.map((title) => element('th', {scope: 'col'}, title)));
  return element('div', {class: 'scroll'}, element('table', {}, element('thead', {}, head),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell)))))));
}

// The answer; null if there is nothing of that kind.
async function get(path, parameters = []) {
  const response = await fetch(address(`/api/${path}`, parameters));
  const answer = await response.json();
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(answer.description || response.statusText);
  return answer;
}

// A suite or a test within a path of the API.
function segments(name) {
  return name.replaceAll('#', '$23').replaceAll('?', '$3F').split('/').map(encodeURIComponent).join('/');
}

function parametersBut(...names) {
  return [...query].filter(([name]) => !names.includes(name));
}

function version(number) {
  return `${Math.floor(number / 1e6) % 1000}.${Math.floor(number / 1000) % 1000}.${number % 1000}`;
}

function label(configuration) {
  const parts = [configuration.version_name ?? `${configuration.platform} ${version(configuration.version)}`,
    configuration.is_simulator ? 'Simulator' : '', configuration.flavor, configuration.style,
    configuration.model && `on ${configuration.model}`,
    configuration.architecture?.includes(DEFAULT_ARCHITECTURE) ? '' : `with ${configuration.architecture}`,
    configuration.sdk && `(${configuration.sdk})`];
  return parts.filter(Boolean).join(' ');
}

function configurationParameters(configuration) {
  return CONFIGURATION.filter((name) => name in configuration).map((name) =>
    [name, name === 'version' ? version(configuration.version) : String(configuration[name])]);
}

function runParameters(suite, configuration, run) {
  const parameters = [['suite', suite], ['uuid', run.uuid], ['after_time', run.start_time], ['before_time', run.start_time],
    ...configurationParameters(configuration)];
  return query.has('branch') ? [...parameters, ['branch', query.get('branch')]] : parameters;
}

function time(seconds) {
  return new Date(seconds * 1000).toLocaleString();
}

function typeOfStates(text) {
  const states = text.split(' ');
  return TYPES.find(({states: known}) => known.some((state) => states.includes(state))) ?? TYPES.at(-1);
}

function typeOfStats(stats) {
  return TYPES.find(({counter}) => counter && stats[`tests_${counter}`] > 0) ?? TYPES.at(-1);
}

function dot({type, symbol}, text, target) {
  return element('a', {class: `dot ${type}`, href: target, title: text, 'aria-label': text}, symbol);
}

// A row for each configuration, with its newest runs.
function timelines(suite, groups, describe) {
  return table(['Configuration', 'Newest run first'], groups.map(({configuration, results}) => {
    const dots = results.slice(-SHOWN).reverse().map((run) => {
      const {type, text} = describe(run);
      return dot(type, `${time(run.start_time)}: ${text}`, address('/investigate', runParameters(suite, configuration, run)));
    });
    const queue = [['suite', suite], ...configurationParameters(configuration)];
    return [link('/urls/queue', queue, label(configuration)), element('div', {class: 'strip'}, ...dots)];
  }));
}

async function suites(...filters) {
  const answer = await get('suites', parametersOf([...CONFIGURATION, 'recent', 'branch', ...filters]));
  return [...new Set((answer ?? []).flatMap(([, names]) => names))].sort();
}

function parametersOf(names) {
  return [...query].filter(([name]) => names.includes(name));
}

// Of each configuration as many runs as fit.
function limited(parameters) {
  return query.has('limit') ? parameters : [...parameters, ['limit', SHOWN]];
}

async function bugButtons(suite, test, groups) {
  const trackers = await get('bug-trackers') ?? [];
  const repositories = await get('commits/repositories') ?? [];
  return trackers.map((tracker) => {
    const button = element('button', {type: 'button'}, `Report to ${tracker}`);
    button.addEventListener('click', async () => {
      const selectedRows = groups.map(({configuration, results}) => ({config: configuration, results}));
      const response = await fetch(`/api/bug-trackers/${encodeURIComponent(tracker)}/create-bug`, {
        method: 'PUT', headers: {'Content-Type': 'application/json'},
        body: JSON.stringify({selectedRows, willFilterExpected: true, repositories, suite, test}),
      });
      const answer = await response.json();
      if (!response.ok) message.textContent = answer.description;
      else if (answer.newWindow) window.open(answer.url, '_blank', 'noopener');
      else location.href = answer.url;
    });
    return button;
  });
}

async function showTest(suite, test, index) {
  const groups = await get(`results/${segments(suite)}/${segments(test)}`, limited(parametersBut('suite', 'test')));
  const without = (name) => query.getAll(name).filter((value, i) => i !== index).map((value) => [name, value]);
  const remaining = [...parametersBut('suite', 'test'), ...without('suite'), ...without('test')];
  content.append(element('h2', {}, `${test} (${suite}) `, link('/search', remaining, 'remove')));
  if (!groups?.length) {
    content.append(element('p', {}, 'No results found for the requested test under the selected configuration.'));
    return;
  }
  content.append(timelines(suite, groups, (run) => ({type: typeOfStates(run.actual), text: run.expected === 'PASS' ? run.actual : `${run.actual} (expected ${run.expected})`})),
    ...await bugButtons(suite, test, groups));
}

async function searchForm(names) {
  const select = element('select', {name: 'suite'}, ...names.map((name) => element('option', {value: name}, name)));
  const input = element('input', {name: 'test', type: 'search', size: 50, list: 'names', autocomplete: 'off', placeholder: 'Search test'});
  const list = element('datalist', {id: 'names'});
  const form = element('form', {role: 'search'}, element('label', {}, 'Suite ', select), element('label', {}, 'Test ', input), list,
    element('button', {type: 'submit'}, 'Show'));
  let asked = 0;
  input.addEventListener('input', async () => {
    const mine = ++asked;
    const found = await get(`${segments(select.value)}/tests`, [['test', input.value], ['limit', 10]]);
    if (mine === asked) list.replaceChildren(...(found ?? []).map((name) => element('option', {value: name})));
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!input.value) return;
    location.href = address('/search', [['suite', select.value], ['test', input.value], ...query]);
  });
  return form;
}

async function showMain() {
  const names = await suites();
  content.append(await searchForm(names));
  const [ofSuites, tests] = ['suite', 'test'].map((name) => query.getAll(name));
  for (let i = 0; i < tests.length; ++i) await showTest(ofSuites[i], tests[i], i);
  if (!tests.length) {
    content.append(element('h2', {}, 'Suites'),
      table(['Suite'], names.map((name) => [link('/suites', [...parametersBut('suite'), ['suite', name]], name)])));
  }
}

async function showSuites() {
  const names = await suites('suite');
  if (!names.length) content.append(element('p', {}, 'Not Found: No suites matching the specified criteria'));
  for (const suite of names) {
    const groups = await get(`results/${segments(suite)}`, limited(parametersBut('suite'))) ?? [];
    content.append(element('h2', {}, suite), timelines(suite, groups, ({stats}) => ({
      type: typeOfStats(stats),
      text: `${stats.tests_failed} of ${stats.tests_run} failed, ${stats.tests_unexpected_failed} unexpectedly`,
    })));
  }
}

// Without any range: from the oldest to the newest of the repositories' current commits.
async function currentRange() {
  const names = ['ref', 'id', 'uuid', 'timestamp', 'repository_id'].flatMap((name) => [name, `before_${name}`, `after_${name}`]);
  if ([...names, 'before_time', 'after_time'].some((name) => query.has(name))) return [];
  const commits = await get('commits', [...parametersOf(['branch']), ['limit', 1]]) ?? [];
  const uuids = commits.map((commit) => commit.timestamp * 100 + commit.order).sort((a, b) => a - b);
  return uuids.length ? [['after_uuid', uuids[0]], ['before_uuid', uuids.at(-1)]] : [];
}

function runLine(suite, configuration, run) {
  const parameters = runParameters(suite, configuration, run);
  return [link('/investigate', parameters, time(run.start_time)), label(configuration), link('/urls/build', parameters, 'CI build'),
    `${run.stats.tests_failed} of ${run.stats.tests_run} failed`];
}

async function investigateSuite(suite, parameters) {
  const path = segments(suite);
  const runs = await get(`results/${path}`, parameters.filter(([name]) => name !== 'unexpected')) ?? [];
  if (!runs.length) return;
  const failures = await get(`failures/${path}`, [...parameters, ['collapsed', 'false']]) ?? [];
  content.append(element('h2', {}, suite), table(['Run', 'Configuration', '', 'Tests'],
    runs.flatMap(({configuration, results}) => results.map((run) => runLine(suite, configuration, run))).slice(0, SHOWN)));
  const tests = new Map();
  for (const {results} of failures) {
    for (const {uuid, start_time, ...states} of results) {
      for (const [test, state] of Object.entries(states)) {
        const seen = tests.get(test) ?? {test, states: {}, runs: 0};
        seen.states[state] = (seen.states[state] ?? 0) + 1;
        ++seen.runs;
        tests.set(test, seen);
      }
    }
  }
  const badness = ({states}) => Math.min(...Object.keys(states).map((state) => TYPES.indexOf(typeOfStates(state))));
  const sorted = [...tests.values()].sort((a, b) => badness(a) - badness(b) || a.runs - b.runs || (a.test < b.test ? -1 : 1));
  if (!sorted.length) content.append(element('p', {}, 'No failures'));
  else content.append(table(['Failing test', 'States'], sorted.map(({test, states}) => [
    link('/search', [['suite', suite], ['test', test], ...parametersOf([...CONFIGURATION, 'branch'])], test),
    Object.entries(states).map(([state, count]) => `${state} × ${count}`).join(', ')])));
}

async function showInvestigation() {
  const parameters = [...parametersBut('suite'), ...await currentRange()];
  for (const suite of await suites('suite')) await investigateSuite(suite, limited(parameters));
  if (!content.children.length) content.append(element('p', {}, 'There are no runs of these commits and configurations.'));
}

function commitLabel(commit) {
  return commit.identifier ?? (commit.revision ? `r${commit.revision}` : commit.hash.slice(0, 12));
}

async function showCommits() {
  document.title = 'Results Database: Commits';
  const parameters = query.has('limit') ? [...query] : [...query, ['limit', COMMITS_LIMITS.default]];
  const commits = await get('commits', parameters) ?? [];
  if (!commits.length) content.append(element('p', {}, 'No Commits Found'));
  else content.append(table(['Time', 'Repository', 'Commit', 'Branch', 'Author', 'Message', ''], commits.reverse().map((commit) => {
    const one = [['repository_id', commit.repository_id], ['ref', commit.hash ?? `r${commit.revision}`]];
    return [time(commit.timestamp), commit.repository_id, link('/commit', one, commitLabel(commit)), commit.branch ?? '',
      commit.author?.name ?? '', (commit.message ?? '').split('\n')[0],
      element('span', {}, link('/investigate', one, 'Results'), ' ', link('/commit/info', one, 'More'))];
  })));
}

const PAGES = {'/suites': showSuites, '/investigate': showInvestigation, '/commits': showCommits};

function mark() {
  for (const each of document.querySelectorAll('nav a')) {
    if (each.pathname === location.pathname) each.setAttribute('aria-current', 'page');
    if (query.has('branch') && each.pathname !== '/documentation') each.search = address('', parametersOf(['branch']));
  }
}

mark();
if (content) (PAGES[location.pathname] ?? showMain)().then(() => { message.textContent = ''; }).catch((error) => {
  message.className = 'bad';
  message.textContent = `This could not be shown: ${error.message}`;
});
