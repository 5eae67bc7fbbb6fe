// The words for what happened to an account (GET /events, GET /app/events): event.<kind>.

import { has, t } from './i18n.js';

export const eventName = (kind) => (kind !== 'other' && has(`event.${kind}`) ? t(`event.${kind}`) : t('event.other', { kind }));
