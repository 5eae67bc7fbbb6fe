// A confirmation by the app, on the page of a flow that needs one: the app's activation (part-activate)
// and the code with a new password (part-code, part-password, part-resend).

import { helpAddress } from './help-link.js';
import { onLanguage, put, t, time } from './i18n.js';
import { newPhone } from './new-phone.js';
import { checklist } from './password.js';
import { $, eye, fieldError, notice, sentence } from './ui.js';

const STORES = { google: 'recovery.google_play', apple: 'recovery.app_store' };
const DEVICE = { proving: 'recovery.proving', active: 'recovery.bound', held: 'recovery.held' };
const fields = { code: $('code'), password: $('password'), password_repeat: $('password_repeat') };

// ---- the app's activation -----------------------------------------------------------

// The stores' names within the sentence are links, if the gateway knows where they lead.
function drawInstall(stores) {
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

function picture(img, flow, key) {
  const src = `/kabinet/api/v1/flows/${encodeURIComponent(flow.id)}/qr.svg?${encodeURIComponent(key)}`;
  if (img.getAttribute('src') !== src) img.src = src;
}

const groups = (digits) => [digits.slice(0, 4), digits.slice(4, 8), digits.slice(8)].join(' ');

function drawActivate(flow) {
  const { data } = flow;
  drawLink($('activate-link'), data);
  $('otp').textContent = groups(data.one_time_password ?? '');
  put($('otp-expires'), 'recovery.expires', { time: time(data.expires_at) });
  picture($('activate-qr'), flow, data.expires_at ?? '');
  const state = DEVICE[data.device] ?? 'recovery.waiting';
  put($('device'), state, { time: data.held_until ? time(data.held_until) : '' });
  $('device').classList.toggle('good', data.device === 'active');
  $('send').disabled = data.device !== 'active';
  $('activation-help').href = helpAddress(flow.kind, flow.id);
}

// ---- the code -----------------------------------------------------------------------

// The minute between two rings runs down beside the button.
function drawResend(flow) {
  if (flow?.state !== 'code') return;
  const left = Math.ceil((new Date(flow.data.resend_at) - Date.now()) / 1000);
  $('resend').hidden = left > 0;
  put($('resend-in'), left > 0 ? 'recovery.resend_in' : null, { n: left });
}

function drawCode(flow) {
  const { data } = flow;
  put($('sent'), 'recovery.sent', { mask: data.phone_masked ?? '' });
  $('sign').textContent = data.sign ?? '';
  $('code').maxLength = data.code_length ?? 8;
  put($('attempts'), 'recovery.left', { n: data.attempts_left ?? '' });
  drawLink($('code-link'), data);
  picture($('code-qr'), flow, 'code');
  $('username').value = $('iin').value;
  drawResend(flow);
}

function wrong(name, code) {
  fieldError(fields[name], code);
  fields[name].focus();
}

// ---- both, for a page ---------------------------------------------------------------

// `last`: the step that takes code and new password; `said` is what GET /meta says. `page` is flowPage's,
// whose draw and refused call these.
export function confirmation(page, last, said) {
  const form = $('code-form');
  const phone = newPhone(page);

  function draw() {
    phone.draw();
    if (page.flow.state === 'activate') drawActivate(page.flow);
    if (page.flow.state === 'code') drawCode(page.flow);
  }

  function refused(refusal) {
    if (refusal.code === 'challenge_burned') {
      notice('bad', 'error.challenge_burned', {}, () => page.step('back', {}, form));
    } else if (refusal.code === 'code_wrong') {
      page.flow.data.attempts_left = refusal.attemptsLeft;
      wrong('code', 'error.code_wrong');
      fields.code.select();
    } else return phone.refused(refusal);
    return true;
  }

  const rules = checklist($('rules'), fields.password, said.rules);
  const drawWords = () => {
    drawInstall(said.stores);
    rules.draw();
    if (page.flow) draw();
  };
  onLanguage(drawWords);
  drawWords();

  function finish() {
    for (const input of Object.values(fields)) fieldError(input, null);
    const broken = rules.broken();
    if (!fields.code.value) wrong('code', 'missing');
    else if (broken) wrong('password', broken);
    else if (fields.password.value !== fields.password_repeat.value) wrong('password_repeat', 'password_repeat_differs');
    else {
      const body = Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value]));
      page.step(last, { ...body, code: body.code.replace(/\s/g, '') }, form, fields);
    }
  }

  for (const [at, work] of [[$('activate'), () => page.step('send', {}, $('activate'))], [form, finish]]) {
    at.addEventListener('submit', (event) => {
      event.preventDefault();
      work();
    });
  }
  for (const button of document.querySelectorAll('.back')) {
    button.addEventListener('click', () => page.step('back', {}, button.form));
  }
  $('resend').addEventListener('click', async () => {
    if (await page.step('resend', {}, form, {}, $('resend'))) notice('good', 'recovery.resent');
  });
  for (const input of Object.values(fields)) input.addEventListener('input', () => fieldError(input, null));
  eye($('eye'));
  setInterval(() => drawResend(page.flow), 500);
  return { draw, refused };
}
