// The gateway's API (docs/openapi.yaml): JSON in, JSON or problem details out.

const BASE = '/kabinet/api/v1';
const PATIENCE = 30000; // ms; a phone on a weak link still gets its answer

// `code` is the stable public id, whose words are error.<code> in the catalogue.
export class Refusal extends Error {
  constructor(status, code, problem = {}, retryAfter = 0) {
    super(code);
    this.status = status;
    this.code = code;
    this.fields = Array.isArray(problem.errors) ? problem.errors : [];
    this.retryAfter = retryAfter;
    this.attemptsLeft = problem.attempts_left;
  }
}

async function json(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

export async function api(method, path, body) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: patience.signal,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal(0, 'network');
  } finally {
    clearTimeout(timer);
  }
  if (response.status === 204) return null;
  const data = await json(response);
  if (response.ok) return data;
  const wait = Number(data.retry_after ?? response.headers.get('Retry-After')) || 0;
  const code = data.code || (response.status >= 502 ? 'service_unavailable' : 'internal');
  throw new Refusal(response.status, code, data, wait);
}

const part = encodeURIComponent;
export const flows = {
  start: (fields) => api('POST', '/flows', fields),
  read: (id) => api('GET', `/flows/${part(id)}`),
  cancel: (id) => api('DELETE', `/flows/${part(id)}`),
  step: (id, step, fields = {}) => api('POST', `/flows/${part(id)}/${part(step)}`, fields),
};

// What GET /meta says of the forms. A page must work without it, so a silence gives the defaults;
// the server judges anyway.
export async function meta() {
  let said = {};
  try {
    said = await api('GET', '/meta');
  } catch {
    // defaults below
  }
  const rules = said.password_rules ?? said.password?.rules ?? said.password;
  return {
    consents: Array.isArray(said.consents) ? said.consents
      : [{ kind: 'terms', required: true }, { kind: 'notifications', required: true }],
    rules: Array.isArray(rules) ? rules : [],
    stores: said.stores ?? {},
    warnOnly: said.iin_check === 'warn',
  };
}
