#include "cabinet/message/outbox.h"

#include <stdio.h>
#include <string.h>

#include "cabinet/row.h"

enum { ERASE_BATCH = 1000 };

#define ERASED "recipient = NULL, body = NULL"

static const kab_sql_t sql_add = {
    "outbox_add",
    "WITH added AS (INSERT INTO outbox (id, kind, state, account, device, recipient, body,"
    "  attempts, created_at, due_at, expires_at)"
    "  VALUES ($1, $2, 'waiting', $3, $4, $5, $6, 0, $7, $7, $8) RETURNING id)"
    " SELECT pg_notify('kabinet_outbox', '') FROM added"};
/* Not what a worker is sending just now. */
static const kab_sql_t sql_erase = {
    "outbox_erase", "UPDATE outbox SET state = 'expired', done_at = $1, " ERASED " WHERE id IN"
                    " (SELECT id FROM outbox WHERE state = 'waiting' AND expires_at <= $1"
                    "   AND due_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)"};
static const kab_sql_t sql_drop = {"outbox_drop",
                                   "UPDATE outbox SET state = 'expired', done_at = $2, " ERASED
                                   " WHERE account = $1 AND state = 'waiting'"};
static const kab_sql_t sql_lease = {
    "outbox_lease",
    "WITH due AS (SELECT id FROM outbox WHERE state = 'waiting' AND kind <> 'void'"
    "  AND due_at <= $1 AND expires_at > $1"
    "  ORDER BY due_at, number LIMIT $2 FOR UPDATE SKIP LOCKED),"
    " leased AS (UPDATE outbox o SET due_at = $3, attempts = attempts + 1 FROM due"
    "  WHERE o.id = due.id RETURNING o.id, o.number, kind, account, device, recipient, body,"
    "  expires_at, attempts - 1 AS before)"
    " SELECT id, kind, account, device, recipient, body, expires_at, before FROM leased"
    " ORDER BY number"};
static const kab_sql_t sql_refuse = {"outbox_refuse", "UPDATE outbox SET state = 'failed',"
                                                      " done_at = $2, " ERASED " WHERE id = $1"};
/* $1 and $2 are arrays in text form, a row's id and outcome; $3 when to try again, in µs. A token
 * that the app renewed after the message was written is not the one that nobody knew. */
static const kab_sql_t sql_mark = {
    "outbox_mark",
    "WITH said AS (SELECT id, outcome, 'epoch'::timestamptz + due * interval '1 us' AS due FROM"
    "   unnest($1::text::uuid[], $2::text::text[], $3::text::bigint[]) AS s (id, outcome, due)),"
    " told AS (SELECT s.*, CASE WHEN outcome = 'ok' THEN 'sent'"
    "    WHEN outcome <> 'later' THEN 'failed'"
    "    WHEN s.due >= o.expires_at THEN 'expired' ELSE 'waiting' END AS state"
    "   FROM said s JOIN outbox o ON o.id = s.id),"
    " done AS (UPDATE outbox o SET state = t.state,"
    "   recipient = CASE WHEN t.state = 'waiting' THEN recipient END,"
    "   body = CASE WHEN t.state = 'waiting' THEN body END,"
    "   due_at = CASE WHEN t.state = 'waiting' THEN t.due ELSE o.due_at END,"
    "   done_at = CASE WHEN t.state <> 'waiting' THEN $4 END"
    "   FROM told t WHERE o.id = t.id AND o.state = 'waiting'"
    "   RETURNING o.device, o.created_at, t.outcome)"
    " UPDATE device d SET push_token = NULL, push_token_at = NULL FROM done"
    "  WHERE outcome = 'unknown' AND d.id = done.device AND d.push_token_at <= done.created_at"};
static const kab_sql_t sql_backlog = {
    "outbox_backlog", "SELECT count(*), min(created_at) FROM outbox"
                      " WHERE state = 'waiting' AND kind <> 'void' AND expires_at > $1"};

static const char *const kinds[KAB_OUTBOX_KINDS] = {
    [KAB_OUTBOX_PUSH] = "push", [KAB_OUTBOX_SMS] = "sms", [KAB_OUTBOX_VOID] = "void"};
static const char *const outcomes[] = {[KAB_SENT_OK] = "ok",
                                       [KAB_SENT_LATER] = "later",
                                       [KAB_SENT_NEVER] = "never",
                                       [KAB_SENT_UNKNOWN_DEVICE] = "unknown"};

kab_err_t kab_outbox_add(const kab_world_t *w, kab_message_t *message)
{
    kab_time_t now = w->env->now(w->env->ctx);
    message->id = kab_uuid_new(w->env);
    kab_span_t to = kab_place_seal(w, kab_place("outbox", "recipient", &message->id), message->to);
    kab_span_t body = kab_place_seal(w, kab_place("outbox", "body", &message->id), message->body);
    if (to.n == 0 || body.n == 0 || (unsigned)message->kind >= KAB_OUTBOX_KINDS) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {kab_p_uuid(&message->id),
                            kab_p_text(kab_span_of(kinds[message->kind])),
                            kab_p_id(&message->account),
                            kab_p_id(&message->device),
                            kab_p_bytes(to),
                            kab_p_bytes(body),
                            kab_p_time(now),
                            kab_p_time(message->expires_at)};
    return kab_pg_later(&w->db, &sql_add, params, 8);
}

