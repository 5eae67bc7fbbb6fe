// Ways into the help page from another one: to a situation by name, and from the very failure to its answer.

import { address } from './i18n.js';
import { $, text } from './ui.js';

// Refusals that have an answer of the same name in the help tree.
const ANSWERS = ['bmg_mismatch', 'bmg_not_registered', 'bmg_consent_required', 'bmg_consent_denied'];

// `from` names the page to come back to (help.js knows them), `flow` is its flow's id or null.
export const helpAddress = (from, flow, topic) => address('/kabinet/help', { topic, from, flow });

// Adds «Что делать?» to the notice that tells of the refusal. `flow` is asked when the link is followed.
export function offerHelp(code, from, flow = () => null) {
  if (!ANSWERS.includes(code)) return;
  const link = text('a', 'help.what', {}, { href: helpAddress(from, flow(), code) });
  link.addEventListener('click', () => { link.href = helpAddress(from, flow(), code); });
  $('notice').append(link);
}
