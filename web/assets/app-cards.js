// What the app's page draws of a challenge.

import { t, time } from './i18n.js';
import { button, el } from './ui.js';

const PURPOSES = {
  recovery: 'app.purpose.recovery',
  reregistration: 'app.purpose.reregistration',
  phone: 'app.purpose.phone',
};
const fact = (name, value) => el('div', {}, el('dt', {}, t(name)), el('dd', {}, value));

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
