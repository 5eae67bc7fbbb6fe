// Words. An element names its text by data-t="id" (data-t-<attribute>="id" for an attribute);
// the catalogue of the language fills it, again whenever the language changes.

export const LANGUAGES = ['kk', 'ru', 'en'];
const STORE = 'kabinet.lang';
const ATTRIBUTES = ['label', 'placeholder', 'alt'];
const params = new WeakMap();
const listeners = [];
let catalogue = {};
let current = 'ru';

export const lang = () => current;
export const query = () => new URLSearchParams(location.search);
export const onLanguage = (listener) => listeners.push(listener);

export function t(id, values = {}) {
  const text = catalogue[id];
  return text === undefined ? id : text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}
export const has = (id) => id in catalogue;

// Time as people of the language write it: 21.11.2026, 09:20; 21 Nov 2026, 09:20. Kazakh is written like
// Russian here, because browsers say they know Kazakh and then lack its month names.
const CLOCK = { hour: '2-digit', minute: '2-digit' };
const NUMBERS = new Intl.DateTimeFormat('ru', { day: '2-digit', month: '2-digit', year: 'numeric', ...CLOCK });
const WORDS = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', ...CLOCK });

export function time(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  return (current === 'en' ? WORDS : NUMBERS).format(at);
}

function fill(element) {
  const values = params.get(element) ?? {};
  if (element.dataset.t) element.textContent = t(element.dataset.t, values);
  for (const name of ATTRIBUTES) {
    const id = element.getAttribute(`data-t-${name}`);
    if (id) element.setAttribute(name === 'label' ? 'aria-label' : name, t(id, values));
  }
}

// Gives the element this text, in this language and in whichever comes later. No id: empties it.
export function put(element, id, values) {
  if (!id) {
    delete element.dataset.t;
    element.textContent = '';
    return element;
  }
  element.dataset.t = id;
  params.set(element, values ?? {});
  fill(element);
  return element;
}
export function putLabel(element, id, values) {
  element.setAttribute('data-t-label', id);
  params.set(element, values ?? {});
  fill(element);
  return element;
}

// Text kept by the address, so that a reload, a copied link and the next page agree.
export function address(path, changes = {}) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries({ lang: current, ...changes })) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url.pathname + url.search;
}
export function keepInAddress(changes) {
  history.replaceState(null, '', address(location.pathname + location.search, changes));
}

function remembered() {
  try {
    return localStorage.getItem(STORE);
  } catch {
    return null;
  }
}

function choose() {
  const wishes = [query().get('lang'), remembered(), ...navigator.languages.map((l) => l.slice(0, 2))];
  return wishes.find((wish) => LANGUAGES.includes(wish)) ?? 'ru';
}

export async function setLanguage(code) {
  const response = await fetch(`/kabinet/i18n/${code}.json`, { credentials: 'same-origin' });
  if (!response.ok) throw new Error('texts');
  catalogue = await response.json();
  current = code;
  try {
    localStorage.setItem(STORE, code);
  } catch {
    // a browser that keeps nothing: the address does
  }
  const root = document.documentElement;
  root.lang = code;
  keepInAddress({});
  for (const element of document.querySelectorAll('[data-t], [data-t-label], [data-t-placeholder], [data-t-alt]')) fill(element);
  for (const link of document.querySelectorAll('.langs a')) {
    if (link.dataset.lang === code) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  for (const listener of listeners) listener(code);
  root.classList.add('ready');
}

export async function startLanguage() {
  for (const link of document.querySelectorAll('.langs a')) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      setLanguage(link.dataset.lang).catch(() => location.assign(address(location.pathname + location.search, { lang: link.dataset.lang })));
    });
  }
  try {
    await setLanguage(choose());
  } catch (error) {
    // Without words there is no page: say so in all three languages, which stand in the page itself.
    document.documentElement.classList.add('wordless');
    throw error;
  }
}
