// The signed-in person's page: who they are here, the feed, apps, password, sessions, consents, children.

import { api, meta } from './api.js';
import { activation } from './cabinet-activation.js';
import { phones } from './cabinet-devices.js';
import { feed } from './cabinet-events.js';
import { children, consents, sessions } from './cabinet-lists.js';
import { attempt, said, signIn } from './cabinet-way.js';
import { address, onLanguage, put, startLanguage, time } from './i18n.js';
import { checklist } from './password.js';
import { $, busy, eye, fieldError, fieldErrors, notice, wait, words } from './ui.js';

const form = $('change');
const fields = { current_password: $('current_password'), password: $('password'), password_repeat: $('password_repeat') };
let session = null;
const events = feed(() => readAll());
const devices = phones(() => Promise.all([devices.read(), events.read()]));

// ---- who ----------------------------------------------------------------------------

function drawWho() {
  const { account, authenticated_at: since, expires_at: until } = session;
  $('my-iin').textContent = account.iin_masked;
  if (account.phone_masked) put($('my-phone'), null).textContent = account.phone_masked;
  else put($('my-phone'), 'cabinet.none');
  $('change-number').href = address('/kabinet/phone', { flow: null });
  $('my-since').textContent = time(since);
  $('my-until').textContent = time(until);
  $('locale').value = account.locale;
  $('show-pair').hidden = !account.phone_masked || !$('pair').hidden;
  $('no-phone').hidden = Boolean(account.phone_masked);
}

$('locale').addEventListener('change', () => attempt(async () => {
  await api('PUT', '/locale', { locale: $('locale').value });
  notice('good', 'locale.done');
}));

$('sign-out').addEventListener('click', () => attempt(async () => {
  await api('DELETE', '/session');
  signIn('signed_out');
}));

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
    await Promise.all([sessions.read(), events.read()]);
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

const parts = [events, devices, sessions, consents, children];

function draw() {
  if (!session) return;
  drawWho();
  for (const each of parts) each.draw();
}

async function readAll() {
  session = await api('GET', '/session');
  await Promise.all(parts.map((each) => each.read()));
  drawWho();
}

async function open() {
  if (await attempt(readAll, { again: open })) $('cards').hidden = false;
}

// Whoever comes back to this tab sees what happened meanwhile.
document.addEventListener('visibilitychange', () => {
  if (session && !document.hidden) events.read().catch(() => {});
});
for (const input of Object.values(fields)) input.addEventListener('input', () => fieldError(input, null));
eye($('eye'));
onLanguage(draw);
const [told] = await Promise.all([meta(), startLanguage()]);
const rules = checklist($('rules'), fields.password, told.rules);
rules.draw();
onLanguage(rules.draw);
activation(told.stores, () => Promise.all([devices.read(), events.read()]));
form.addEventListener('submit', (event) => {
  event.preventDefault();
  change(rules);
});
await open();
