// The help tree: situations, each with its solution. It opens over a flow, whose id stays in the address,
// and leads back to the same place: one of our own pages, by name.

import { address, keepInAddress, lang, onLanguage, put, query, startLanguage, t } from './i18n.js';
import { $, el, notice, text } from './ui.js';

const PLACES = {
  login: ['/kabinet/login', 'help.back.login'],
  recovery: ['/kabinet/recovery', 'help.back.recovery'],
  reregistration: ['/kabinet/reregistration', 'help.back.reregistration'],
  phone: ['/kabinet/phone', 'help.back.phone'],
  cabinet: ['/kabinet/cabinet', 'help.back.cabinet'],
  app: ['/kabinet/app/', 'help.back.app'],
};
let tree = null;

// ---- where from, where to -----------------------------------------------------------

function from() {
  const name = query().get('from');
  return Object.hasOwn(PLACES, name) ? name : null;
}

function flow() {
  const id = query().get('flow');
  return /^[\w-]{22}$/.test(id) ? id : null;
}

const here = (topic) => address('/kabinet/help', { topic, from: from(), flow: flow() });
// Another page than the one we came from begins anew: the flow is not of its kind.
const there = (name) => address(PLACES[name][0], { flow: name === from() ? flow() : null });

function drawReturn() {
  const name = from() ?? 'login';
  $('return').href = there(name);
  put($('return'), PLACES[name][1]);
}

// ---- the parts of an answer ---------------------------------------------------------

// Within the tree the page stays: Back leads to the situation before.
function within(link, name) {
  link.href = here(name);
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState(null, '', here(name));
    draw(true);
  });
  return link;
}
const toNode = (name, words) => within(el('a', {}, words), name);

function drawLink({ words, url, node, page }) {
  if (node) return toNode(node, words);
  if (page) return el('a', { href: there(page) }, words);
  return el('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, words ?? url,
    el('span', { class: 'unseen' }, ` (${t('new_tab')})`));
}

const items = (name, texts) => el(name, {}, ...texts.map((words) => el('li', {}, words)));

function drawBlock(block) {
  if (block.list) return items('ul', block.list);
  if (block.steps) return items('ol', block.steps);
  const parts = block.text ? [block.text] : [];
  if (block.text && block.link) parts.push(' ');
  if (block.link) parts.push(drawLink(block.link));
  return el('p', {}, ...parts);
}

const situations = (names) => el('ul', { class: 'asks' },
  ...names.map((name) => el('li', {}, toNode(name, tree.nodes[name].situation))));

// ---- the page -----------------------------------------------------------------------

function drawNode(node) {
  const parts = [
    text('p', 'help.situation', {}, { class: 'about' }),
    el('h1', { id: 'name', tabindex: '-1' }, node.situation),
    text('h2', 'help.solution', {}, { class: 'solution' }),
    ...node.solution.map(drawBlock),
  ];
  if (node.more) parts.push(text('h2', 'help.more'), situations(node.more));
  return parts;
}

const drawFirst = () => [
  el('h1', { id: 'name', tabindex: '-1' }, tree.title),
  el('p', {}, tree.lead),
  situations(tree.first),
];

function draw(move) {
  const topic = query().get('topic');
  const node = Object.hasOwn(tree.nodes, topic) ? tree.nodes[topic] : null;
  $('answer').replaceChildren(...(node ? drawNode(node) : drawFirst()));
  $('answer').setAttribute('aria-busy', 'false');
  $('all').hidden = !node;
  $('all').href = here(null);
  document.title = node ? node.situation : tree.title;
  drawReturn();
  if (move) {
    scrollTo(0, 0);
    $('name').focus();
  }
}

async function load() {
  $('answer').setAttribute('aria-busy', 'true');
  drawReturn();
  try {
    const response = await fetch(`/kabinet/help/${lang()}.json`, { credentials: 'same-origin' });
    if (!response.ok) throw new Error('help');
    tree = await response.json();
    notice();
    draw(false);
  } catch {
    $('answer').replaceChildren(text('h1', 'help.page'));
    $('answer').setAttribute('aria-busy', 'false');
    notice('bad', 'error.network', {}, load);
  }
}

within($('all'), null);
addEventListener('popstate', () => {
  keepInAddress({});
  if (tree) draw(true);
});
onLanguage(load);
await startLanguage();
