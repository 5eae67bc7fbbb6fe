/* What a person does on the way through a recovery, browser and phone side by side. Each asserts
 * that it went well. */
#ifndef KAB_JOURNEY_H
#define KAB_JOURNEY_H

#include "phone.h"

/* A member of the flow's data, or "". */
const char *journey_data(const browser_t *b, const char *name);
/* Reads the flow again. */
void journey_look(browser_t *b);
/* A recovery by this IIN. */
void journey_begin(gateway_t *g, browser_t *b, const char *iin);
/* The same by an IIN of nobody whose decoy comes to `state`: `code` (it has the app) or `activate`.
 * Which IIN does is up to the gateway's keys. */
void journey_begin_nobody(gateway_t *g, browser_t *b, const char *state);
/* The app proves `number` with what a page at `activate` shows; the last status. */
int journey_bind(gateway_t *g, browser_t *b, phone_t *p, const char *number);
/* A browser at `activate` and a phone that activates with what the page shows. */
void journey_activate(gateway_t *g, browser_t *b, phone_t *p, const char *iin, const char *number);
/* The same, and on to `code`. */
void journey_to_code(gateway_t *g, browser_t *b, phone_t *p, const char *iin, const char *number);
/* The app opens the first confirmation with the sign of the page. */
void journey_open_code(browser_t *b, phone_t *p, char code[9]);
/* Step update; the status is b's. */
void journey_change(browser_t *b, const char *code, const char *password);
/* The same up to the hashing, with browser_rest() for the rest. NULL: it was over before. */
kab_call_t *journey_change_half(browser_t *b, const char *code, const char *password,
                                kab_todo_t *todo);
/* Some code that is not this one. */
const char *journey_other(const char *code);

#endif
