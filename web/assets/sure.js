// A second question before what cannot be undone (part-sure).

import { put } from './i18n.js';
import { $ } from './ui.js';

let answer = () => {}; // of the question that is open

// Resolves to true for yes, whose button says what the title says, or `yes`.
export function sure(title, about, values, yes = title) {
  answer(false);
  put($('sure-title'), title);
  put($('sure-about'), about, values);
  put($('sure-yes'), yes);
  $('sure').returnValue = '';
  $('sure').showModal();
  $('sure-no').focus();
  return new Promise((resolve) => { answer = resolve; });
}
// It is told a moment after the dialog closed, when the next question may be open already.
$('sure').addEventListener('close', () => { if (!$('sure').open) answer($('sure').returnValue === 'yes'); });
$('sure-yes').addEventListener('click', () => $('sure').close('yes'));
$('sure-no').addEventListener('click', () => $('sure').close());
