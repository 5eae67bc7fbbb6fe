/*
 * One call from start to reply, as the steps see it. Owned by whoever runs it
 * at the moment: the loop or one lane's thread, never two at once.
 */
#ifndef KAB_CALL_H
#define KAB_CALL_H

#include "cabinet/proof/device.h"
#include "engine/flow.h"
#include "engine/op.h"
#include "engine/settings.h"
#include "identity/key/token.h"

/* The gateway: immutable after kab_open but for what says so. */
struct kab_s {
    const struct kab_config_s *config;
    kab_env_t env;
    const kab_tables_t *tables;
    void *ports;             /* tables->ports */
    int64_t ended_cursor;    /* the timer's own: only its one call in flight touches it */
    kab_time_t head_told_at; /* likewise of the audit timer */
    bool unsafe_noted;       /* likewise */
};

struct kab_thread_s {
    kab_t *kab;
    kab_lane_t lane;
    kab_pg_t *pg;
    kab_redis_t *redis;
    kab_hasher_t *hasher;
    void *ports; /* KAB_LANE_HTTP and _SEND: tables->ports */
};

enum { KAB_PARAMS = 2 };

struct kab_call_s {
    kab_t *kab;
    kab_arena_t *arena;
    kab_log_t log;
    kab_request_t in; /* copies, in the arena */
    kab_time_t began, deadline;

    const kab_op_t *op;
    kab_span_t param[KAB_PARAMS]; /* what the path's {…} matched */
    unsigned step;
    bool entered;   /* authenticated, fields read */
    bool committed; /* PostgreSQL has it: a later failure must not undo the answer */
    bool ended;     /* the reply stands */
    bool parked;    /* nothing new: whoever runs it frees it */

    struct {
        unsigned wait; /* seconds; 0: no long poll */
        int64_t version;
    } poll;

    kab_world_t w; /* stores only while a lane with them runs it */
    kab_thread_t *thread;
    kab_origin_t origin; /* for records */

    json_t *body; /* the fields, checked against op->fields */
    kab_field_errors_t errors;
    uint8_t browser_secret[32]; /* of the flow cookie */
    kab_flow_t flow;
    bool flow_changed;     /* store it at the end */
    kab_session_t session; /* KAB_AUTH_SESSION */
    kab_device_t device;   /* KAB_AUTH_DEVICE */
    void *scratch;         /* the operation's own, in the arena */

    json_t *data;    /* of the flow in its present state: kind->describe */
    kab_span_t text; /* body of a good answer that is no JSON, and its type */
    const char *text_type;
    json_t *answer;      /* body of a good answer; NULL: 204, or the flow if there is one */
    int status;          /* of a good answer; 0: by the rule above */
    kab_time_t wait;     /* of KAB_E_THROTTLED */
    int attempts_left;   /* of KAB_E_CODE_WRONG */
    kab_ended_t dropped; /* sessions that this call ended */
    kab_reply_t reply;
};

/* What a step may do to its answer. */
void kab_call_cookie(kab_call_t *call, const char *name, const char *value, const char *same_site,
                     unsigned max_age, bool clear);
/* Adds a field error and returns KAB_E_VALIDATION. */
kab_err_t kab_call_invalid(kab_call_t *call, const char *field, const char *code);
kab_span_t kab_call_field(const kab_call_t *call,
                          const char *name); /* text of the body, or empty */
kab_time_t kab_call_now(const kab_call_t *call);
/* The client is not kept waiting longer than this from the beginning of the call on; what has
 * KAB_COMMIT runs on without it. */
void kab_call_hurry(kab_call_t *call, kab_time_t most);
/* id of a valid cookie of ours, or false. `secret` may be NULL. */
bool kab_call_token(const kab_call_t *call, const char *cookie, const char *domain, uint8_t id[32],
                    uint8_t *secret);

/* For answers: RFC 3339, null for 0; a string. New references. */
json_t *kab_time_json(kab_time_t t);
json_t *kab_span_json(kab_span_t text);

/* For a step of a KAB_OP_POLL: true if the caller has this version and wants to wait for the next;
 * the step then returns KAB_OK and nothing else is done. */
bool kab_call_park(kab_call_t *call, int64_t version);
/* Long polls of these devices look again: at most KAB_DEVICES. One Redis command, for none too. */
void kab_wake_devices(kab_call_t *call, const kab_uuid_t *id, unsigned n);

#define KAB_FLOW_COOKIE "__Host-kabinet_flow"
#define KAB_BROWSER_COOKIE "__Host-kabinet_browser"

/* ---- between the engine's own files ---- */

/* Finds the operation for method and path: KAB_OK, KAB_E_NOT_FOUND, KAB_E_METHOD (then
 * call->reply.allow is set). */
kab_err_t kab_route(kab_call_t *call);
/* Origin, scheme, media type, size. */
kab_err_t kab_admit(const kab_call_t *call);
/* wait and version of a KAB_OP_POLL: both or none (an app may leave version out), and then no body,
 * or KAB_E_BAD_REQUEST. */
kab_err_t kab_poll_read(kab_call_t *call);
/* Flow or session, then fields. On the db lane. */
kab_err_t kab_enter(kab_call_t *call);
/* The session that the cookie names, into call->session: KAB_OK, KAB_E_NO_SESSION or a fault. On
 * the db lane. */
kab_err_t kab_enter_session(kab_call_t *call);
/* Writes call->reply from call->answer or `err`. */
void kab_answer(kab_call_t *call, kab_err_t err);
json_t *kab_flow_json(kab_call_t *call);

#endif
