// «Лента событий» of the signed-in person, and «это был не я».

import { api } from './api.js';
import { attempt } from './cabinet-way.js';
import { eventKey, eventRow, isAlert, lay } from './events.js';
import { sure } from './sure.js';
import { $, notice } from './ui.js';

const FIRST = 5; // the others are a button away
const ASKS = {
  device: 'cabinet.object.device',
  password_changed: 'cabinet.object.password',
  number_changed: 'cabinet.object.number',
  child_left: 'app.object.child',
  hold: 'app.object.hold',
};

// `changed` reads the whole page again.
export function feed(changed) {
  let events = [];
  let all = false;

  // What waits, or came lately, and may still be refused stands above everything else.
  function update() {
    const alerts = events.filter(isAlert);
    const row = (event) => eventRow(event, object);
    lay($('alerts'), alerts, eventKey, row);
    lay($('events'), all ? events : events.slice(0, FIRST), eventKey, row);
    $('alert').hidden = alerts.length === 0;
    $('no-events').hidden = events.length > 0;
    $('more-events').hidden = all || events.length <= FIRST;
  }

  function draw() {
    $('alerts').replaceChildren();
    $('events').replaceChildren();
    update();
  }

  async function read() {
    events = (await api('GET', '/events')).events;
    update();
  }

  // Too late, or somebody was faster: the feed says how it stands.
  function late(refusal) {
    if (refusal.status !== 409 && refusal.status !== 404) throw refusal;
    return true;
  }

  // It may have ended this session too: then there is nothing left to read.
  async function object(event) {
    if (!await sure('app.object', ASKS[event.kind] ?? 'app.object.ask')) return;
    let missed = false;
    const told = await attempt(async () => {
      missed = await api('POST', `/events/${encodeURIComponent(event.id)}/object`, {}).then(() => false, late);
    });
    if (!told) return;
    const here = await attempt(changed, { lost: missed ? 'session_over' : 'objected' });
    if (!here) return;
    notice(missed ? 'bad' : 'good', missed ? 'app.object.late' : 'app.objected');
    $('events-title').focus();
  }

  $('more-events').addEventListener('click', () => {
    all = true;
    update();
    const next = $('events').children[FIRST];
    next.tabIndex = -1;
    next.focus();
  });
  $('reread').addEventListener('click', () => attempt(changed));
  return { read, draw };
}
