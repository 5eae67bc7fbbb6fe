/* A call's way: route, admit, enter, the steps lane by lane, answer. */
#include "engine/call.h"

#include <stdlib.h>
#include <string.h>

/* Longer than nobody waits; shorter than nginx's own patience. */
static const kab_time_t patience = 10 * KAB_SECOND;

kab_time_t kab_call_now(const kab_call_t *call)
{
    return call->kab->env.now(call->kab->env.ctx);
}

void kab_call_hurry(kab_call_t *call, kab_time_t most)
{
    if (call->deadline > call->began + most) {
        call->deadline = call->began + most;
    }
}

kab_err_t kab_call_invalid(kab_call_t *call, const char *field, const char *code)
{
    kab_field_fail(&call->errors, field, code);
    return KAB_E_VALIDATION;
}

kab_span_t kab_call_field(const kab_call_t *call, const char *name)
{
    return kab_json_span(call->body, name);
}

bool kab_call_token(const kab_call_t *call, const char *cookie, const char *domain, uint8_t id[32],
                    uint8_t *secret)
{
    kab_span_t value = kab_cookie(call->in.cookies, call->in.cookies_n, kab_span_of(cookie));

    return value.n && kab_token_read(call->kab->config->ring, domain, value, id, secret);
}

static kab_call_t *new_call(kab_t *kab)
{
    kab_call_t *call = NULL;
    kab_arena_t *arena = kab_arena_open();

    if (!arena) {
        return NULL;
    }
    call = kab_alloc(arena, sizeof(*call));
    if (!call) {
        kab_arena_close(arena);
        return NULL;
    }
    call->kab = kab;
    call->arena = arena;
    call->began = kab_call_now(call);
    call->deadline = call->began + patience;
    call->w = (kab_world_t){
        .ring = kab->config->ring, .env = &kab->env, .arena = arena, .log = &call->log};
    return call;
}

static bool copy_request(kab_call_t *call, const kab_request_t *request)
{
    kab_request_t *in = &call->in;
    kab_span_t *spans[] = {&in->method,          &in->path,       &in->query,
                           &in->scheme,          &in->host,       &in->content_type,
                           &in->origin,          &in->fetch_site, &in->user_agent,
                           &in->accept_language, &in->place,      &in->body,
                           &in->request_id,      &in->target,     &in->content_digest,
                           &in->signature_input, &in->signature,  &in->brand};
    kab_span_t *cookies = kab_alloc(call->arena, (request->cookies_n + 1) * sizeof(*cookies));

    *in = *request;
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        kab_span_t copy = kab_copy(call->arena, *spans[i]);

        if (spans[i]->n && !copy.p) {
            return false;
        }
        *spans[i] = copy;
    }
    for (size_t i = 0; cookies && i < request->cookies_n; i++) {
        cookies[i] = kab_copy(call->arena, request->cookies[i]);
    }
    in->cookies = cookies;
    return cookies != NULL;
}

/* The lane that the call waits for. */
static kab_todo_t next(const kab_call_t *call)
{
    if (call->ended) {
        return KAB_TODO_REPLY;
    }
    if (call->parked) {
        return KAB_TODO_PARK;
    }
    if (!call->entered) {
        return KAB_TODO_DB;
    }
    const kab_step_t *step = &call->op->steps[call->step];
    return step->name ? (kab_todo_t)step->lane : KAB_TODO_DB;
}

static void run_local(kab_call_t *call)
{
    kab_err_t err = KAB_OK;

    for (const kab_step_t *step = call->op->steps; step->name && err == KAB_OK; step++) {
        err = step->run(call);
    }
    kab_answer(call, err);
}

kab_call_t *kab_call_new(kab_t *kab, const kab_request_t *request, kab_todo_t *todo)
{
    kab_err_t err;
    kab_call_t *call = new_call(kab);

    if (!call) {
        return NULL;
    }
    if (!copy_request(call, request)) {
        kab_call_free(call);
        return NULL;
    }
    memcpy(call->origin.address, call->in.address, sizeof(call->origin.address));
    call->origin.user_agent = call->in.user_agent;
    call->origin.place = call->in.place;

    err = kab_route(call);
    if (err == KAB_OK) {
        err = kab_admit(call);
    }
    if (err == KAB_OK) {
        err = kab_poll_read(call);
    }
    if (err) {
        kab_answer(call, err);
    } else if (call->op->flags & KAB_OP_LOCAL) {
        run_local(call);
    }
    *todo = next(call);
    return call;
}

kab_call_t *kab_call_timer(kab_t *kab, kab_timer_t timer, kab_todo_t *todo)
{
    kab_call_t *call = new_call(kab);

    if (call) {
        call->op = kab->tables->timers[timer];
        *todo = KAB_TODO_DB;
    }
    return call;
}

/* PostgreSQL has what changed; now the flow in Redis follows. If it cannot, a
 * change that is committed stands all the same, and the row of (flow, version)
 * makes a repeat answer like the first time. */
static kab_err_t store_flow(kab_call_t *call)
{
    kab_err_t err = KAB_OK;

    if (call->flow_changed) {
        err = kab_flow_store(&call->w, &call->flow);
        if (err && call->committed) {
            kab_log(&call->log, KAB_LOG_NOTICE, "flow not stored after its change was committed");
            err = KAB_OK;
        }
    }
    return err;
}

