/*
 * Telling a person what happened to the account: texts message.push.<what>.… and
 * message.sms.<what>, without names, numbers or codes. In the transaction of the change.
 */
#ifndef KAB_NOTICE_H
#define KAB_NOTICE_H

#include "cabinet/person/account.h"
#include "cabinet/proof/device.h"

/* To one app; one without a push token gets an SMS on its number. */
kab_err_t kab_notice_device(const kab_world_t *w, const char *what, const char *locale,
                            const kab_device_t *device);
/* To a number: an account's, perhaps a former one. */
kab_err_t kab_notice_number(const kab_world_t *w, const char *what, const char *locale,
                            kab_uuid_t account, const kab_phone_t *phone);
/* To each app of the account on its number, else to the number; nothing if it has neither. */
kab_err_t kab_notice_account(const kab_world_t *w, const char *what, const kab_account_t *account);

#endif
