// What happened to an account, as the app and the cabinet show it (GET /events, GET /app/events).

import { has, t, time } from './i18n.js';
import { button, el } from './ui.js';

const wordsOf = (kind) => (kind !== 'other' && has(`event.${kind}`) ? t(`event.${kind}`) : t('event.other', { kind }));

// What waits, or came lately, and may still be refused: it stands above everything else.
const ALERTS = ['device', 'hold'];
export const isAlert = (event) => ALERTS.includes(event.kind) && Boolean(event.object_until);

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

export const eventKey = (event) => `${event.id} ${event.objected ? 'objected' : event.object_until ?? ''}`;

// Where the gateway names a time, whoever looks may object until then.
export function eventRow(event, object) {
  const { kind, at, browser, place, objected, object_until: until } = event;
  const what = wordsOf(kind);
  const about = [time(at), browser, place, objected && t('app.object.done')].filter(Boolean).join(' · ');
  const row = el('div', { class: 'what' }, el('p', { class: 'name' }, what), el('p', { class: 'small' }, about));
  if (!until) return el('li', {}, row);
  row.append(el('p', { class: 'small' }, t('app.object.until', { time: time(until) })));
  return el('li', {}, row, button('button plain small', t('app.object'), () => object(event),
    { 'aria-label': t('app.object_named', { event: what, time: time(at) }) }));
}
