/*
 * Rows that bind their fields (SECURITY 22): a MAC over the very parameters that were written, so a
 * row that somebody changed, or moved to another account, is refused. And indexes that survive a
 * change of key, for any value.
 */
#ifndef KAB_ROW_H
#define KAB_ROW_H

#include "cabinet/place.h"

kab_param_t kab_p_id(const kab_uuid_t *id); /* the zero UUID is NULL; borrowed */
bool kab_uuid_zero(const kab_uuid_t *id);
/* `size` characters and a NUL at most; false if the text is longer. */
bool kab_row_text(kab_span_t text, char *out, size_t size);

/* Under the audit key of `key_id`, or the current one when that is 0; *key_id is set. False: no
 * such key, or out of memory. */
bool kab_row_mac(const kab_world_t *w, const char *table, const kab_param_t *fields, unsigned n,
                 uint16_t *key_id, uint8_t mac[KAB_INDEX_BYTES]);
/* Compares with the mac in `column` and its key in the next one. False: logged and audited, best
 * effort, as kab_place_open does. `mac` gets what was compared. */
bool kab_row_intact(const kab_world_t *w, const char *table, const kab_uuid_t *account,
                    const kab_param_t *fields, unsigned n, const kab_rows_t *rows, unsigned row,
                    unsigned column, uint8_t mac[KAB_INDEX_BYTES]);

#endif
