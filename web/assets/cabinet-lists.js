// Sessions, consents and children of the signed-in person.

import { api } from './api.js';
import { attempt, said } from './cabinet-way.js';
import { address, has, t, time } from './i18n.js';
import { sure } from './sure.js';
import { $, button, el } from './ui.js';

const part = encodeURIComponent;
const joined = (...parts) => parts.filter(Boolean).join(' · ');
const what = (name, ...about) => el('div', { class: 'what' }, el('p', { class: 'name' }, name),
  ...about.map((each) => el('p', { class: 'small' }, each)));

// A list that is read, drawn, and drawn again when the language changes.
function list(path, name, row, drawn = () => {}) {
  let rows = [];
  const draw = () => {
    $(name).replaceChildren(...rows.map(row));
    drawn(rows);
  };
  const read = async () => {
    rows = (await api('GET', path))[name];
    draw();
  };
  return { read, draw };
}

// ---- sessions -----------------------------------------------------------------------

function sessionRow(session) {
  const browser = session.browser || t('sessions.unknown');
  const row = el('li', {}, what(browser, joined(session.place, t('sessions.started', { time: time(session.created_at) }),
    t('sessions.expires', { time: time(session.expires_at) }))));
  row.append(session.current ? el('span', { class: 'badge' }, t('sessions.current'))
    : button('button plain small', t('sessions.end'), () => end(session),
      { 'aria-label': t('sessions.end_named', { browser, time: time(session.created_at) }) }));
  return row;
}

export const sessions = list('/sessions', 'sessions', sessionRow, (rows) => {
  $('end-others').hidden = rows.every((session) => session.current);
});

const end = (session) => attempt(async () => {
  await api('DELETE', `/sessions/${part(session.id)}`);
  await sessions.read();
  said('sessions.ended', 'sessions-title');
});

$('end-others').addEventListener('click', () => attempt(async () => {
  await api('DELETE', '/sessions');
  await sessions.read();
  said('sessions.others_ended', 'sessions-title');
}));

// ---- consents -----------------------------------------------------------------------

const consentName = (kind) => (has(`consent.${kind}.name`) ? t(`consent.${kind}.name`) : kind);

function consentRow(consent) {
  const name = consentName(consent.kind);
  const when = consent.withdrawn_at ? t('consents.withdrawn', { time: time(consent.withdrawn_at) })
    : t('consents.agreed', { time: time(consent.agreed_at) });
  const read = el('a', { href: address(`/kabinet/consents/${part(consent.kind)}`, { from: 'cabinet' }),
    'aria-label': `${t('consents.read')}: ${name}` }, t('consents.read'));
  const row = el('li', {}, what(name, joined(when, t('consents.version', { version: consent.version })), read));
  if (!consent.withdrawn_at) {
    row.append(button('button plain small', t('consents.withdraw'), () => withdraw(consent.kind),
      { 'aria-label': t('consents.withdraw_named', { name }) }));
  }
  return row;
}

export const consents = list('/consents', 'consents', consentRow, (rows) => {
  $('no-consents').hidden = rows.length > 0;
});

async function withdraw(kind) {
  if (!await sure('consents.dialog', 'consents.ask', { name: consentName(kind) }, 'consents.withdraw')) return;
  await attempt(async () => {
    await api('DELETE', `/consents/${part(kind)}`);
    await consents.read();
    said('consents.done', 'consents-title');
  });
}

// ---- children -----------------------------------------------------------------------

const ATTENDANCE = { queue: 'children.queue', kindergarten: 'children.kindergarten' };

const childRow = ({ iin_masked: iin, attendance, since, disputed }) => el('li', {}, what(iin,
  joined(t(ATTENDANCE[attendance]), t('children.since', { time: time(since) })),
  ...(disputed ? [t('children.disputed')] : [])));

export const children = list('/children', 'children', childRow, (rows) => {
  $('no-children').hidden = rows.length > 0;
});
