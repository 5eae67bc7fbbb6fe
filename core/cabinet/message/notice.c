#include "cabinet/message/notice.h"

#include "cabinet/message/message.h"
#include "cabinet/message/outbox.h"

enum { TTL = 24 * 3600 }; /* seconds */

kab_err_t kab_notice_number(const kab_world_t *w, const char *what, const char *locale,
                            kab_uuid_t account, const kab_phone_t *phone)
{
    const char *id = kab_format(w->arena, "message.sms.%s", what);
    kab_message_t message = {
        .kind = KAB_OUTBOX_SMS,
        .account = account,
        .to = kab_span_of(phone->e164),
        .body = kab_span_of(kab_message_text(id, kab_message_language(locale))),
        .expires_at = w->env->now(w->env->ctx) + TTL * KAB_SECOND,
    };
    return kab_outbox_add(w, &message);
}

kab_err_t kab_notice_device(const kab_world_t *w, const char *what, const char *locale,
                            const kab_device_t *device)
{
    kab_push_text_t push = {what, NULL, NULL, device->push_token, TTL};
    if (device->push_token.n == 0) {
        return kab_notice_number(w, what, locale, device->account, &device->phone);
    }
    kab_message_t message = {
        .kind = KAB_OUTBOX_PUSH,
        .account = device->account,
        .device = device->id,
        .to = kab_span_of(device->phone.e164),
        .body = kab_message_push(w->arena, kab_message_language(locale), &push),
        .expires_at = w->env->now(w->env->ctx) + TTL * KAB_SECOND,
    };
    return kab_outbox_add(w, &message);
}

kab_err_t kab_notice_account(const kab_world_t *w, const char *what, const kab_account_t *account)
{
    kab_device_t live[KAB_DEVICES];
    unsigned n = 0;
    if (!account->has_phone) {
        return KAB_OK;
    }
    kab_err_t err = kab_device_live(w, account->id, &account->phone, live, &n);
    for (unsigned i = 0; i < n && err == KAB_OK; i++) {
        err = kab_notice_device(w, what, account->locale, &live[i]);
    }
    if (err == KAB_OK && n == 0) {
        err = kab_notice_number(w, what, account->locale, account->id, &account->phone);
    }
    return err;
}
