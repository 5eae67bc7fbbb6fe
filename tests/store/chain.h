/* The audit's chain in tests: rows to link, and harm that the walk must find. */
#ifndef KAB_STORE_CHAIN_H
#define KAB_STORE_CHAIN_H

#include "world.h"

#include "cabinet/record/record.h"

static inline void verify(store_t *s, const char *expect, kab_err_t err, int64_t first_bad)
{
    int64_t rows, bad;
    const char *why;
    assert_int_equal(kab_audit_verify(&s->w, kab_span_of(expect), &rows, &bad, &why), err);
    assert_int_equal(bad, first_bad);
    assert_int_equal(why[0] != '\0', err != KAB_OK);
}

/* Does `harm`, which must be found at row `bad`, and undoes it. */
static inline void tamper(store_t *s, const char *expect, const char *harm, int64_t bad)
{
    assert_int_equal(store_other(s, "CREATE TABLE kept AS TABLE audit;"
                                    "CREATE TABLE kept_chain AS TABLE audit_chain"),
                     KAB_OK);
    assert_int_equal(store_other(s, harm), KAB_OK);
    verify(s, expect, KAB_E_INTERNAL, bad);
    assert_int_equal(
        store_other(s, "TRUNCATE audit, audit_chain; INSERT INTO audit (id, at, account, kind,"
                       " actor, details, mac, mac_key, number, link, link_key, sealed_at)"
                       " SELECT id, at, account, kind, actor, details, mac, mac_key, number, link,"
                       " link_key, sealed_at FROM kept; INSERT INTO audit_chain TABLE kept_chain;"
                       "DROP TABLE kept, kept_chain"),
        KAB_OK);
    verify(s, "", KAB_OK, 0);
}

static inline void add_rows(store_t *s, int n)
{
    for (int i = 0; i < n; i++) {
        kab_uuid_t who = kab_uuid_new(s->w.env);
        assert_int_equal(kab_audit_add(&s->w, i % 2 ? &who : NULL, KAB_EV_SIGN_IN, "self",
                                       i % 3 ? KAB_SPAN("{\"n\":1}") : KAB_NONE),
                         KAB_OK);
        s->now += KAB_SECOND;
    }
}

#endif
