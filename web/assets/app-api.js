// The gateway's /app API, each request signed by the device. A clock that is off is set by the answer's Date.

import { Refusal } from './api.js';
import { publicJwk, signedHeaders, thumbprint } from './app-key.js';

const BASE = '/kabinet/api/v1/app';
const PATIENCE = 30000; // ms, beyond what was asked to wait
let ahead = 0; // seconds to add to this machine's clock
export const now = () => Date.now() + ahead * 1000;

async function send(device, keyid, method, path, body, stop, wait) {
  const uri = location.origin + BASE + path;
  const created = Math.floor(now() / 1000);
  const headers = await signedHeaders(device, keyid, method, uri, body, created);
  if (body) headers['Content-Type'] = 'application/json';
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE + wait * 1000);
  stop?.addEventListener('abort', () => patience.abort());
  try {
    const response = await fetch(uri, {
      method, headers, body: body || undefined, credentials: 'omit', cache: 'no-store', redirect: 'error', signal: patience.signal,
    });
    return { response, text: await response.text() };
  } catch {
    throw new Refusal(0, stop?.aborted ? 'stopped' : 'network');
  } finally {
    clearTimeout(timer);
  }
}

function object(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === 'object' ? found : null;
  } catch {
    return null;
  }
}

async function call(device, keyid, method, path, fields, { stop, wait = 0, again = true } = {}) {
  const body = fields === undefined ? '' : JSON.stringify(fields);
  const { response, text } = await send(device, keyid, method, path, body, stop, wait);
  const data = object(text);
  if (response.status === 204) return {};
  if (response.ok && data) return data;
  const code = data?.code || (response.status >= 502 || response.ok ? 'service_unavailable' : 'internal');
  if (code === 'clock_skew' && again) {
    const theirs = Date.parse(response.headers.get('Date') ?? '');
    if (!Number.isNaN(theirs)) {
      ahead = Math.round((theirs - Date.now()) / 1000);
      return call(device, keyid, method, path, fields, { stop, wait, again: false });
    }
  }
  const refusal = new Refusal(response.status, code, data ?? {}, Number(data?.retry_after ?? response.headers.get('Retry-After')) || 0);
  refusal.until = data?.held_until ?? null;
  throw refusal;
}

const part = encodeURIComponent;
export const phone = {
  activate: async (device, fields) => call(device, await thumbprint(device), 'POST', '/devices',
    { ...fields, public_key: await publicJwk(device), platform: 'web', accept_terms: true }),
  proof: async (device, code) => call(device, await thumbprint(device), 'POST', `/devices/${part(device.id)}/proof`, { code }),
  // Kept there for `wait` seconds, until the list is not the one of `version`; 0 is the empty one's.
  challenges: (device, { wait, version, stop }) => {
    const query = wait ? `?wait=${wait}${version ? `&version=${version}` : ''}` : '';
    return call(device, device.id, 'GET', `/challenges${query}`, undefined, { stop, wait });
  },
  claim: (device, qr) => call(device, device.id, 'POST', '/challenges/claim', { qr }),
  open: (device, id, sign) => call(device, device.id, 'POST', `/challenges/${part(id)}/open`, { sign }),
  deny: (device, id, report) => call(device, device.id, 'POST', `/challenges/${part(id)}/deny`, report ? { report } : {}),
  events: (device) => call(device, device.id, 'GET', '/events'),
  object: (device, id) => call(device, device.id, 'POST', `/events/${part(id)}/object`, {}),
};
