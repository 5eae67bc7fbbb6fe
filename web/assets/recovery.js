// Forgotten password: IIN, the app, code and new password.

import { meta } from './api.js';
import { confirmation } from './confirm.js';
import { flowPage, markSteps } from './flow.js';
import { address, onLanguage, startLanguage } from './i18n.js';
import { $, bare, fieldError } from './ui.js';

const STEPS = { identify: 0, activate: 1, code: 2, done: 2 };
const SECTIONS = { identify: 'identify', activate: 'activate', code: 'code-form', done: 'finished' };
const iin = $('iin');
let confirm = null;

const page = flowPage({
  kind: 'recovery',
  over: 'notice.new_flow',
  reread: 'notice.reread',
  show({ state }, came) {
    for (const [each, section] of Object.entries(SECTIONS)) $(section).hidden = each !== state;
    $('beside-activate').hidden = state !== 'activate';
    markSteps(STEPS[state]);
    if (came) $(`at-${state === 'done' ? 'finished' : state}`).focus();
  },
  draw: () => confirm.draw(),
  refused: (refusal) => confirm.refused(refusal),
});

$('identify').addEventListener('submit', (event) => {
  event.preventDefault();
  fieldError(iin, null);
  page.step('identify', { iin: bare(iin.value) }, $('identify'), { iin });
});
iin.addEventListener('input', () => fieldError(iin, null));
window.addEventListener('pageshow', (event) => event.persisted && location.reload());
onLanguage(() => {
  $('to-login').href = address('/kabinet/login', { flow: null });
  for (const link of document.querySelectorAll('.not-mine')) link.href = address('/kabinet/reregistration');
});
const [said] = await Promise.all([meta(), startLanguage()]);
confirm = confirmation(page, 'update', said);
await page.open();
