// The device's key in this browser: P-256 by WebCrypto, not extractable, kept in IndexedDB with its device.

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const STORE = 'device';
const bytes = (text) => new TextEncoder().encode(text);
const base64 = (data) => btoa(String.fromCharCode(...new Uint8Array(data)));
export const base64url = (data) => base64(data).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
export const sha256 = (data) => crypto.subtle.digest('SHA-256', data);

// ---- where it is kept ---------------------------------------------------------------

const answer = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function inStore(mode, work) {
  const opening = indexedDB.open('kabinet-app', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await answer(opening);
  try {
    const change = database.transaction(STORE, mode);
    const found = await answer(work(change.objectStore(STORE)));
    if (mode === 'readwrite') await new Promise((resolve, reject) => Object.assign(change, { oncomplete: resolve, onabort: reject }));
    return found;
  } finally {
    database.close();
  }
}

// { keys, id, state }: state is "new", "proving", "held" or "active".
export const load = () => inStore('readonly', (store) => store.get(STORE));
export const save = (device) => inStore('readwrite', (store) => store.put(device, STORE));
export const forget = () => inStore('readwrite', (store) => store.delete(STORE));

export async function create() {
  return { keys: await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']), id: null, state: 'new' };
}

// ---- its public half ----------------------------------------------------------------

export async function publicJwk(device) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', device.keys.publicKey);
  return { kty, crv, x, y };
}

// RFC 7638: the required members of an EC key, sorted, without blanks.
export async function thumbprint(device) {
  const { crv, kty, x, y } = await publicJwk(device);
  return base64url(await sha256(bytes(JSON.stringify({ crv, kty, x, y }))));
}

// ---- signing (RFC 9421, RFC 9530; docs/app.md) --------------------------------------

export async function signedHeaders(device, keyid, method, uri, body, created) {
  const digest = `sha-256=:${base64(await sha256(bytes(body)))}:`;
  const nonce = base64url(crypto.getRandomValues(new Uint8Array(12)));
  const params = `("@method" "@target-uri" "content-digest");created=${created};keyid="${keyid}";nonce="${nonce}"`;
  const base = `"@method": ${method}\n"@target-uri": ${uri}\n"content-digest": ${digest}\n"@signature-params": ${params}`;
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, device.keys.privateKey, bytes(base));
  return { 'Content-Digest': digest, 'Signature-Input': `sig=${params}`, Signature: `sig=:${base64(signature)}:` };
}
