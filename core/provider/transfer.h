/*
 * One question under way, and its answer, bounded: an easy handle that stays for the next one. For
 * http.c alone.
 */
#ifndef KAB_TRANSFER_H
#define KAB_TRANSFER_H

#include <curl/curl.h>

#include "provider/http.h"

typedef struct kab_transfer_s {
    CURL *curl;
    const kab_http_ask_t *ask;
    kab_http_reply_t *reply; /* NULL: nothing is under way */
    uint64_t ticket;         /* the breaker's */
    struct curl_slist header[3];
    char url[KAB_HTTP_URL_MAX + 64];
    char key[32 + KAB_UUID_SIZE];
    size_t head, n; /* bytes so far */
    bool too_large;
    uint8_t body[KAB_HTTP_REPLY_MAX];
} kab_transfer_t;

kab_transfer_t *kab_transfer_open(void);           /* NULL: out of memory */
void kab_transfer_close(kab_transfer_t *transfer); /* wipes; NULL is allowed */
/* Makes the handle ready to go. Borrows ask and reply until the end. False: out of memory. */
bool kab_transfer_begin(kab_transfer_t *transfer, const kab_provider_t *provider,
                        const kab_http_ask_t *ask, kab_http_reply_t *reply, uint64_t ticket);
/* Writes the reply; what was sent and heard is forgotten. The caller sets reply to NULL. */
void kab_transfer_end(kab_transfer_t *transfer, CURLcode code);

#endif
