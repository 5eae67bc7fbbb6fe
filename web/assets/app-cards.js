// What the app's page draws of a challenge and of an event.

import { eventName } from './events.js';
import { t, time } from './i18n.js';
import { el } from './ui.js';

const PURPOSES = {
  recovery: 'app.purpose.recovery',
  reregistration: 'app.purpose.reregistration',
  phone: 'app.purpose.phone',
};
const fact = (name, value) => el('div', {}, el('dt', {}, t(name)), el('dd', {}, value));

function button(kind, words, work, attributes = {}) {
  const made = el('button', { type: 'button', class: kind, ...attributes }, words);
  made.addEventListener('click', work);
  return made;
}

// Puts what `make` draws of each item into the list. Rows with the same key are not touched, so that a
// focus and a finger stay where they are.
export function lay(list, items, key, make) {
  const kept = new Map(Array.from(list.children, (row) => [row.dataset.key, row]));
  const wanted = new Set(items.map(key));
  for (const [name, row] of kept) if (!wanted.has(name)) row.remove();
  items.forEach((item, i) => {
    if (kept.has(key(item))) return;
    const row = make(item);
    row.dataset.key = key(item);
    list.insertBefore(row, list.children[i] ?? null);
  });
}

// Who and what stand before the signs; of a request that this page does not know, there are none.
export function challengeCard(challenge, { choose, deny }) {
  const { id, purpose, signs = [] } = challenge;
  const known = Object.hasOwn(PURPOSES, purpose);
  const card = el('li', { 'aria-labelledby': `what-${id}` },
    el('h3', { id: `what-${id}`, tabindex: '-1' }, t(known ? PURPOSES[purpose] : 'app.purpose.unknown')),
    el('dl', { class: 'facts' },
      fact('app.browser', challenge.browser || t('app.unknown')), fact('app.place', challenge.place || t('app.unknown')),
      fact('app.asked', time(challenge.created_at)), fact('app.until', time(challenge.expires_at))),
    el('p', { class: 'warning' }, t('app.safety')));
  if (known) {
    const each = signs.map((sign) =>
      button('button plain', sign, () => choose(challenge, sign), { 'aria-label': t('app.sign', { sign }) }));
    card.append(el('p', { id: `which-${id}`, class: 'which' }, t('app.which')),
      el('div', { class: 'signs', role: 'group', 'aria-labelledby': `which-${id}` }, ...each));
  }
  card.append(el('div', { class: 'actions' },
    button('button plain', t('app.not_me'), () => deny(challenge, false)),
    button('button plain', t('app.not_me_report'), () => deny(challenge, true))));
  return card;
}

export const eventKey = (event) => `${event.id} ${event.objected ? 'objected' : event.object_until ?? ''}`;

// Where the gateway names a time, this device may object until then.
export function eventRow(event, object) {
  const { kind, at, browser, place, objected, object_until: until } = event;
  const name = eventName(kind);
  const about = [time(at), browser, place, objected && t('app.object.done')].filter(Boolean).join(' · ');
  const what = el('div', { class: 'what' }, el('p', { class: 'name' }, name), el('p', { class: 'small' }, about));
  if (!until) return el('li', {}, what);
  what.append(el('p', { class: 'small' }, t('app.object.until', { time: time(until) })));
  return el('li', {}, what, button('button plain small', t('app.object'), () => object(event),
    { 'aria-label': t('app.object_named', { event: name, time: time(at) }) }));
}
