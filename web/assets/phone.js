// A signed-in person changes the number: number and password, the app, the code.

import { meta } from './api.js';
import { confirmation } from './confirm.js';
import { flowPage, markSteps } from './flow.js';
import { address, onLanguage, put, startLanguage, time } from './i18n.js';
import { $, eye, fieldError } from './ui.js';

const STEPS = { contact: 0, activate: 1, code: 2, done: 2, held: 2 };
const SECTIONS = { contact: 'contact', activate: 'activate', code: 'code-form', done: 'done', held: 'held' };
const inputs = { phone: $('number'), current_password: $('now_password') };
let confirm = null;

const page = flowPage({
  kind: 'phone',
  over: 'phone.over',
  reread: 'notice.reread',
  show({ state, data }, came) {
    for (const [each, section] of Object.entries(SECTIONS)) $(section).hidden = each !== state;
    markSteps(STEPS[state]);
    if (state === 'contact' && data.phone && !inputs.phone.value) inputs.phone.value = data.phone;
    if (came) $(`at-${state}`).focus();
  },
  draw() {
    if (page.flow.state === 'held') put($('at-held'), 'phone.held', { time: time(page.flow.data.until) });
    confirm.draw();
  },
  refused(refusal, name) {
    if (refusal.code === 'no_session') {
      location.assign(address('/kabinet/login', { flow: null, return_to: '/kabinet/cabinet' }));
      return true;
    }
    if (name === 'contact' && refusal.code === 'invalid_credentials') {
      fieldError(inputs.current_password, 'current_password');
      inputs.current_password.focus();
      return true;
    }
    return confirm.refused(refusal);
  },
});

$('contact').addEventListener('submit', (event) => {
  event.preventDefault();
  for (const input of Object.values(inputs)) fieldError(input, null);
  const body = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
  page.step('contact', body, $('contact'), inputs);
});
for (const input of Object.values(inputs)) input.addEventListener('input', () => fieldError(input, null));
eye($('now-eye'));
window.addEventListener('pageshow', (event) => event.persisted && location.reload());
onLanguage(() => {
  for (const link of document.querySelectorAll('.to-cabinet')) link.href = address('/kabinet/cabinet', { flow: null });
});
const [said] = await Promise.all([meta(), startLanguage()]);
confirm = confirmation(page, 'complete', said);
await page.open();