kab_err_t kab_outbox_drop(const kab_world_t *w, kab_uuid_t account)
{
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_exec(&w->db, &sql_drop, params, 2, NULL);
}

/* False: its sealed values are another row's, or changed. */
static bool read_row(const kab_world_t *w, const kab_rows_t *rows, unsigned row, kab_message_t *out)
{
    kab_span_t kind = kab_rows_span(rows, row, 1);
    memset(out, 0, sizeof *out);
    out->id = kab_rows_uuid(rows, row, 0);
    out->kind = kab_span_is(kind, "push") ? KAB_OUTBOX_PUSH : KAB_OUTBOX_SMS;
    out->account = kab_rows_uuid(rows, row, 2);
    out->device = kab_rows_uuid(rows, row, 3);
    out->expires_at = kab_rows_time(rows, row, 6);
    out->attempts = (unsigned)kab_rows_int(rows, row, 7);
    const kab_uuid_t *who = kab_uuid_zero(&out->account) ? NULL : &out->account;
    return kab_place_open(w, who, kab_place("outbox", "recipient", &out->id),
                          kab_rows_span(rows, row, 4), &out->to) &&
           kab_place_open(w, who, kab_place("outbox", "body", &out->id),
                          kab_rows_span(rows, row, 5), &out->body);
}

typedef struct {
    const kab_world_t *w;
    kab_message_t *out;
    unsigned max, n;
} lease_t;

static kab_err_t lease(const kab_db_t *db, void *ctx)
{
    lease_t *l = ctx;
    kab_rows_t *rows;
    kab_time_t now = l->w->env->now(l->w->env->ctx);
    kab_param_t erase[] = {kab_p_time(now), kab_p_int(ERASE_BATCH)};
    kab_param_t due[] = {kab_p_time(now), kab_p_int(l->max),
                         kab_p_time(now + KAB_OUTBOX_LEASE * KAB_SECOND)};
    l->n = 0;
    kab_err_t err = kab_pg_exec(db, &sql_erase, erase, 2, NULL);
    if (err == KAB_OK) {
        err = kab_pg_exec(db, &sql_lease, due, 3, &rows);
    }
    if (err != KAB_OK) {
        return err;
    }
    for (unsigned i = 0; i < kab_rows_count(rows) && err == KAB_OK; i++) {
        kab_message_t *message = &l->out[l->n];
        if (read_row(l->w, rows, i, message)) {
            l->n++;
            continue;
        }
        kab_param_t params[] = {kab_p_uuid(&message->id), kab_p_time(now)};
        err = kab_pg_exec(db, &sql_refuse, params, 2, NULL);
    }
    return err;
}

kab_err_t kab_outbox_lease(const kab_world_t *w, kab_message_t *out, unsigned max, unsigned *n)
{
    lease_t l = {w, out, max, 0};
    kab_err_t err = kab_pg_transaction(&w->db, lease, &l);
    *n = err == KAB_OK ? l.n : 0;
    return err;
}

enum { ID_TEXT = KAB_UUID_SIZE, OUTCOME_TEXT = 8, TIME_TEXT = 21, ARRAY = 3 };

/* "{a,b": the caller closes it. */
static char *append(char *to, const char *text, bool first)
{
    size_t n = strlen(text);
    *to++ = first ? '{' : ',';
    memcpy(to, text, n);
    return to + n;
}

kab_err_t kab_outbox_mark(const kab_world_t *w, const kab_sent_row_t *rows, unsigned n)
{
    if (n == 0) {
        return KAB_OK;
    }
    char *ids = kab_alloc(w->arena, (size_t)n * ID_TEXT + ARRAY), *id = ids;
    char *said = kab_alloc(w->arena, (size_t)n * OUTCOME_TEXT + ARRAY), *outcome = said;
    char *dues = kab_alloc(w->arena, (size_t)n * TIME_TEXT + ARRAY), *due = dues;
    if (ids == NULL || said == NULL || dues == NULL) {
        return KAB_E_INTERNAL;
    }
    for (unsigned i = 0; i < n; i++) {
        char text[KAB_UUID_SIZE];
        kab_uuid_text(rows[i].id, text);
        id = append(id, text, i == 0);
        outcome = append(outcome, outcomes[rows[i].outcome], i == 0);
        snprintf(text, sizeof text, "%lld", (long long)rows[i].due_at);
        due = append(due, text, i == 0);
    }
    *id = *outcome = *due = '}';
    kab_param_t params[] = {kab_p_text(kab_span_of(ids)), kab_p_text(kab_span_of(said)),
                            kab_p_text(kab_span_of(dues)), kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_exec(&w->db, &sql_mark, params, 4, NULL);
}

kab_err_t kab_outbox_backlog(const kab_world_t *w, int64_t *rows, kab_time_t *oldest)
{
    kab_rows_t *result;
    kab_time_t now = w->env->now(w->env->ctx);
    kab_param_t param = kab_p_time(now);
    *rows = 0;
    *oldest = 0;
    kab_err_t err = kab_pg_exec(&w->db, &sql_backlog, &param, 1, &result);
    if (err == KAB_OK && kab_rows_int(result, 0, 0) > 0) {
        *rows = kab_rows_int(result, 0, 0);
        *oldest = now - kab_rows_time(result, 0, 1);
    }
    return err;
}
