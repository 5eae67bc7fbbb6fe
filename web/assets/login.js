// Sign-in: two steps of one flow. The server knows where the person stands; the page only shows it.

import { flows, meta } from './api.js';
import { address, has, keepInAddress, lang, onLanguage, put, query, startLanguage, t } from './i18n.js';
import { $, afterPress, bare, busy, el, eye, fieldError, fieldErrors, fieldNote, notice, sentence, text, wait, words } from './ui.js';

const iin = $('iin');
const password = $('password');
const next = $('continue');
let flow = null;
let creating = null;
let rules = { consents: [], warnOnly: false };

// ---- IIN (Programme of 11.06.2003 No. 565) --------------------------------------

function checkDigit(digits, from) {
  let sum = 0;
  for (let i = 0; i < 11; i++) sum += digits[i] * (((i + from) % 11) + 1);
  return sum % 11;
}

function iinFault(typed) {
  if (!/^\d{12}$/.test(typed)) return 'iin_length';
  const digits = Array.from(typed, Number);
  if (digits[4] >= 4) return 'iin_is_bin';
  let check = checkDigit(digits, 0);
  if (check === 10) check = checkDigit(digits, 2);
  return check === digits[11] ? null : 'iin_check_digit';
}

// Where IINs with a wrong check digit were issued, the digit is no reason to refuse, only to look again.
const odd = (fault) => fault === 'iin_check_digit' && rules.warnOnly;
const bars = (fault) => Boolean(fault) && !odd(fault);

function tellIin(fault) {
  if (odd(fault)) fieldNote(iin, 'login.iin.odd');
  else fieldError(iin, fault);
}

// Digits pasted with spaces or dashes are the same digits; the caret stays where it was.
function tidy() {
  const clean = bare(iin.value);
  if (clean === iin.value) return;
  const caret = bare(iin.value.slice(0, iin.selectionStart)).length;
  iin.value = clean;
  iin.setSelectionRange(caret, caret);
}

function typed() {
  tidy();
  const fault = iinFault(iin.value);
  const early = iin.value.length < 12 && /^\d*$/.test(iin.value);
  tellIin(early ? null : fault);
  $('count').textContent = `${Math.min(iin.value.length, 99)} / 12`;
  $('count').classList.toggle('good', !bars(fault));
  ready();
}

// ---- consents --------------------------------------------------------------------

const ticks = () => Array.from($('consents').querySelectorAll('input'));

const consentAddress = (kind) => address(`/kabinet/consents/${encodeURIComponent(kind)}`, { flow: flow?.id ?? query().get('flow') });

function drawConsents() {
  const ticked = new Set(ticks().filter((box) => box.checked).map((box) => box.name));
  const rows = rules.consents.map(({ kind, required }) => {
    const box = el('input', { type: 'checkbox', id: `consent-${kind}`, name: kind, 'aria-describedby': `consent-${kind}-error` });
    box.checked = ticked.has(kind);
    box.required = Boolean(required);
    box.addEventListener('change', () => {
      fieldError(box, null);
      ready();
    });
    const known = has(`consent.${kind}.label`);
    const label = el('label', { for: box.id }, ...sentence(
      known ? t(`consent.${kind}.label`) : t('consent.other.label', { kind }),
      known ? t(`consent.${kind}.link`) : kind, consentAddress(kind)));
    if (!required) label.append(' ', el('span', { class: 'optional' }, `(${t('login.optional')})`));
    return el('div', { class: 'tick' }, box, label, el('p', { class: 'error', id: `consent-${kind}-error` }));
  });
  $('consents').replaceChildren(text('legend', 'login.consents', {}, { class: 'unseen' }), ...rows);
}

// For another flow. What stands there stays: somebody may be pressing on it.
function leadConsents() {
  for (const box of ticks()) {
    for (const link of box.parentElement.querySelectorAll('a')) link.href = consentAddress(box.name);
  }
}

function ready() {
  const good = !bars(iinFault(iin.value)) && ticks().every((box) => box.checked || !box.required);
  if (!next.dataset.wait) next.disabled = !good;
  $('todo').classList.toggle('met', good);
}

// ---- the flow ---------------------------------------------------------------------

const safe = (path) => typeof path === 'string' && /^\/(?![/\\])[^\\\x00-\x1f]*$/.test(path);

function show(state, move) {
  $('identify').hidden = state !== 'identify';
  $('secret').hidden = state !== 'password';
  $('done').hidden = state !== 'done';
  document.body.dataset.step = state === 'identify' ? '1' : '2';
  for (const [i, mark] of Array.from($('steps').children).entries()) {
    if (mark.dataset.step === document.body.dataset.step) mark.setAttribute('aria-current', 'step');
    else mark.removeAttribute('aria-current');
    mark.classList.toggle('past', i + 1 < Number(document.body.dataset.step));
  }
  if (move) $({ identify: 'step1', password: 'step2', done: 'done' }[state])?.focus();
}

