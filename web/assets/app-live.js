// An active device: what waits for a confirmation, the code after a right sign, the feed.

import { now, phone as gateway } from './app-api.js';
import { challengeCard } from './app-cards.js';
import { eventKey, eventRow, isAlert, lay } from './events.js';
import { put, time } from './i18n.js';
import { sure } from './sure.js';
import { $, notice } from './ui.js';

const POLL = 25; // seconds that the gateway may keep a request
const PAUSE = 3000; // ms after an answer that should have been waited for, or that did not come
const LONGEST = 60000;
const ASKS = {
  device: 'app.object.device',
  password_changed: 'app.object.password',
  number_changed: 'app.object.number',
  child_left: 'app.object.child',
  hold: 'app.object.hold',
};
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// ---- the code -----------------------------------------------------------------------------

let hiding = null;

function showCode({ code, expires_at: until }) {
  $('code-digits').textContent = code;
  $('code-spoken').textContent = Array.from(code).join(' ');
  put($('code-until'), 'app.code.until', { time: time(until) });
  $('code').hidden = false;
  $('code-title').focus();
  clearTimeout(hiding);
  hiding = setTimeout(hideCode, Math.max(0, Date.parse(until) - now()));
}

function hideCode() {
  clearTimeout(hiding);
  if ($('code').hidden) return;
  const within = $('code').contains(document.activeElement);
  $('code').hidden = true;
  $('code-digits').textContent = '';
  $('code-spoken').textContent = '';
  if (within && !$('live').hidden) $('challenges-title').focus();
}
$('hide-code').addEventListener('click', hideCode);

// `refused` says what went wrong; `active` hears that the gateway takes this device for active.
export function screen({ device, refused, active }) {
  let challenges = [];
  let claimed = null; // by its QR code; the gateway's list need not hold it
  let events = [];
  let polling = null;

  function drawChallenges() {
    lay($('challenges'), challenges, (each) => each.id, (each) => challengeCard(each, { choose, deny }));
    $('none').hidden = challenges.length > 0;
  }

  function drawEvents() {
    const alerts = events.filter(isAlert);
    lay($('events'), events, eventKey, (each) => eventRow(each, object));
    lay($('alerts'), alerts, eventKey, (each) => eventRow(each, object));
    $('no-events').hidden = events.length > 0;
    $('alert').hidden = alerts.length === 0;
  }

  function draw() {
    for (const list of ['challenges', 'events', 'alerts']) $(list).replaceChildren();
    drawChallenges();
    drawEvents();
  }

  function adopt(found) {
    const known = new Set(challenges.map((each) => each.id));
    const listed = claimed && found.some((each) => each.id === claimed.id);
    if (claimed && Date.parse(claimed.expires_at) <= now()) claimed = null;
    challenges = claimed && !listed ? [...found, claimed] : found;
    drawChallenges();
    if (challenges.some((each) => !known.has(each.id))) notice('quiet', 'app.challenges.new');
  }

  function gone(challenge) {
    challenges = challenges.filter((each) => each.id !== challenge.id);
    if (claimed?.id === challenge.id) claimed = null;
    drawChallenges();
    $('challenges-title').focus();
  }

  // ---- asking -----------------------------------------------------------------------------

  // One long poll after the other; the feed is read beside each, so that it is never older than one.
  async function poll(stop) {
    let wait = 0; // the first answer comes at once
    let version = 0;
    let patience = PAUSE;
    while (!stop.aborted) {
      const begun = Date.now();
      try {
        const answer = await gateway.challenges(device(), { wait, version, stop });
        if (stop.aborted) return;
        await active();
        adopt(answer.challenges ?? []);
        await readFeed();
        if (wait && answer.version === version && Date.now() - begun < PAUSE) await pause(PAUSE);
        version = answer.version ?? 0;
        wait = POLL;
        patience = PAUSE;
      } catch (refusal) {
        if (stop.aborted) return;
        if (refusal.status !== 0 && refusal.status !== 429 && !(refusal.status >= 500)) {
          await refused(refusal, start);
          return;
        }
        await refused(refusal);
        await pause(Math.max(patience, refusal.retryAfter * 1000));
        patience = Math.min(patience * 2, LONGEST);
        if (!stop.aborted) notice();
      }
    }
  }

  function stop() {
    polling?.abort();
    hideCode();
  }

  function start() {
    polling?.abort();
    polling = new AbortController();
    if (!document.hidden && device().state !== 'removed') poll(polling.signal);
  }

  document.addEventListener('visibilitychange', () => { if (!$('live').hidden) start(); });

  // ---- answering --------------------------------------------------------------------------

  async function choose(challenge, sign) {
    notice();
    try {
      showCode(await gateway.open(device(), challenge.id, sign));
    } catch (refusal) {
      if (refusal.status === 410 || refusal.code === 'not_found') {
        gone(challenge);
        notice('bad', 'app.burned');
      } else await refused(refusal, () => choose(challenge, sign));
    }
  }

  async function deny(challenge, report) {
    notice();
    try {
      await gateway.deny(device(), challenge.id, report);
      hideCode();
      gone(challenge);
      notice('good', report ? 'app.reported' : 'app.denied');
    } catch (refusal) {
      await refused(refusal, () => deny(challenge, report));
    }
  }

  async function claim(secret) {
    claimed = await gateway.claim(device(), secret);
    adopt(challenges.filter((each) => each.id !== claimed.id));
    $(`what-${claimed.id}`)?.focus();
  }

  // ---- the feed ---------------------------------------------------------------------------

  async function readFeed() {
    events = (await gateway.events(device())).events ?? [];
    drawEvents();
  }
  $('reread').addEventListener('click', () => readFeed().catch((refusal) => refused(refusal, start)));

  async function object(event) {
    if (!await sure('app.object', ASKS[event.kind] ?? 'app.object.ask')) return;
    notice();
    try {
      const late = await gateway.object(device(), event.id).then(() => false, tooLate);
      await readFeed();
      notice(late ? 'bad' : 'good', late ? 'app.object.late' : 'app.objected');
      $('events-title').focus();
    } catch (refusal) {
      await refused(refusal);
    }
  }

  function tooLate(refusal) {
    if (refusal.status !== 409 && refusal.code !== 'not_found') throw refusal;
    return true;
  }

  function clear() {
    challenges = [];
    claimed = null;
    events = [];
    draw();
  }

  return { start, stop, draw, clear, claim, readFeed };
}
