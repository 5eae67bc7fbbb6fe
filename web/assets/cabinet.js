// The signed-in person's page: who they are here, password, sessions, consents.

import { api, meta } from './api.js';
import { address, has, onLanguage, put, startLanguage, t, time } from './i18n.js';
import { checklist } from './password.js';
import { $, busy, el, eye, fieldError, fieldErrors, notice, wait, words } from './ui.js';

const state = { session: null, sessions: [], consents: [] };
const form = $('change');
const fields = { current_password: $('current_password'), password: $('password'), password_repeat: $('password_repeat') };

// ---- what went wrong --------------------------------------------------------------

function signIn(word) {
  location.replace(address('/kabinet/login', { notice: word, return_to: word === 'signed_out' ? null : '/kabinet/cabinet', flow: null }));
}

// Does `work`; a lost session leads to the sign-in, anything else is said above.
async function attempt(work, again) {
  notice();
  try {
    await work();
    return true;
  } catch (refusal) {
    if (refusal.status === undefined) throw refusal;
    if (refusal.code === 'no_session') signIn('session_over');
    else notice('bad', words(refusal), {}, again ?? (() => attempt(work)));
    return false;
  }
}

function said(id, focus) {
  notice('good', id);
  $(focus).focus();
}

// ---- who ----------------------------------------------------------------------------

function drawWho() {
  const { account, authenticated_at: since, expires_at: until } = state.session;
  $('my-iin').textContent = account.iin_masked;
  if (account.phone_masked) put($('my-phone'), null).textContent = account.phone_masked;
  else put($('my-phone'), 'cabinet.none');
  $('my-since').textContent = time(since);
  $('my-until').textContent = time(until);
  $('locale').value = account.locale;
}

$('locale').addEventListener('change', () => attempt(async () => {
  await api('PUT', '/locale', { locale: $('locale').value });
  notice('good', 'locale.done');
}));

$('sign-out').addEventListener('click', () => attempt(async () => {
  await api('DELETE', '/session');
  signIn('signed_out');
}));

// ---- sessions -----------------------------------------------------------------------

function sessionRow(session) {
  const browser = session.browser || t('sessions.unknown');
  const about = [session.place, t('sessions.started', { time: time(session.created_at) }),
    t('sessions.expires', { time: time(session.expires_at) })].filter(Boolean).join(' · ');
  const row = el('li', {}, el('div', { class: 'what' }, el('p', { class: 'name' }, browser),
    el('p', { class: 'small' }, about)));
  if (session.current) {
    row.append(el('span', { class: 'badge' }, t('sessions.current')));
    return row;
  }
  const button = el('button', { type: 'button', class: 'button plain small',
    'aria-label': t('sessions.end_named', { browser, time: time(session.created_at) }) }, t('sessions.end'));
  button.addEventListener('click', () => attempt(async () => {
    await api('DELETE', `/sessions/${encodeURIComponent(session.id)}`);
    await readSessions();
    said('sessions.ended', 'sessions-title');
  }));
  row.append(button);
  return row;
}

function drawSessions() {
  $('sessions').replaceChildren(...state.sessions.map(sessionRow));
  $('end-others').hidden = !state.sessions.some((session) => !session.current);
}

async function readSessions() {
  state.sessions = (await api('GET', '/sessions')).sessions;
  drawSessions();
}

$('end-others').addEventListener('click', () => attempt(async () => {
  await api('DELETE', '/sessions');
  await readSessions();
  said('sessions.others_ended', 'sessions-title');
}));

// ---- consents -----------------------------------------------------------------------

const consentName = (kind) => (has(`consent.${kind}.name`) ? t(`consent.${kind}.name`) : kind);

function consentRow(consent) {
  const name = consentName(consent.kind);
  const when = consent.withdrawn_at ? t('consents.withdrawn', { time: time(consent.withdrawn_at) })
    : t('consents.agreed', { time: time(consent.agreed_at) });
  const read = el('a', { href: address(`/kabinet/consents/${encodeURIComponent(consent.kind)}`, { from: 'cabinet' }),
    'aria-label': `${t('consents.read')}: ${name}` }, t('consents.read'));
  const row = el('li', {}, el('div', { class: 'what' }, el('p', { class: 'name' }, name),
    el('p', { class: 'small' }, `${when} · ${t('consents.version', { version: consent.version })}`), el('p', { class: 'small' }, read)));
  if (!consent.withdrawn_at) {
    const button = el('button', { type: 'button', class: 'button plain small',
      'aria-label': t('consents.withdraw_named', { name }) }, t('consents.withdraw'));
    button.addEventListener('click', () => ask(consent.kind));
    row.append(button);
  }
  return row;
}

function drawConsents() {
  $('consents').replaceChildren(...state.consents.map(consentRow));
  $('no-consents').hidden = state.consents.length > 0;
}

async function readConsents() {
  state.consents = (await api('GET', '/consents')).consents;
  drawConsents();
}

function ask(kind) {
  put($('withdraw-ask'), 'consents.ask', { name: consentName(kind) });
  $('withdraw').dataset.kind = kind;
  $('withdraw').showModal();
  $('withdraw-no').focus();
}

$('withdraw-no').addEventListener('click', () => $('withdraw').close());
$('withdraw-yes').addEventListener('click', () => {
  $('withdraw').close();
  attempt(async () => {
    await api('DELETE', `/consents/${encodeURIComponent($('withdraw').dataset.kind)}`);
    await readConsents();
    said('consents.done', 'consents-title');
  });
});

// ---- password -----------------------------------------------------------------------

// What the page can see by itself; null: worth asking the server.
function seen(rules) {
  if (!fields.current_password.value) return ['current_password', 'missing'];
  const broken = rules.broken();
  if (broken) return ['password', broken];
  if (fields.password.value !== fields.password_repeat.value) return ['password_repeat', 'password_repeat_differs'];
  return null;
}

function wrong(name, code) {
  fieldError(fields[name], code);
  fields[name].focus();
}

async function change(rules) {
  if (form.getAttribute('aria-busy') === 'true' || $('update').dataset.wait) return;
  for (const input of Object.values(fields)) fieldError(input, null);
  notice();
  const fault = seen(rules);
  if (fault) {
    wrong(...fault);
    return;
  }
  busy(form, true);
  try {
    await api('POST', '/password', Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value])));
    form.reset();
    rules.draw();
    await readSessions();
    said('password.done', 'change-title');
  } catch (refusal) {
    if (refusal.code === 'no_session') signIn('session_over');
    else if (refusal.code === 'invalid_credentials') wrong('current_password', 'current_password');
    else if (refusal.status === 429) wait($('update'), refusal.retryAfter || 5, words(refusal));
    else if (!(refusal.status === 422 && fieldErrors(refusal, fields))) notice('bad', words(refusal));
  } finally {
    busy(form, false);
  }
}

// ---- the page -----------------------------------------------------------------------

function draw() {
  if (!state.session) return;
  drawWho();
  drawSessions();
  drawConsents();
}

async function open() {
  const good = await attempt(async () => {
    state.session = await api('GET', '/session');
    await Promise.all([readSessions(), readConsents()]);
  }, open);
  if (!good) return;
  drawWho();
  $('cards').hidden = false;
}

for (const input of Object.values(fields)) input.addEventListener('input', () => fieldError(input, null));
eye($('eye'));
onLanguage(draw);
const [rules] = await Promise.all([meta(), startLanguage()]);
const list = checklist($('rules'), fields.password, rules.rules);
list.draw();
onLanguage(list.draw);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  change(list);
});
await open();
