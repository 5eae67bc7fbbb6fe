// «Активировать приложение»: QR code and one-time password for the account's own number, shown when they
// are asked for; a long poll sees the app come.

import { api, flows } from './api.js';
import { attempt, signIn } from './cabinet-way.js';
import { helpAddress } from './help-link.js';
import { lang, onLanguage, put } from './i18n.js';
import { drawInstall, drawPair } from './pair.js';
import { $, notice, wait, words } from './ui.js';

const PROOF = 300000; // ms that an app may still prove what it began in time
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const gone = (refusal) => refusal.status === 404 || refusal.status === 410;
const at = (flow) => `/flows/${encodeURIComponent(flow.id)}`;

// `bound` hears that an app has come, at once or after a hold.
export function activation(stores, bound) {
  let flow = null;
  let ended = false; // its ten minutes are over
  let given = false; // and nothing more can come of it
  let polling = null;
  let clock = null;

  // A secret that is over stands nowhere any more.
  function draw() {
    drawInstall(stores);
    $('activation-help').href = helpAddress('cabinet', null);
    if (!flow) return;
    drawPair(flow);
    const waiting = flow.data.device === 'none';
    $('secrets').hidden = ended || !(waiting || flow.data.device === 'proving');
    if ($('secrets').hidden) $('otp').textContent = '';
    if (given || (ended && waiting)) put($('device'), 'activation.expired');
  }

  function close() {
    clearTimeout(clock);
    flow = null;
    $('pair').hidden = true;
    $('otp').textContent = '';
    $('activate-qr').removeAttribute('src');
    $('activate-link').removeAttribute('href');
    $('show-pair').hidden = false;
  }

  async function adopt(answer) {
    const was = flow?.id === answer.id ? flow.data.device : 'none';
    flow = answer;
    if (flow.state === 'done') {
      close();
      if (await attempt(bound)) {
        notice('good', 'recovery.bound');
        $('events-title').focus();
      }
      return;
    }
    draw();
    if (flow.data.device === 'held' && was !== 'held') attempt(bound);
  }

  // ---- waiting for the app ------------------------------------------------------------

  // Somebody who looks elsewhere is not kept signed in by this.
  const worth = (id) => flow?.id === id && !document.hidden && !given && flow.data.device !== 'held'
    && !(ended && flow.data.device === 'none');

  async function poll() {
    const { id } = flow;
    if (polling === id) return;
    polling = id;
    while (worth(id)) {
      try {
        const answer = await api('GET', `${at(flow)}?wait=25&version=${flow.version}`);
        if (flow?.id === id && answer.version > flow.version) await adopt(answer);
      } catch (refusal) {
        if (refusal.code === 'no_session') signIn('session_over');
        else if (gone(refusal) && flow?.id === id) giveUp();
        else await pause(3000);
      }
    }
    if (polling === id) polling = null;
  }

  function expire() {
    ended = true;
    clock = setTimeout(giveUp, PROOF);
    draw();
  }

  function giveUp() {
    clearTimeout(clock);
    ended = true;
    given = true;
    draw();
  }

  document.addEventListener('visibilitychange', () => { if (flow && !document.hidden) poll(); });

  // ---- showing ------------------------------------------------------------------------

  function special(button) {
    return (refusal) => {
      if (refusal.status === 429) wait(button, refusal.retryAfter || 5, words(refusal));
      else if (refusal.fields.some((each) => each.code === 'phone_missing')) notice('bad', 'field.phone_missing');
      else return false;
      return true;
    };
  }

  const show = (button) => attempt(async () => {
    const before = flow;
    const answer = await flows.start({ kind: 'activation', lang: lang() });
    if (before) flows.cancel(before.id).catch(() => {});
    clearTimeout(clock);
    clock = setTimeout(expire, Date.parse(answer.data.expires_at) - Date.parse(answer.now));
    ended = false;
    given = false;
    flow = null;
    await adopt(answer);
    $('show-pair').hidden = true;
    $('pair').hidden = false;
    $('pair-title').focus();
    poll();
  }, { special: special(button) });

  function hide() {
    if (flow) flows.cancel(flow.id).catch(() => {});
    close();
    $('show-pair').focus();
  }

  $('show-pair').addEventListener('click', () => show($('show-pair')));
  $('renew').addEventListener('click', () => show($('renew')));
  $('hide-pair').addEventListener('click', hide);
  onLanguage(draw);
  draw();
}
