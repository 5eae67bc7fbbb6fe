/* The session at hand and the account's other ones. */
#include <string.h>

#include "api/routes.h"
#include "cabinet/person/account.h"
#include "cabinet/record/record.h"
#include "engine/call.h"
#include "identity/user_agent.h"

/* ---- GET /session ---- */

static kab_err_t show(kab_call_t *call)
{
    const kab_session_t *s = &call->session;
    kab_account_t account;
    char iin[KAB_IIN_DIGITS + 1], phone[KAB_PHONE_SIZE];
    kab_err_t err = kab_account_get(&call->w, s->account, &account);

    if (err) {
        return err == KAB_E_NOT_FOUND ? KAB_E_NO_SESSION : err;
    }
    kab_iin_mask(&account.iin, iin);
    if (account.has_phone) {
        kab_phone_mask(&account.phone, phone);
    }
    call->answer =
        json_pack("{s:{s:s, s:o, s:s}, s:o, s:o, s:[s]}", "account", "iin_masked", iin,
                  "phone_masked", account.has_phone ? json_string(phone) : json_null(), "locale",
                  account.locale, "authenticated_at", kab_time_json(s->auth_time * KAB_SECOND),
                  "expires_at", kab_time_json(s->expires_at * KAB_SECOND), "methods", "pwd");
    return KAB_OK;
}

static const kab_step_t show_steps[] = {{"show", KAB_LANE_DB, show, 0}, KAB_STEP_END};

/* ---- DELETE /session ---- */

static kab_err_t write_sign_out(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    const kab_uuid_t *account = &call->session.account;
    kab_err_t err;

    (void)db;
    call->dropped.n = 0;
    err = kab_session_end(&call->w, call->session.id, &call->dropped);
    if (err == KAB_OK) {
        err = kab_event_add(&call->w, account, KAB_EV_SIGN_OUT, KAB_NONE, &call->origin);
    }
    if (err == KAB_OK) {
        err = kab_audit_add(&call->w, account, KAB_EV_SIGN_OUT, "self", KAB_NONE);
    }
    return err;
}

/* With PostgreSQL away the answer is 503, but cookie and copies are gone all the
 * same (SECURITY 26), so this route looks at its session by itself. */
static kab_err_t sign_out(kab_call_t *call)
{
    uint8_t(*id)[KAB_SESSION_ID] = kab_alloc(call->arena, sizeof(*id));
    kab_err_t err;

    kab_call_cookie(call, KAB_SESSION_COOKIE, NULL, "Lax", 0, true);
    if (!id || !kab_call_token(call, KAB_SESSION_COOKIE, "session", *id, NULL)) {
        return KAB_OK;
    }
    err = kab_session_find(&call->w, &call->kab->config->session, *id, &call->session);
    if (err == KAB_OK) {
        err = kab_pg_transaction(&call->w.db, write_sign_out, call);
    }
    call->dropped = (kab_ended_t){1, id};
    kab_session_forget(&call->w, &call->dropped);
    return err == KAB_E_NO_SESSION ? KAB_OK : err;
}

static const kab_step_t sign_out_steps[] = {{"sign_out", KAB_LANE_DB, sign_out, KAB_COMMIT},
                                            KAB_STEP_END};

/* ---- GET /sessions ---- */

static kab_err_t list(kab_call_t *call)
{
    kab_session_row_t *rows;
    unsigned n;
    json_t *sessions;
    kab_err_t err = kab_session_list(&call->w, call->session.account, &rows, &n);

    if (err) {
        return err;
    }
    sessions = json_array();
    for (unsigned i = 0; i < n; i++) {
        char id[KAB_UUID_SIZE];
        bool current = memcmp(rows[i].id, call->session.id, sizeof(rows[i].id)) == 0;
        json_t *row;

        kab_uuid_text(rows[i].public_id, id);
        row = json_pack("{s:s, s:b, s:o, s:o, s:s}", "id", id, "current", (int)current,
                        "created_at", kab_time_json(rows[i].created_at), "expires_at",
                        kab_time_json(rows[i].expires_at), "browser",
                        kab_user_agent_name(call->arena, rows[i].user_agent));
        if (rows[i].place.n) {
            json_object_set_new(row, "place", kab_span_json(rows[i].place));
        }
        json_array_append_new(sessions, row);
    }
    call->answer = json_pack("{s:o}", "sessions", sessions);
    return KAB_OK;
}

static const kab_step_t list_steps[] = {{"list", KAB_LANE_DB, list, 0}, KAB_STEP_END};

/* ---- DELETE /sessions, DELETE /sessions/{id} ---- */

static kab_err_t write_end(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    const kab_session_t *s = &call->session;
    kab_uuid_t public_id;
    kab_err_t err;

    (void)db;
    call->dropped.n = 0;
    if (call->param[0].n == 0) {
        err = kab_session_end_all(&call->w, s->account, s->id, &call->dropped);
    } else if (kab_uuid_parse(call->param[0], &public_id)) {
        err = kab_session_end_public(&call->w, s->account, public_id, &call->dropped);
    } else {
        err = KAB_E_NOT_FOUND;
    }
    if (err == KAB_OK) {
        err = kab_event_add(&call->w, &s->account, KAB_EV_SESSIONS_ENDED, KAB_NONE, &call->origin);
    }
    if (err == KAB_OK) {
        err = kab_audit_add(&call->w, &s->account, KAB_EV_SESSIONS_ENDED, "self", KAB_NONE);
    }
    return err;
}

static kab_err_t end_others(kab_call_t *call)
{
    kab_err_t err = kab_pg_transaction(&call->w.db, write_end, call);

    if (err == KAB_OK) {
        kab_session_forget(&call->w, &call->dropped);
    } else {
        call->dropped.n = 0;
    }
    return err;
}

static const kab_step_t end_steps[] = {{"end", KAB_LANE_DB, end_others, KAB_COMMIT}, KAB_STEP_END};

const kab_op_t kab_session_routes[] = {
    {"session_show", KAB_AUTH_SESSION, KAB_STATE_NONE, "GET", "/session", NULL, show_steps, 0},
    {"sign_out", KAB_AUTH_NONE, KAB_STATE_NONE, "DELETE", "/session", NULL, sign_out_steps, 0},
    {"sessions_list", KAB_AUTH_SESSION, KAB_STATE_NONE, "GET", "/sessions", NULL, list_steps, 0},
    {"sessions_end", KAB_AUTH_SESSION, KAB_STATE_NONE, "DELETE", "/sessions", NULL, end_steps, 0},
    {"session_end", KAB_AUTH_SESSION, KAB_STATE_NONE, "DELETE", "/sessions/{id}", NULL, end_steps,
     0},
    KAB_OP_END,
};
