/* A phone with the app: a key, and requests signed with it (RFC 9421). */
#ifndef KAB_PHONE_TEST_H
#define KAB_PHONE_TEST_H

#include <openssl/evp.h>

#include "gateway.h"

typedef struct {
    browser_t at; /* what it is told; sends no cookies. First, so that a browser_t * is a phone */
    EVP_PKEY *key;
    char x[48], y[48];
    char keyid[64]; /* thumbprint, later the device's id */
    char device[40];
    char last_input[256], last_signature[160]; /* as they were sent */
    kab_time_t wrong_clock;
    bool replay; /* send the last signature again */
    char digest[128];
} phone_t;

void phone_open(phone_t *p, gateway_t *g);
void phone_close(phone_t *p);
void phone_call(phone_t *p, const char *method, const char *path, const char *body);
/* POST /app/devices with what the page shows, then the SMS code; the last status. */
int phone_activate(phone_t *p, const char *otp, const char *number);
int phone_prove(phone_t *p, const char *code);
/* The first challenge in the list: its id. False: none. */
bool phone_challenge(phone_t *p, char id[40]);
/* Opens it with this sign; the code in p->at.json. */
int phone_open_code(phone_t *p, const char *id, const char *sign);

#endif
