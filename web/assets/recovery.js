// Forgotten password: IIN, the app, code and new password. The server knows where the person stands;
// the page shows it and waits for the app by a long poll.

import { api, flows, meta } from './api.js';
import { helpAddress } from './help-link.js';
import { address, keepInAddress, lang, onLanguage, put, query, startLanguage, t, time } from './i18n.js';
import { checklist } from './password.js';
import { $, busy, eye, fieldError, fieldErrors, notice, sentence, wait, words } from './ui.js';

const STEPS = { identify: 0, activate: 1, code: 2, done: 2 };
const SECTIONS = { identify: 'identify', activate: 'activate', code: 'code-form', done: 'finished' };
const STORES = { google: 'recovery.google_play', apple: 'recovery.app_store' };
const fields = { code: $('code'), password: $('password'), password_repeat: $('password_repeat') };
let flow = null;
let shown = null;
let polling = null;
let rules = null;
let stores = {};

// ---- what is shown ------------------------------------------------------------------

const groups = (digits) => [digits.slice(0, 4), digits.slice(4, 8), digits.slice(8)].join(' ');

function picture(img, key) {
  if (img.dataset.key === key) return;
  img.dataset.key = key;
  img.src = `/kabinet/api/v1/flows/${encodeURIComponent(flow.id)}/qr.svg?${encodeURIComponent(key)}`;
}

// The stores' names within the sentence are links, if the gateway knows where they lead.
function drawInstall() {
  const linked = (parts, store) => parts.flatMap((part) => (
    typeof part === 'string' ? sentence(part, t(STORES[store]), stores[store]) : [part]));
  const known = Object.keys(STORES).filter((store) => stores[store]);
  $('install').replaceChildren(...known.reduce(linked, [t('recovery.install')]));
}

// Whoever reads this on the phone that has the app cannot scan its own screen: the link is what the
// QR code says. The style shows it where a finger points.
function drawLink(link, data) {
  if (data.app_link) link.href = data.app_link;
  link.hidden = !data.app_link;
}

function drawActivate(data) {
  drawLink($('activate-link'), data);
  $('otp').textContent = groups(data.one_time_password ?? '');
  put($('otp-expires'), 'recovery.expires', { time: time(data.expires_at) });
  picture($('activate-qr'), data.expires_at ?? '');
  const said = { active: 'recovery.bound', held: 'recovery.held' }[data.device] ?? 'recovery.waiting';
  put($('device'), said, { time: data.held_until ? time(data.held_until) : '' });
  $('device').classList.toggle('good', data.device === 'active');
  $('send').disabled = data.device !== 'active';
  $('activation-help').href = helpAddress('recovery', flow.id);
}

// The minute between two rings runs down beside the button.
function drawResend() {
  if (flow?.state !== 'code') return;
  const left = Math.ceil((new Date(flow.data.resend_at) - Date.now()) / 1000);
  $('resend').hidden = left > 0;
  put($('resend-in'), left > 0 ? 'recovery.resend_in' : null, { n: left });
}

function drawCode(data) {
  put($('sent'), 'recovery.sent', { mask: data.phone_masked ?? '' });
  $('sign').textContent = data.sign ?? '';
  $('code').maxLength = data.code_length ?? 8;
  put($('attempts'), 'recovery.left', { n: data.attempts_left ?? '' });
  drawLink($('code-link'), data);
  picture($('code-qr'), 'code');
  $('username').value = $('iin').value;
  drawResend();
}

function draw() {
  if (!flow) return;
  if (flow.state === 'activate') drawActivate(flow.data);
  if (flow.state === 'code') drawCode(flow.data);
}

function adopt(answer, move = true) {
  flow = answer;
  keepInAddress({ flow: flow.id });
  if (flow.kind === 'login') {
    location.replace(address('/kabinet/login', { flow: flow.id }));
    return;
  }
  for (const [state, section] of Object.entries(SECTIONS)) $(section).hidden = state !== flow.state;
  Array.from($('steps').children).forEach((mark, i) => {
    if (i === STEPS[flow.state]) mark.setAttribute('aria-current', 'step');
    else mark.removeAttribute('aria-current');
    mark.classList.toggle('past', i < STEPS[flow.state]);
  });
  draw();
  if (move && shown !== flow.state) $(`at-${flow.state === 'done' ? 'finished' : flow.state}`).focus();
  shown = flow.state;
  if (flow.state === 'activate') poll();
}

