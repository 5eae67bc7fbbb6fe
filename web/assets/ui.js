// Small parts that every page has: elements, notices, errors beside fields, waits, the eye.

import { put, t, has } from './i18n.js';

export const $ = (id) => document.getElementById(id);

export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
export function button(kind, words, work, attributes = {}) {
  const made = el('button', { type: 'button', class: kind, ...attributes }, words);
  made.addEventListener('click', work);
  return made;
}
export const text = (name, id, values, attributes) => put(el(name, attributes), id, values);

// A notice above the form, read aloud: kind "good", "bad" or "quiet". `again` adds a button.
export function notice(kind, id, values, again) {
  const box = $('notice');
  box.replaceChildren();
  box.className = 'notice';
  if (!id) return;
  box.classList.add(kind);
  box.append(text('p', id, values));
  box.scrollIntoView({ block: 'nearest' }); // on a phone the button may be far below
  if (again) {
    const button = text('button', 'action.retry', {}, { type: 'button', class: 'button plain' });
    button.addEventListener('click', () => {
      notice();
      again();
    });
    box.append(button);
  }
}

// Digits without what people type or paste between them.
export const bare = (typed) => typed.replace(/[\s\-\u00a0]/g, '');

// The words of a refusal that belongs to no field.
export const words = (refusal) => (has(`error.${refusal.code}`) ? `error.${refusal.code}` : 'error.internal');

export function fieldError(input, code) {
  const box = $(`${input.id}-error`);
  box.classList.remove('mild');
  if (code) {
    input.setAttribute('aria-invalid', 'true');
    put(box, has(`field.${code}`) ? `field.${code}` : code.startsWith('error.') ? code : 'field.value');
  } else {
    input.removeAttribute('aria-invalid');
    put(box, null);
  }
}

// Words beside a field that is not wrong, only worth another look.
export function fieldNote(input, id) {
  fieldError(input, null);
  put($(`${input.id}-error`), id).classList.add('mild');
}

// Does `work` once no mouse button or finger is down: a page that moves under a press loses the click.
let pressed = false;
for (const [kind, down] of [['pointerdown', true], ['pointerup', false], ['pointercancel', false]]) {
  addEventListener(kind, () => { pressed = down; }, true);
}
export function afterPress(work) {
  if (pressed) addEventListener('pointerup', () => setTimeout(work), { once: true });
  else work();
}

// Puts each error of a 422 beside its field and the focus on the first. False: none was for a field we show.
export function fieldErrors(refusal, inputs) {
  let first = null;
  for (const { field, code } of refusal.fields) {
    const input = inputs[field] ?? inputs[String(field).split('.').pop()];
    if (!input) continue;
    fieldError(input, code);
    first ??= input;
  }
  first?.focus();
  return first !== null;
}

export function busy(form, on) {
  form.setAttribute('aria-busy', String(on));
  for (const button of form.querySelectorAll('button')) button.classList.toggle('busy', on && button.type === 'submit');
}

// A wait in words: hours, minutes or seconds.
function waiting(seconds, attributes) {
  const [id, unit] = seconds > 5400 ? ['notice.wait_hours', 3600] : seconds > 90 ? ['notice.wait_minutes', 60]
    : ['notice.wait_seconds', 1];
  return text('p', id, { n: Math.ceil(seconds / unit) }, attributes);
}

// A notice that says when to come again.
export function later(seconds, id) {
  notice('bad', id);
  $('notice').append(waiting(seconds));
}

// Keeps `button` shut for so many seconds and shows them running down in the notice. The number is hidden
// from screen readers, which hear the wait once and its end once.
export function wait(button, seconds, id, over = () => {}) {
  const until = Date.now() + seconds * 1000;
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const clock = () => {
    const s = left();
    return s >= 60 ? `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}` : String(s);
  };
  notice('bad', id);
  const digits = el('p', { class: 'clock', 'aria-hidden': 'true' }, clock());
  $('notice').append(waiting(seconds, { class: 'quietly' }), digits);
  button.dataset.wait = 'true';
  button.disabled = true;
  const timer = setInterval(() => {
    digits.textContent = clock();
    if (left() > 0) return;
    clearInterval(timer);
    delete button.dataset.wait;
    button.disabled = false;
    if (digits.isConnected) notice('quiet', 'notice.wait_over');
    over();
  }, 250);
}

// Show and hide what is typed. The button keeps its name; "pressed" says the state.
export function eye(button) {
  const input = $(button.getAttribute('aria-controls'));
  button.addEventListener('click', () => {
    const show = input.type === 'password';
    input.type = show ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(show));
  });
}

// A sentence carries its link inside: `phrase` of `label`, in a tab of its own, so that what was typed
// here stays.
export function sentence(label, phrase, href) {
  const start = label.indexOf(phrase);
  if (!phrase || start < 0) return [label];
  const link = el('a', { href, target: '_blank', rel: 'noopener' }, phrase,
    el('span', { class: 'unseen' }, ` (${t('new_tab')})`));
  return [label.slice(0, start), link, label.slice(start + phrase.length)];
}
