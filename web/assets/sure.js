// A second question before what cannot be undone (part-sure).

import { put } from './i18n.js';
import { $ } from './ui.js';

// Resolves to true for yes, whose button says what the title says, or `yes`.
export function sure(title, about, values, yes = title) {
  put($('sure-title'), title);
  put($('sure-about'), about, values);
  put($('sure-yes'), yes);
  $('sure').returnValue = '';
  $('sure').showModal();
  $('sure-no').focus();
  return new Promise((resolve) => {
    $('sure').addEventListener('close', () => resolve($('sure').returnValue === 'yes'), { once: true });
  });
}
$('sure-yes').addEventListener('click', () => $('sure').close('yes'));
$('sure-no').addEventListener('click', () => $('sure').close());