/* What the page shows beside the state. A change that stands is told even if this cannot be. */
static kab_err_t describe_flow(kab_call_t *call)
{
    const kab_flow_kind_t *kind = call->flow.kind;

    if (call->answer || call->text.n || !kind || !kind->describe) {
        return KAB_OK;
    }
    call->data = json_object();
    kab_err_t err = kind->describe(call);
    return call->committed ? KAB_OK : err;
}

static void run_steps(kab_call_t *call, kab_lane_t lane)
{
    kab_err_t err = KAB_OK;

    if (!call->entered) {
        err = kab_enter(call);
        call->entered = true;
    }
    while (err == KAB_OK && call->op->steps[call->step].name) {
        const kab_step_t *step = &call->op->steps[call->step];

        if (step->lane != lane) {
            return;
        }
        call->step++;
        err = step->run(call);
    }
    if (err == KAB_OK && (call->parked || (lane != KAB_LANE_DB && call->flow_changed))) {
        return; /* nothing to say; or the flow is stored on the db lane */
    }
    if (err == KAB_OK) {
        err = store_flow(call);
    }
    if (err == KAB_OK && lane == KAB_LANE_DB) {
        err = describe_flow(call);
    }
    if (err == KAB_E_INTERNAL) {
        kab_log(&call->log, KAB_LOG_ERROR, "operation %s failed", call->op->name);
    }
    kab_answer(call, err);
}

kab_todo_t kab_call_run(kab_call_t *call, kab_thread_t *thread)
{
    if (call->ended) {
        return KAB_TODO_REPLY;
    }
    const kab_step_t *step = call->entered ? &call->op->steps[call->step] : NULL;
    bool must = step && step->name && (step->flags & KAB_COMMIT);

    if (!must && kab_call_now(call) > call->deadline) {
        kab_answer(call, KAB_E_OVERLOADED);
        return KAB_TODO_REPLY;
    }
    call->thread = thread;
    call->w.db = (kab_db_t){thread->pg, call->arena, &call->log};
    call->w.cache = (kab_cache_t){thread->redis, call->arena, &call->log};
    run_steps(call, thread->lane);
    call->thread = NULL;
    call->w.db.pg = NULL;
    call->w.cache.redis = NULL;
    return next(call);
}

void kab_call_shed(kab_call_t *call)
{
    if (!call->ended) {
        kab_answer(call, KAB_E_OVERLOADED);
    }
}

kab_time_t kab_call_deadline(const kab_call_t *call)
{
    return call->deadline;
}

const kab_log_t *kab_call_log(const kab_call_t *call)
{
    return &call->log;
}

const kab_reply_t *kab_call_reply(const kab_call_t *call)
{
    return &call->reply;
}

void kab_call_free(kab_call_t *call)
{
    if (call) {
        json_decref(call->body);
        json_decref(call->answer);
        json_decref(call->data);
        kab_arena_close(call->arena);
    }
}

kab_call_t *kab_handle(kab_t *kab, const kab_request_t *request,
                       kab_thread_t *const threads[KAB_LANES])
{
    kab_todo_t todo;
    kab_call_t *call = kab_call_new(kab, request, &todo);

    while (call && todo != KAB_TODO_REPLY) {
        if (todo == KAB_TODO_PARK) {
            kab_request_t last = *request;

            last.last_look = true;
            kab_call_free(call);
            call = kab_call_new(kab, &last, &todo);
            continue;
        }
        todo = kab_call_run(call, threads[(kab_lane_t)todo]);
    }
    return call;
}

/* ---- thread objects ---- */

kab_err_t kab_thread_open(kab_t *kab, kab_lane_t lane, kab_thread_t **out)
{
    kab_thread_t *thread = calloc(1, sizeof(*thread));
    bool ok = thread != NULL;

    if (ok) {
        thread->kab = kab;
        thread->lane = lane;
        if (lane == KAB_LANE_DB) {
            thread->pg = kab_pg_open(kab->config->conninfo);
            thread->redis = kab_redis_open(kab->config->redis, kab->config->redis_n);
            ok = thread->pg && thread->redis;
        } else if (lane == KAB_LANE_HASH) {
            thread->hasher = kab_hasher_open();
            ok = thread->hasher != NULL;
        } else {
            thread->ports = kab->tables->ports->thread_open(kab->ports);
            ok = thread->ports != NULL;
        }
    }
    if (!ok) {
        kab_thread_close(thread);
        return KAB_E_UNAVAILABLE;
    }
    *out = thread;
    return KAB_OK;
}

void kab_thread_close(kab_thread_t *thread)
{
    if (thread) {
        if (thread->pg) {
            kab_pg_close(thread->pg);
        }
        if (thread->redis) {
            kab_redis_close(thread->redis);
        }
        kab_hasher_close(thread->hasher);
        if (thread->ports) {
            thread->kab->tables->ports->thread_close(thread->ports);
        }
        free(thread);
    }
}

void kab_thread_work(const kab_thread_t *thread, kab_work_t *out)
{
    *out = (kab_work_t){.statements = thread->pg ? kab_pg_statements(thread->pg) : 0,
                        .commands = thread->redis ? kab_redis_commands(thread->redis) : 0,
                        .hashes = thread->hasher ? kab_hasher_count(thread->hasher) : 0};
}
