// The account's apps, and removing one, which asks the password beside it.

import { api } from './api.js';
import { attempt, said, signIn } from './cabinet-way.js';
import { t, time } from './i18n.js';
import { $, busy, button, el, fieldError, fieldErrors, notice, wait, words } from './ui.js';

const form = $('removal');
const typed = $('removal_password');
const NAMES = { android: 'devices.android', ios: 'devices.ios', web: 'devices.web', cli: 'devices.cli' };
const nameOf = ({ platform }) => (Object.hasOwn(NAMES, platform) ? t(NAMES[platform]) : platform);

// `changed` reads again what a removal changes besides.
export function phones(changed) {
  let devices = [];
  let chosen = null; // to be removed

  // ---- the list -----------------------------------------------------------------------

  function about({ state, phone_masked: phone, created_at: since, held_until: until, removed_at: removed }) {
    const when = {
      held: () => t('devices.held', { time: time(until) }),
      removed: () => t('devices.removed', { time: time(removed) }),
    }[state] ?? (() => t('devices.since', { time: time(since) }));
    return [phone, when()].join(' · ');
  }

  function row(device) {
    const line = el('li', { 'data-id': device.id }, el('div', { class: 'what' },
      el('p', { class: 'name' }, nameOf(device)), el('p', { class: 'small' }, about(device))));
    if (device.state !== 'removed') {
      line.append(button('button plain small', t('devices.remove'), () => ask(device),
        { 'aria-label': t('devices.remove_named', { name: nameOf(device), phone: device.phone_masked }) }));
    }
    return line;
  }

  const lineOf = (device) => $('devices').querySelector(`[data-id="${CSS.escape(device.id)}"]`);

  // The question follows its device; without one it waits outside the list.
  function draw() {
    $('devices').after(form);
    $('devices').replaceChildren(...devices.map(row));
    $('no-devices').hidden = devices.length > 0;
    const line = chosen && lineOf(chosen);
    if (line) line.append(form);
    else leave();
  }

  async function read() {
    devices = (await api('GET', '/devices')).devices;
    chosen = devices.find((each) => each.id === chosen?.id && each.state !== 'removed') ?? null;
    draw();
  }

  // ---- removing -----------------------------------------------------------------------

  function ask(device) {
    if (form.getAttribute('aria-busy') === 'true') return;
    form.reset();
    fieldError(typed, null);
    chosen = device;
    lineOf(device).append(form);
    form.hidden = false;
    typed.focus();
  }

  function leave() {
    chosen = null;
    form.hidden = true;
    form.reset();
    $('devices').after(form);
  }

  function wrong(code) {
    fieldError(typed, code);
    typed.focus();
  }

  function refused(refusal) {
    if (refusal.code === 'no_session') signIn('session_over');
    else if (refusal.code === 'invalid_credentials') wrong('current_password');
    else if (refusal.status === 429) wait($('remove'), refusal.retryAfter || 5, words(refusal));
    else if (refusal.status === 404 || refusal.status === 409) {
      attempt(read).then((good) => good && notice('quiet', 'devices.changed'));
    } else if (!(refusal.status === 422 && fieldErrors(refusal, { current_password: typed }))) notice('bad', words(refusal));
  }

  async function remove() {
    if (form.getAttribute('aria-busy') === 'true' || $('remove').dataset.wait) return;
    notice();
    fieldError(typed, null);
    if (!typed.value) {
      wrong('missing');
      return;
    }
    busy(form, true);
    try {
      await api('DELETE', `/devices/${encodeURIComponent(chosen.id)}`, { current_password: typed.value });
      leave();
      if (await attempt(changed)) said('devices.done', 'devices-title');
    } catch (refusal) {
      refused(refusal);
    } finally {
      busy(form, false);
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    remove();
  });
  typed.addEventListener('input', () => fieldError(typed, null));
  $('keep').addEventListener('click', () => {
    const line = lineOf(chosen);
    leave();
    line?.querySelector('button')?.focus();
  });
  return { read, draw };
}
