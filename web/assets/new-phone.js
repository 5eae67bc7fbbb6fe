// «Новый телефон или приложение переустановлено» (part-activate): the app is activated anew. With the
// current password the new phone counts at once (SECURITY 16).

import { $, eye, fieldError } from './ui.js';

export function newPhone(page) {
  const form = $('new-phone');
  const typed = $('current_password');
  let at = null; // the state that it was opened in,
  let by = null; // and the link
  let trusted = false; // the password was given: another QR code asks for it again, or it would be lost

  // Below the step that it belongs to.
  function open(link) {
    at = page.flow.state;
    by = link;
    link.form.after(form);
    form.hidden = false;
    typed.focus();
  }

  function close() {
    at = null;
    form.hidden = true;
    typed.value = '';
    fieldError(typed, null);
  }

  // The page has moved on.
  function draw() {
    if (at && at !== page.flow.state) close();
  }

  function refused(refusal) {
    if (refusal.code !== 'invalid_credentials') return false;
    fieldError(typed, 'current_password');
    typed.focus();
    typed.select();
    return true;
  }

  async function submit() {
    const password = typed.value;
    fieldError(typed, null);
    const body = password ? { current_password: password } : {};
    if (!await page.step('new_device', body, form, { current_password: typed })) return;
    trusted = Boolean(password);
    close();
    $('at-activate').focus();
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  form.addEventListener('keydown', (event) => { if (event.key === 'Escape') cancel(); });
  $('new-phone-cancel').addEventListener('click', cancel);
  function cancel() {
    close();
    by.focus();
  }

  typed.addEventListener('input', () => fieldError(typed, null));
  eye($('current-eye'));
  $('new-device').addEventListener('click', () => open($('new-device')));
  $('renew').addEventListener('click', () => {
    if (trusted || page.flow.data.device === 'held') open($('renew'));
    else page.step('new_device', {}, $('activate'));
  });
  return { draw, refused };
}
