/*
 * Many accounts at once: gathered without I/O, written in one transaction with
 * one COPY. An account that is there already stays as it is (SECURITY 21). One
 * thread at a time.
 */
#ifndef KAB_IMPORT_H
#define KAB_IMPORT_H

#include "cabinet/person/account.h"

typedef struct kab_import_s kab_import_t;

enum { KAB_IMPORT_BATCH = 5000 }; /* what one transaction is meant for; not a limit */

/* The world is borrowed; its arena must live until the next flush. NULL: out of memory. */
kab_import_t *kab_import_open(const kab_world_t *w);
void kab_import_close(kab_import_t *import); /* wipes; NULL is allowed */
/* `account`: with its id, which a peppered hash is bound to. False: out of memory. */
bool kab_import_add(kab_import_t *import, const kab_account_t *account);
unsigned kab_import_waiting(const kab_import_t *import);
/* Writes what was added, with one audit row by `actor` if *created is not 0. Nothing of it is there
 * unless KAB_OK; either way nothing waits any more. */
kab_err_t kab_import_flush(kab_import_t *import, const char *actor, unsigned *created);

#endif
