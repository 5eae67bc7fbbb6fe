// What makes an app this person's: its pages in the stores, QR code, one-time password.

import { put, t, time } from './i18n.js';
import { $, sentence } from './ui.js';

const STORES = { google: 'recovery.google_play', apple: 'recovery.app_store' };
const DEVICE = { proving: 'recovery.proving', active: 'recovery.bound', held: 'recovery.held' };

// The stores' names within the sentence are links, if the gateway knows where they lead.
export function drawInstall(stores) {
  const linked = (parts, store) => parts.flatMap((part) => (
    typeof part === 'string' ? sentence(part, t(STORES[store]), stores[store]) : [part]));
  const known = Object.keys(STORES).filter((store) => stores[store]);
  $('install').replaceChildren(...known.reduce(linked, [t('recovery.install')]));
}

// Whoever reads this on the phone that has the app cannot scan its own screen: the link is what the
// QR code says. The style shows it where a finger points.
export function drawLink(link, data) {
  if (data.app_link) link.href = data.app_link;
  link.hidden = !data.app_link;
}

export function picture(img, flow, key) {
  const src = `/kabinet/api/v1/flows/${encodeURIComponent(flow.id)}/qr.svg?${encodeURIComponent(key)}`;
  if (img.getAttribute('src') !== src) img.src = src;
}

const groups = (digits) => [digits.slice(0, 4), digits.slice(4, 8), digits.slice(8)].join(' ');

// Of a flow in state activate, and how far the app has come.
export function drawPair(flow) {
  const { data } = flow;
  drawLink($('activate-link'), data);
  $('otp').textContent = groups(data.one_time_password ?? '');
  put($('otp-expires'), 'recovery.expires', { time: time(data.expires_at) });
  picture($('activate-qr'), flow, data.expires_at ?? '');
  put($('device'), DEVICE[data.device] ?? 'recovery.waiting', { time: data.held_until ? time(data.held_until) : '' });
  $('device').classList.toggle('good', data.device === 'active');
}
