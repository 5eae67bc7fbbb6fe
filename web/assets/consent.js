// A document that a person agrees to, in the language of the page: the very text whose digest is recorded.

import { address, lang, onLanguage, put, query, startLanguage } from './i18n.js';
import { $, el, notice } from './ui.js';

const kind = decodeURIComponent(location.pathname.split('/').pop());

// The texts are plain: the first line is the name, an empty line parts blocks, "- " begins an item.
function draw(plain) {
  const [name, ...blocks] = plain.trim().split(/\n\s*\n/);
  put($('name'), null).textContent = name;
  document.title = name;
  $('text').replaceChildren(...blocks.map((block) => {
    const lines = block.split('\n');
    if (!lines.every((line) => line.startsWith('- '))) return el('p', {}, block);
    return el('ul', {}, ...lines.map((line) => el('li', {}, line.slice(2))));
  }));
}

async function load() {
  const article = $('document');
  article.setAttribute('aria-busy', 'true');
  try {
    const response = await fetch(`/kabinet/consents/${encodeURIComponent(kind)}.txt?lang=${lang()}`, { credentials: 'same-origin' });
    if (!response.ok) throw new Error('text');
    draw(await response.text());
    notice();
  } catch {
    put($('name'), 'consent.page');
    notice('bad', 'error.network', {}, load);
  }
  article.setAttribute('aria-busy', 'false');
}

onLanguage(load);
onLanguage(() => {
  const flow = query().get('flow');
  // From the cabinet one goes back there; from the sign-in to the same flow.
  $('return').href = query().get('from') === 'cabinet' ? address('/kabinet/cabinet') : address('/kabinet/login', { flow });
  put($('return'), query().get('from') === 'cabinet' ? 'consent.back_cabinet' : 'consent.back');
});
$('print').addEventListener('click', () => window.print());
await startLanguage();