function adopt(answer, move = true) {
  flow = answer;
  keepInAddress({ flow: flow.id });
  if (flow.state === 'done') {
    show('done', move);
    location.assign(safe(flow.data?.redirect) ? flow.data.redirect : '/');
    return;
  }
  if (flow.kind !== 'login') {
    location.replace(address(`/kabinet/${flow.kind}`, { flow: flow.id }));
    return;
  }
  const steps = flow.steps ?? [];
  $('forgot').hidden = !steps.includes('forgot');
  if (flow.state === 'password') {
    $('username').value = iin.value;
    const mask = iin.value.length === 12 ? `${iin.value.slice(0, 2)}********${iin.value.slice(-2)}` : '';
    put($('as'), mask ? 'login.as' : null, { iin: mask });
    password.value = '';
    fieldError(password, null);
  }
  show(flow.state, move);
}

// One at a time: a person may press «Продолжить» before the first answer is here.
function create(word) {
  const back = query().get('return_to');
  const wish = { kind: 'login', lang: lang() };
  if (safe(back)) wish.return_to = back;
  creating ??= flows.start(wish).then((answer) => {
    adopt(answer, Boolean(word));
    leadConsents();
    if (word) notice('quiet', word);
  }).finally(() => {
    creating = null;
  });
  return creating;
}

async function open() {
  const id = query().get('flow');
  try {
    if (id && !flow) adopt(await flows.read(id), false);
    else if (!flow) await create();
  } catch (refusal) {
    show('identify', false);
    if (refusal.status === 404 || refusal.status === 410) fresh();
    else notice('bad', words(refusal), {}, open);
  }
}

function fresh() {
  flow = null;
  keepInAddress({ flow: null });
  create('notice.new_flow').catch((refusal) => notice('bad', words(refusal), {}, fresh));
}

async function step(name, fields, form, inputs) {
  const button = form.querySelector('button[type=submit]');
  if (form.getAttribute('aria-busy') === 'true' || button.dataset.wait) return;
  notice();
  busy(form, true);
  try {
    if (!flow) await (creating ?? create());
    adopt(await flows.step(flow.id, name, fields));
  } catch (refusal) {
    await refused(refusal, name, button, inputs);
  } finally {
    busy(form, false);
  }
}

async function refused(refusal, name, button, inputs) {
  if (refusal.status === 404 || refusal.status === 410) return fresh();
  if (refusal.status === 409) {
    try {
      adopt(await flows.read(flow.id));
      return notice('quiet', 'notice.reread');
    } catch (again) {
      return again.status === 404 || again.status === 410 ? fresh() : notice('bad', words(again));
    }
  }
  if (refusal.status === 429) return wait(button, refusal.retryAfter || 5, words(refusal), ready);
  if (refusal.code === 'invalid_credentials') {
    fieldError(password, 'error.invalid_credentials');
    password.focus();
    return password.select();
  }
  if (refusal.status === 422 && fieldErrors(refusal, inputs)) return undefined;
  return notice('bad', words(refusal), {}, () => button.form.requestSubmit());
}

// ---- the page ---------------------------------------------------------------------

iin.addEventListener('input', typed);
iin.addEventListener('blur', () => afterPress(() => iin.value && tellIin(iinFault(iin.value))));
password.addEventListener('input', () => fieldError(password, null));
eye($('eye'));

$('identify').addEventListener('submit', (event) => {
  event.preventDefault();
  const consents = Object.fromEntries(ticks().map((box) => [box.name, box.checked]));
  step('identify', { iin: iin.value, consents }, $('identify'),
    { iin, ...Object.fromEntries(ticks().map((box) => [box.name, box])), consents: ticks().find((box) => !box.checked) });
});
$('secret').addEventListener('submit', (event) => {
  event.preventDefault();
  if (!password.value) {
    fieldError(password, 'missing');
    password.focus();
    return;
  }
  step('password', { password: password.value }, $('secret'), { password });
});
$('back').addEventListener('click', () => step('back', {}, $('identify'), {}));
$('forgot').addEventListener('click', () => step('forgot', {}, $('identify'), {}));
// A page kept whole by the browser's back button shows a step that may be over.
window.addEventListener('pageshow', (event) => event.persisted && location.reload());
onLanguage(drawConsents);

rules = { ...rules, ...(await Promise.all([meta(), startLanguage()]))[0] };
drawConsents();
typed();
if (query().get('notice') === 'signed_out') notice('good', 'notice.signed_out');
if (query().get('notice') === 'session_over') notice('quiet', 'notice.session_over');
if (query().get('notice') === 'objected') notice('good', 'notice.objected');
keepInAddress({ notice: null });
if (!query().get('flow')) show('identify', false);
await open();
