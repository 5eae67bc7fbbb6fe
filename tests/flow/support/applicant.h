/* What a person does on the way through a re-registration. Each asserts that it went well, but for
 * those that return a status. */
#ifndef KAB_APPLICANT_H
#define KAB_APPLICANT_H

#include "journey.h"

#define APPLICANT_PASSWORD "Altyn-Kun#2027zhol"

/* A step of the flow at hand, which must be answered with this status. */
void applicant_step(browser_t *b, const char *name, const char *body, int status);
/* A new flow in state `evidence`. */
void applicant_begins(gateway_t *g, browser_t *b);
/* A new flow in state `contact`, by these answers. */
void applicant_proves(gateway_t *g, browser_t *b, const char *evidence);
int applicant_contact(browser_t *b, const char *iin, const char *phone);
/* Step `complete` with this code and APPLICANT_PASSWORD; the status is b's. */
void applicant_completes(browser_t *b, const char *code);
/* From `activate` or `code` to the end; an app is activated on the way if there is none. */
void applicant_finishes(gateway_t *g, browser_t *b, phone_t *p, const char *number);
/* An app that is not young: nothing hangs on it being weak. Two days pass. */
void applicant_app(gateway_t *g, browser_t *b, phone_t *p, const char *iin, const char *number);

#endif
