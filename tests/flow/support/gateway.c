#include "gateway.h"

#include "cabinet/dispute/settlement.h"

static kab_time_t held_now(void *ctx)
{
    const gateway_t *g = ctx;

    return (g->stands ? g->stands : kab_env_system.now(kab_env_system.ctx)) + g->ahead;
}

static void held_random(void *ctx, uint8_t *out, size_t n)
{
    gateway_t *g = ctx;

    while (n-- > 0) {
        g->dice ^= g->dice >> 12;
        g->dice ^= g->dice << 25;
        g->dice ^= g->dice >> 27;
        *out++ = (uint8_t)((g->dice * 2685821657736338717ULL) >> 32);
    }
}

static void put_file(const gateway_t *g, const char *name, const char *text)
{
    char path[96];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", g->dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* A seed that was asked for shows the same decoys again. */
static void write_keys(const gateway_t *g, const char *path, bool seeded)
{
    char why[256];
    gateway_t dice = {.dice = g->dice + 1};
    kab_env_t env = {held_now, held_random, &dice};

    if (!kab_keyring_create(path, seeded ? &env : &kab_env_system, why, sizeof(why))) {
        fail_msg("%s", why);
    }
}

static void write_conf(gateway_t *g, const char *extra)
{
    char conf[4096];
    const char *pg = getenv("KAB_TEST_PG"), *redis = getenv("KAB_TEST_REDIS");

    assert_non_null(pg);
    assert_non_null(redis);
    for (unsigned l = 0; kab_languages[l]; l++) {
        char name[32];

        snprintf(name, sizeof(name), "terms.%s.txt", kab_languages[l]);
        put_file(g, name, "Terms\n");
        snprintf(name, sizeof(name), "notifications.%s.txt", kab_languages[l]);
        put_file(g, name, "Notifications\n");
    }
    snprintf(
        conf, sizeof(conf),
        "kabinet_unsafe on;\nkabinet_zone z 4m;\nkabinet_database \"%s\";\nkabinet_redis %s;\n"
        "kabinet_keyring keyring;\nkabinet_password_hash argon2id m=256 t=1 p=1 grid=250ms;\n"
        "kabinet_consent terms required version=1 \"file=terms.{lang}.txt\";\n"
        "kabinet_consent notifications optional version=1 \"file=notifications.{lang}.txt\";\n%s",
        pg, redis, extra ? extra : "");
    put_file(g, "kabinet.conf", conf);
}

static void migrate(gateway_t *g)
{
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    kab_db_t db = {g->thread[KAB_LANE_DB]->pg, arena, &log};
    unsigned applied;

    assert_int_equal(kab_migrate(&db, &applied), KAB_OK);
    kab_arena_close(arena);
}

static void script(gateway_t *g, kab_thread_ports_t *ports)
{
    if (ports) {
        ports->push = kab_push_scripted(&g->script);
        ports->sms = kab_sms_scripted(&g->script);
        ports->bmg = kab_bmg_scripted(&g->script);
    }
}

gateway_t *gateway_open(const char *extra)
{
    gateway_t *g = calloc(1, sizeof(*g));
    char path[96];
    const char *words;
    const char *seed = getenv("KAB_SEED");
    static unsigned opened;

    assert_non_null(g);
    g->dice = seed ? strtoull(seed, NULL, 10) : 20261121;
    printf("seed %llu\n", (unsigned long long)g->dice);
    strcpy(g->dir, "/tmp/kab-gateway-XXXXXX");
    assert_non_null(mkdtemp(g->dir));
    snprintf(path, sizeof(path), "%s/keyring", g->dir);
    write_keys(g, path, seed != NULL);
    /* ids of parallel runs on one server differ, and of one gateway after another */
    g->dice ^= (uint64_t)getpid() << 32 ^ (uint64_t)++opened << 56;
    write_conf(g, extra);

    g->config = kab_config_new();
    snprintf(path, sizeof(path), "%s/kabinet.conf", g->dir);
    words = kab_config_read(g->config, path);
    if (words) {
        fail_msg("%s", words);
    }
    kab_env_t env = {held_now, held_random, g};
    assert_int_equal(kab_open(g->config, &env, &g->kab), KAB_OK);
    for (kab_lane_t lane = 0; lane < KAB_LANES; lane++) {
        assert_int_equal(kab_thread_open(g->kab, lane, &g->thread[lane]), KAB_OK);
        script(g, g->thread[lane]->ports);
    }
    migrate(g);
    return g;
}

void gateway_close(gateway_t *g)
{
    char command[64];

    for (kab_lane_t lane = 0; lane < KAB_LANES; lane++) {
        kab_thread_close(g->thread[lane]);
    }
    kab_close(g->kab);
    kab_config_free(g->config);
    for (unsigned i = 0; i < g->statements; i++) {
        free((void *)(uintptr_t)g->statement[i].sql);
    }
    snprintf(command, sizeof(command), "rm -r %s", g->dir);
    assert_int_equal(system(command), 0);
    free(g);
}

kab_world_t gateway_world(gateway_t *g, kab_arena_t *arena, kab_log_t *log)
{
    kab_thread_t *db = g->thread[KAB_LANE_DB];

    return (kab_world_t){.db = {db->pg, arena, log},
                         .cache = {db->redis, arena, log},
                         .ring = g->kab->config->ring,
                         .env = &g->kab->env,
                         .arena = arena,
                         .log = log};
}

kab_uuid_t gateway_account(gateway_t *g, const char *iin, const char *phone, const char *password)
{
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    kab_world_t w = gateway_world(g, arena, &log);
    kab_account_t account = {.locale = "ru"};

    assert_null(kab_iin_parse(g->config->iin_check, kab_span_of(iin), &account.iin));
    if (phone) {
        assert_null(kab_phone_parse(&kab_phone_plan_default, kab_span_of(phone), &account.phone));
        account.has_phone = true;
    }
    assert_int_equal(kab_account_create(&w, &account), KAB_OK);
    if (password) {
        char hash[KAB_HASH_TEXT];
        kab_span_t id = {account.id.b, sizeof(account.id.b)};

        assert_true(kab_hash_make(g->thread[KAB_LANE_HASH]->hasher, w.ring, w.env,
                                  g->kab->config->hash, id, kab_span_of(password), hash));
        assert_int_equal(kab_account_set_hash(&w, account.id, kab_span_of(hash), false), KAB_OK);
    }
    kab_arena_close(arena);
    return account.id;
}

void gateway_child(gateway_t *g, const char *iin, const char *certificate, const char *parent1,
                   const char *parent2, bool kindergarten, const kab_uuid_t *guardian)
{
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    kab_world_t w = gateway_world(g, arena, &log);
    kab_child_t child = {.has_second = parent2[0] != '\0', .kindergarten = kindergarten};
    bool changed;

    assert_null(kab_iin_parse(g->config->iin_check, kab_span_of(iin), &child.iin));
    assert_null(kab_iin_parse(g->config->iin_check, kab_span_of(parent1), &child.parent[0]));
    if (child.has_second) {
        assert_null(kab_iin_parse(g->config->iin_check, kab_span_of(parent2), &child.parent[1]));
    }
    assert_null(kab_certificate_parse(kab_span_of(certificate), &child.certificate));
    assert_int_equal(kab_child_import(&w, &child, guardian, &changed), KAB_OK);
    kab_arena_close(arena);
}

void gateway_block(gateway_t *g, kab_uuid_t account, bool blocked)
{
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    kab_world_t w = gateway_world(g, arena, &log);

    assert_int_equal(kab_account_block(&w, account, blocked), KAB_OK);
    kab_arena_close(arena);
}

/* A statement's address is its identity. */
static const kab_sql_t *statement_of(gateway_t *g, const char *sql)
{
    unsigned i = 0;

    while (i < g->statements && strcmp(g->statement[i].sql, sql) != 0) {
        i++;
    }
    assert_true(i < GATEWAY_STATEMENTS);
    if (i == g->statements) {
        snprintf(g->name[i], sizeof(g->name[0]), "test_%u", i);
        g->statement[i] = (kab_sql_t){g->name[i], strdup(sql)};
        g->statements++;
    }
    return &g->statement[i];
}

typedef struct {
    kab_world_t w;
    kab_uuid_t account;
    unsigned n;
} deciding_t;

static kab_err_t decide(const kab_db_t *db, void *ctx)
{
    static const char *const operators[] = {"operator:asel", "operator:berik"};
    deciding_t *deciding = ctx;
    kab_case_t found[8], c;
    kab_word_t word = {.approve = true};
    kab_ended_t ended = {0, NULL};
    kab_err_t err;
    bool final;
    unsigned n;

    (void)db;
    assert_null(kab_iin_parse(KAB_IIN_STRICT, KAB_SPAN("950418490715"), &word.iin));
    err = kab_case_list(&deciding->w, false, found, 8, &n);
    for (unsigned i = 0; i < n && err == KAB_OK; i++) {
        if (memcmp(&found[i].applicant, &deciding->account, sizeof(deciding->account)) != 0) {
            continue;
        }
        for (unsigned j = 0; j < 2 && err == KAB_OK; j++) {
            word.actor = operators[j];
            err = kab_case_get(&deciding->w, found[i].id, &c);
            assert_null(kab_case_decide(&deciding->w, &c, &word, &final, &ended, &err));
        }
        deciding->n++;
    }
    return err;
}

unsigned gateway_decide(gateway_t *g, kab_uuid_t account)
{
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    deciding_t deciding = {gateway_world(g, arena, &log), account, 0};

    assert_int_equal(kab_pg_transaction(&deciding.w.db, decide, &deciding), KAB_OK);
    kab_arena_close(arena);
    return deciding.n;
}

int64_t gateway_number(gateway_t *g, const char *sql)
{
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    kab_world_t w = gateway_world(g, arena, &log);
    kab_rows_t *rows;
    int64_t n;

    assert_int_equal(kab_pg_exec(&w.db, statement_of(g, sql), NULL, 0, &rows), KAB_OK);
    n = kab_rows_count(rows) ? kab_rows_int(rows, 0, 0) : -1;
    kab_arena_close(arena);
    return n;
}

void gateway_sql(gateway_t *g, const char *sql)
{
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    kab_world_t w = gateway_world(g, arena, &log);

    assert_int_equal(kab_pg_script(&w.db, sql), KAB_OK);
    kab_arena_close(arena);
}

void gateway_forget(gateway_t *g)
{
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    kab_cache_t cache = {g->thread[KAB_LANE_DB]->redis, arena, &log};
    const kab_span_t flush[] = {KAB_SPAN("FLUSHALL")};
    const kab_redis_reply_t *reply;

    assert_int_equal(kab_redis_command(&cache, flush, 1, &reply), KAB_OK);
    kab_arena_close(arena);
}

void gateway_empty(gateway_t *g)
{
    gateway_sql(g,
                "TRUNCATE account, child CASCADE; TRUNCATE device, activation, challenge, outbox,"
                " event, strangers_off, limit_count, moderation, flow_commit");
    gateway_forget(g);
    memset(&g->script, 0, sizeof(g->script));
    g->ahead = 0;
}

void gateway_timer(gateway_t *g, kab_timer_t timer)
{
    kab_todo_t todo;
    kab_call_t *call = kab_call_timer(g->kab, timer, &todo);

    assert_non_null(call);
    while (todo != KAB_TODO_REPLY) {
        todo = kab_call_run(call, g->thread[(kab_lane_t)todo]);
    }
    assert_true(kab_call_reply(call)->status < 300);
    kab_call_free(call);
}

/* ---- a browser ---- */

void browser_open(browser_t *b, gateway_t *g)
{
    memset(b, 0, sizeof(*b));
    b->gateway = g;
    b->address_last = 1;
}

void browser_close(browser_t *b)
{
    json_decref(b->json);
    b->json = NULL;
}

static void keep_cookie(browser_t *b, kab_span_t set)
{
    kab_span_t pair = kab_span_cut(&set, ';');
    kab_span_t copy = pair, name = kab_span_cut(&copy, '=');
    unsigned i;

    for (i = 0; i < b->n; i++) {
        if (strncmp(b->cookie[i], (const char *)name.p, name.n) == 0 &&
            b->cookie[i][name.n] == '=') {
            break;
        }
    }
    assert_true(i < GATEWAY_COOKIES && pair.n < sizeof(b->cookie[0]));
    snprintf(b->cookie[i], sizeof(b->cookie[0]), "%.*s", (int)pair.n, (const char *)pair.p);
    b->n += i == b->n;
}

static kab_work_t work_of(const gateway_t *g)
{
    kab_work_t db, hash;

    kab_thread_work(g->thread[KAB_LANE_DB], &db);
    kab_thread_work(g->thread[KAB_LANE_HASH], &hash);
    return (kab_work_t){db.statements, db.commands, hash.hashes};
}

static void take_reply(browser_t *b, const kab_reply_t *reply)
{
    const char *id;

    b->status = reply->status;
    b->not_before = reply->not_before;
    b->retry_after = reply->retry_after;
    for (unsigned i = 0; i < reply->cookies_n; i++) {
        keep_cookie(b, reply->cookies[i]);
    }
    json_decref(b->json);
    b->json = reply->body.n ? kab_json_object(reply->body) : NULL;
    assert_true(reply->body.n < sizeof(b->body));
    snprintf(b->body, sizeof(b->body), "%.*s", (int)reply->body.n, (const char *)reply->body.p);
    id = json_string_value(json_object_get(b->json, "id"));
    if (id && json_object_get(b->json, "state")) {
        snprintf(b->flow, sizeof(b->flow), "%s", id);
    }
}

/* What nginx would hand over. */
typedef struct {
    char whole[256];
    kab_span_t lines[GATEWAY_COOKIES];
    kab_request_t request;
} sent_t;

static void send_request(const browser_t *b, const char *method, const char *path, const char *body,
                         sent_t *sent)
{
    const char *mark = strstr(path, "{flow}");
    kab_span_t query;

    if (mark) {
        snprintf(sent->whole, sizeof(sent->whole), "/kabinet/api/v1%.*s%s%s", (int)(mark - path),
                 path, b->flow, mark + 6);
    } else {
        snprintf(sent->whole, sizeof(sent->whole), "/kabinet/api/v1%s", path);
    }
    query = kab_span_of(sent->whole);
    for (unsigned i = 0; i < b->n; i++) {
        sent->lines[i] = kab_span_of(b->cookie[i]);
    }
    sent->request = (kab_request_t){
        .method = kab_span_of(method),
        .path = kab_span_cut(&query, '?'),
        .query = query,
        .target = kab_span_of(sent->whole),
        .scheme = KAB_SPAN("https"),
        .host = KAB_SPAN("cabinet.example"),
        .content_type = body ? KAB_SPAN("application/json") : KAB_NONE,
        .fetch_site = KAB_SPAN("same-origin"),
        .user_agent = KAB_SPAN("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
        .cookies = sent->lines,
        .cookies_n = b->n,
        .body = kab_span_of(body),
        .has_body = body != NULL,
        .address = {[10] = 0xff, [11] = 0xff, 192, 0, 2, (uint8_t)b->address_last},
    };
}

kab_call_t *browser_begin(browser_t *b, const char *path, bool last_look, kab_todo_t *todo)
{
    sent_t sent;
    kab_call_t *call;

    send_request(b, "GET", path, NULL, &sent);
    if (b->sign) {
        b->sign(b, &sent.request);
    }
    sent.request.last_look = last_look;
    call = kab_call_new(b->gateway->kab, &sent.request, todo);
    assert_non_null(call);
    return call;
}

kab_todo_t browser_run(browser_t *b, kab_call_t *call)
{
    kab_todo_t todo = kab_call_run(call, b->gateway->thread[KAB_LANE_DB]);

    if (todo == KAB_TODO_REPLY) {
        take_reply(b, kab_call_reply(call));
    }
    kab_call_free(call);
    return todo;
}

kab_call_t *browser_half(browser_t *b, const char *method, const char *path, const char *body,
                         kab_todo_t *todo)
{
    sent_t sent;
    kab_call_t *call;

    send_request(b, method, path, body, &sent);
    if (b->sign) {
        b->sign(b, &sent.request);
    }
    b->began = held_now(b->gateway);
    call = kab_call_new(b->gateway->kab, &sent.request, todo);
    assert_non_null(call);
    if (*todo != KAB_TODO_REPLY) {
        *todo = kab_call_run(call, b->gateway->thread[(kab_lane_t)*todo]);
    }
    if (*todo != KAB_TODO_REPLY) {
        return call;
    }
    browser_rest(b, call, *todo);
    return NULL;
}

void browser_rest(browser_t *b, kab_call_t *call, kab_todo_t todo)
{
    while (todo != KAB_TODO_REPLY) {
        todo = kab_call_run(call, b->gateway->thread[(kab_lane_t)todo]);
    }
    take_reply(b, kab_call_reply(call));
    kab_call_free(call);
}

void browser_call(browser_t *b, const char *method, const char *path, const char *body)
{
    sent_t sent;
    kab_work_t before = work_of(b->gateway), after;
    kab_call_t *call;

    send_request(b, method, path, body, &sent);
    if (b->sign) {
        b->sign(b, &sent.request);
    }
    b->began = held_now(b->gateway);
    call = kab_handle(b->gateway->kab, &sent.request, b->gateway->thread);
    assert_non_null(call);
    take_reply(b, kab_call_reply(call));
    kab_call_free(call);
    after = work_of(b->gateway);
    b->work = (kab_work_t){after.statements - before.statements, after.commands - before.commands,
                           after.hashes - before.hashes};
}

static const char *text_of(const browser_t *b, const char *name)
{
    const char *text = json_string_value(json_object_get(b->json, name));

    return text ? text : "";
}

const char *browser_code(const browser_t *b)
{
    return text_of(b, "code");
}

const char *browser_state(const browser_t *b)
{
    return text_of(b, "state");
}

const char *browser_cookie(const browser_t *b, const char *name)
{
    size_t n = strlen(name);

    for (unsigned i = 0; i < b->n; i++) {
        if (strncmp(b->cookie[i], name, n) == 0 && b->cookie[i][n] == '=' && b->cookie[i][n + 1]) {
            return b->cookie[i] + n + 1;
        }
    }
    return NULL;
}

int browser_identify(browser_t *b, const char *iin)
{
    char body[256];

    browser_call(b, "POST", "/flows", "{\"kind\":\"login\"}");
    assert_int_equal(b->status, 201);
    snprintf(body, sizeof(body),
             "{\"iin\":\"%s\",\"consents\":{\"terms\":true,\"notifications\":true}}", iin);
    browser_call(b, "POST", "/flows/{flow}/identify", body);
    return b->status;
}

int browser_sign_in(browser_t *b, const char *iin, const char *password)
{
    char body[2048];

    assert_int_equal(browser_identify(b, iin), 200);
    snprintf(body, sizeof(body), "{\"password\":\"%s\"}", password);
    browser_call(b, "POST", "/flows/{flow}/password", body);
    return b->status;
}