// ---- waiting for the app ------------------------------------------------------------

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// One poll at a time, for as long as the page shows what the app may change.
async function poll() {
  if (polling === flow.id) return;
  polling = flow.id;
  while (flow.id === polling && flow.state === 'activate') {
    try {
      const answer = await api('GET', `/flows/${encodeURIComponent(flow.id)}?wait=25&version=${flow.version}`);
      if (flow.id === polling && flow.state === 'activate' && answer.version > flow.version) adopt(answer);
    } catch (refusal) {
      if (refusal.status === 404 || refusal.status === 410) {
        over();
        break;
      }
      await pause(3000);
    }
  }
  polling = null;
}

// ---- the flow -----------------------------------------------------------------------

function over() {
  flow = null;
  keepInAddress({ flow: null });
  create().then(() => notice('quiet', 'notice.new_flow')).catch((refusal) => notice('bad', words(refusal), {}, over));
}

async function create() {
  adopt(await flows.start({ kind: 'recovery', lang: lang() }), false);
}

async function refused(refusal, name, button, inputs) {
  if (refusal.code === 'challenge_burned') return notice('bad', 'error.challenge_burned', {}, () => step('back', {}, $('code-form')));
  if (refusal.status === 404 || refusal.status === 410) return over();
  if (refusal.status === 409) {
    adopt(await flows.read(flow.id));
    return notice('quiet', 'notice.reread');
  }
  if (refusal.code === 'code_wrong') {
    fieldError($('code'), 'error.code_wrong');
    flow.data.attempts_left = refusal.attemptsLeft;
    $('code').focus();
    return $('code').select();
  }
  if (refusal.status === 429 && button) return wait(button, refusal.retryAfter || 5, words(refusal));
  if (refusal.status === 422 && fieldErrors(refusal, inputs)) return undefined;
  return notice('bad', words(refusal));
}

async function step(name, body, form, inputs = {}, button = form.querySelector('button[type=submit]')) {
  if (form.getAttribute('aria-busy') === 'true' || button.dataset.wait) return false;
  notice();
  busy(form, true);
  try {
    adopt(await flows.step(flow.id, name, body));
    return true;
  } catch (refusal) {
    await refused(refusal, name, button, inputs);
    return false;
  } finally {
    busy(form, false);
    draw();
  }
}

// ---- code and password --------------------------------------------------------------

function wrong(name, code) {
  fieldError(fields[name], code);
  fields[name].focus();
}

function update() {
  for (const input of Object.values(fields)) fieldError(input, null);
  if (!fields.code.value) return wrong('code', 'missing');
  const broken = rules.broken();
  if (broken) return wrong('password', broken);
  if (fields.password.value !== fields.password_repeat.value) return wrong('password_repeat', 'password_repeat_differs');
  const body = Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value]));
  return step('update', { ...body, code: body.code.replace(/\s/g, '') }, $('code-form'), fields);
}

// ---- the page -----------------------------------------------------------------------

$('identify').addEventListener('submit', (event) => {
  event.preventDefault();
  fieldError($('iin'), null);
  step('identify', { iin: $('iin').value.replace(/[\s\-\u00a0]/g, '') }, $('identify'), { iin: $('iin') });
});
$('activate').addEventListener('submit', (event) => {
  event.preventDefault();
  step('send', {}, $('activate'));
});
$('code-form').addEventListener('submit', (event) => {
  event.preventDefault();
  update();
});
for (const button of document.querySelectorAll('.back')) button.addEventListener('click', () => step('back', {}, button.form));
$('renew').addEventListener('click', () => step('new_device', {}, $('activate')));
$('new-device').addEventListener('click', () => step('new_device', {}, $('code-form')));
$('resend').addEventListener('click', async () => {
  if (await step('resend', {}, $('code-form'), {}, $('update'))) notice('good', 'recovery.resent');
});
for (const input of [$('iin'), ...Object.values(fields)]) input.addEventListener('input', () => fieldError(input, null));
window.addEventListener('pageshow', (event) => event.persisted && location.reload());
eye($('eye'));
setInterval(drawResend, 500);
onLanguage(draw);
const [said] = await Promise.all([meta(), startLanguage()]);
stores = said.stores;
drawInstall();
onLanguage(drawInstall);
rules = checklist($('rules'), fields.password, said.rules);
rules.draw();
onLanguage(rules.draw);
onLanguage(() => { $('to-login').href = address('/kabinet/login', { flow: null }); });
$('to-login').href = address('/kabinet/login', { flow: null });
try {
  const id = query().get('flow');
  if (id) adopt(await flows.read(id), false);
  else await create();
} catch (refusal) {
  if (refusal.status === 404 || refusal.status === 410) over();
  else notice('bad', words(refusal), {}, () => location.reload());
}
