// A confirmation by the app, on the page of a flow that needs one: the app's activation (part-activate)
// and the code (part-code, part-resend), perhaps with a new password (part-password).

import { helpAddress } from './help-link.js';
import { onLanguage, put } from './i18n.js';
import { newPhone } from './new-phone.js';
import { drawInstall, drawLink, drawPair, picture } from './pair.js';
import { checklist } from './password.js';
import { $, eye, fieldError, notice } from './ui.js';

const fields = Object.fromEntries(['code', 'password', 'password_repeat'].filter($).map((name) => [name, $(name)]));

// ---- the app's activation -----------------------------------------------------------

function drawActivate(flow) {
  const { data } = flow;
  drawPair(flow);
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
  if (fields.password) $('username').value = $('iin').value;
  drawResend(flow);
}

function wrong(name, code) {
  fieldError(fields[name], code);
  fields[name].focus();
}

// ---- both, for a page ---------------------------------------------------------------

// `last`: the step that takes code and new password, or the code alone; `said` is what GET /meta says. `page` is flowPage's,
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

  const rules = fields.password ? checklist($('rules'), fields.password, said.rules) : null;
  const drawWords = () => {
    drawInstall(said.stores);
    rules?.draw();
    if (page.flow) draw();
  };
  onLanguage(drawWords);
  drawWords();

  function finish() {
    for (const input of Object.values(fields)) fieldError(input, null);
    const broken = rules?.broken();
    if (!fields.code.value) wrong('code', 'missing');
    else if (broken) wrong('password', broken);
    else if (fields.password?.value !== fields.password_repeat?.value) wrong('password_repeat', 'password_repeat_differs');
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
  if (fields.password) eye($('eye'));
  setInterval(() => drawResend(page.flow), 500);
  return { draw, refused };
}
