// The words for what happened to an account (GET /events, GET /app/events).

import { t } from './i18n.js';

const NAMES = {
  sign_in: 'event.sign_in',
  sign_in_failed: 'event.sign_in_failed',
  sign_out: 'event.sign_out',
  password_changed: 'event.password_changed',
  consent_given: 'event.consent_given',
  consent_withdrawn: 'event.consent_withdrawn',
  sessions_ended: 'event.sessions_ended',
  blocked: 'event.blocked',
  unblocked: 'event.unblocked',
  created: 'event.created',
  imported: 'event.created',
  locale: 'event.locale',
};

export const eventName = (kind) => (Object.hasOwn(NAMES, kind) ? t(NAMES[kind]) : t('event.other', { kind }));
