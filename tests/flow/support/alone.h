/* What most tests of flows begin with: one gateway, and one person with a number and a password. */
#ifndef KAB_ALONE_H
#define KAB_ALONE_H

#include "journey.h"

#define KNOWN "880314493312"
#define NUMBER "+77770009223"
#define OLD "Kabinet!Demo2026"
#define NEW "Altyn-Kun#2027zhol"
/* Who is not there until a test makes the account. */
#define OTHER "860922390740"
#define OTHER_NUMBER "+77055550740"

extern gateway_t *g;
extern kab_uuid_t account; /* of KNOWN */

int alone_open(void **state);
int alone_close(void **state);
/* Nobody has tried anything, and the one person is there. */
int alone_fresh(void **state);

#endif
