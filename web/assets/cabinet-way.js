// What every part of the cabinet's page does: a request that may be refused, and words for what was done.

import { address } from './i18n.js';
import { $, notice, words } from './ui.js';

// `word` is one that the sign-in's page has words for.
export function signIn(word) {
  location.replace(address('/kabinet/login', { notice: word, return_to: word === 'signed_out' ? null : '/kabinet/cabinet', flow: null }));
}

// Does `work`; a lost session leads to the sign-in, anything else is said above. `special` may say it itself.
export async function attempt(work, { again = () => attempt(work), special = () => false, lost = 'session_over' } = {}) {
  notice();
  try {
    await work();
    return true;
  } catch (refusal) {
    if (refusal.status === undefined) throw refusal;
    if (refusal.code === 'no_session') signIn(lost);
    else if (!special(refusal)) notice('bad', words(refusal), {}, again);
    return false;
  }
}

export function said(id, focus) {
  notice('good', id);
  $(focus).focus();
}
