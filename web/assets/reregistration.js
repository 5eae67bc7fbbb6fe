// A child's cabinet moves to the parent who asks: questions about the child, the parent's own number, the
// app, code and password.

import { meta } from './api.js';
import { confirmation } from './confirm.js';
import { flowPage, markSteps } from './flow.js';
import { helpAddress } from './help-link.js';
import { onLanguage, put, startLanguage, time } from './i18n.js';
import { $, bare, fieldError, later, notice, words } from './ui.js';

const SECTIONS = {
  explain: ['explain'],
  evidence: ['evidence'],
  confirm: ['evidence'],
  contact: ['contact', 'code-form'],
  activate: ['activate', 'beside-activate'],
  code: ['contact', 'code-form'],
  done: ['finished'],
  held: ['held'],
};
const STEPS = { evidence: 0, confirm: 0, contact: 1, activate: 1, code: 1, done: 2, held: 2 };
const QUESTIONS = ['child_iin', 'birth_certificate', 'parent1_iin', 'parent2_iin', 'attendance'];
const NEEDED = QUESTIONS.filter((name) => name !== 'parent2_iin');
const CONTACT = ['iin', 'phone'];
const DRAFT = 'kabinet-reregistration';
const sure = $('sure');
const inputs = (names) => Object.fromEntries(names.map((name) => [name, $(name)]));
let confirm = null;

// ---- what was typed -----------------------------------------------------------------

function typed(name) {
  if (name === 'attendance') return document.querySelector('[name=attendance]:checked')?.value ?? '';
  const { value } = $(name);
  return name.endsWith('iin') ? bare(value) : value.trim();
}
const all = (names) => Object.fromEntries(names.map((name) => [name, typed(name)]));

function fill(values) {
  for (const [name, value] of Object.entries(values)) {
    if (name === 'attendance') for (const box of document.getElementsByName(name)) box.checked = box.value === value;
    else $(name).value = value;
  }
}
const ofFlow = ({ data }) => Object.fromEntries([...QUESTIONS, ...CONTACT].filter((name) => name in data)
  .map((name) => [name, data[name]]));

// The flow keeps what was sent. What was only typed outlives a reload and a look at the help page in the
// tab's own storage, until the page is there again.
function keep() {
  const { flow } = page;
  if (!['evidence', 'confirm', 'contact'].includes(flow?.state)) return;
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify({ flow: flow.id, typed: all([...QUESTIONS, ...CONTACT]) }));
  } catch {
    // a browser that keeps nothing
  }
}

function restore() {
  try {
    const draft = JSON.parse(sessionStorage.getItem(DRAFT));
    sessionStorage.removeItem(DRAFT);
    if (draft?.flow === page.flow?.id) fill(draft.typed);
  } catch {
    // the same
  }
}

// ---- what is shown ------------------------------------------------------------------

function lock(state) {
  const code = state === 'code';
  for (const name of CONTACT) $(name).readOnly = code;
  for (const id of ['get-code', 'to-evidence']) $(id).hidden = code;
  for (const id of ['change', 'asked', 'ring']) $(id).hidden = !code;
  $('rest').disabled = !code;
  if (!$('finish').dataset.wait) $('finish').disabled = !code;
}

function draw() {
  const { state, data, id } = page.flow;
  lock(state);
  $('what-is-bmg').href = helpAddress('reregistration', id);
  if (state === 'held') {
    put($('at-held'), 'reregistration.held', { time: time(data.until) });
    put($('held-about'), data.waits === 'number' ? 'reregistration.held.number' : 'reregistration.held.child');
    $('held-child').hidden = data.waits !== 'child';
  }
  confirm.draw();
}

const page = flowPage({
  kind: 'reregistration',
  over: 'reregistration.over',
  reread: 'reregistration.reread',
  show(flow, came) {
    const shown = SECTIONS[flow.state];
    for (const id of new Set(Object.values(SECTIONS).flat())) $(id).hidden = !shown.includes(id);
    $('steps').hidden = !(flow.state in STEPS);
    markSteps(STEPS[flow.state]);
    fill(ofFlow(flow));
    lock(flow.state);
    if (flow.state !== 'confirm' && sure.open) sure.close();
    if (came && flow.state !== 'confirm') $(`at-${flow.state}`).focus();
  },
  draw,
  refused,
});

// ---- refusals -----------------------------------------------------------------------

// Back to the questions, whatever came of it: what was answered wrong is changed there.
async function refusedEvidence(refusal) {
  await page.move('back').catch(() => {});
  if (refusal.code === 'evidence_mismatch') notice('bad', 'reregistration.mismatch');
  else if (refusal.status === 429) later(refusal.retryAfter, 'reregistration.tries');
  else notice('bad', words(refusal));
}

async function refused(refusal, name) {
  const ended = refusal.status === 404 || refusal.status === 409 || refusal.status === 410;
  if (name === 'confirm' && !ended) await refusedEvidence(refusal);
  else if (name === 'contact' && refusal.code === 'evidence_mismatch') {
    fieldError($('iin'), 'not_parent');
    $('iin').focus();
  } else return confirm.refused(refusal);
  return true;
}

// ---- steps --------------------------------------------------------------------------

function missing(names) {
  const empty = names.filter((name) => !typed(name));
  for (const name of names) fieldError($(name), empty.includes(name) ? 'missing' : null);
  $(empty[0])?.focus();
  return empty.length > 0;
}

// A dialogue that was closed without an answer leaves the flow behind it.
async function answer() {
  fieldError($('parent2_iin'), null);
  if (missing(NEEDED)) return;
  if (page.flow.state === 'confirm' && !await page.step('back', {}, $('evidence'))) return;
  if (await page.step('evidence', all(QUESTIONS), $('evidence'), inputs(QUESTIONS))) sure.showModal();
}

function decide(yes) {
  sure.close();
  page.step(yes ? 'confirm' : 'back', {}, $('evidence'));
}

// Past the dialogue, to the questions.
async function toEvidence() {
  if (await page.step('back', {}, $('contact')) && page.flow.state === 'confirm') await page.step('back', {}, $('evidence'));
}

function contact() {
  if (page.flow.state === 'contact' && !missing(CONTACT)) page.step('contact', all(CONTACT), $('contact'), inputs(CONTACT));
}

const forms = { explain: () => page.step('begin', {}, $('explain')), evidence: answer, contact };
for (const [id, work] of Object.entries(forms)) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    work();
  });
}
$('sure-yes').addEventListener('click', () => decide(true));
$('sure-no').addEventListener('click', () => decide(false));
sure.addEventListener('cancel', (event) => {
  event.preventDefault();
  decide(false);
});
$('to-evidence').addEventListener('click', toEvidence);
for (const button of document.querySelectorAll('.cancel')) button.addEventListener('click', page.leave);
for (const name of [...QUESTIONS, ...CONTACT]) $(name).addEventListener('input', () => fieldError($(name), null));

// ---- the page -----------------------------------------------------------------------

window.addEventListener('pagehide', keep);
window.addEventListener('pageshow', (event) => event.persisted && location.reload());
onLanguage(() => page.flow && draw());
const [said] = await Promise.all([meta(), startLanguage()]);
confirm = confirmation(page, 'complete', said);
await page.open();
restore();
if (page.flow?.state === 'confirm') sure.showModal();
