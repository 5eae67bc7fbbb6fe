// The page for addresses that lead nowhere: it has only words.

import { startLanguage } from './i18n.js';

await startLanguage();
