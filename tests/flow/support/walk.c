#include "walk.h"

static uint64_t dice;

gateway_t *walk_open(const char *extra, unsigned walk)
{
    gateway_t *g;

    setenv("KAB_SEED", "20261121", 0); /* the gateway's keys are of it, too */
    g = gateway_open(extra);
    dice = g->dice = strtoull(getenv("KAB_SEED"), NULL, 10) + ((uint64_t)walk << 56);
    g->stands = kab_env_system.now(kab_env_system.ctx) / KAB_DAY * KAB_DAY;
    return g;
}

unsigned walk_steps(unsigned otherwise)
{
    const char *more = getenv("KAB_STEPS");

    return more ? (unsigned)strtoul(more, NULL, 10) : otherwise;
}

bool walk_led_everywhere(const unsigned *reached, int n)
{
    for (int i = 0; i < n; i++) {
        if (reached[i] == 0) {
            return false;
        }
    }
    return true;
}

void walk_tell(const char *const *outcome, const unsigned *reached, int n)
{
    for (int i = 0; i < n; i++) {
        print_message("%s: %u\n", outcome[i], reached[i]);
    }
}

unsigned walk_roll(unsigned n)
{
    dice ^= dice >> 12;
    dice ^= dice << 25;
    dice ^= dice >> 27;
    return (unsigned)((dice * 2685821657736338717ULL) >> 33) % n;
}

bool walk_mostly(void)
{
    return walk_roll(10) < 9;
}

void walk_documented(const browser_t *b)
{
    static const int statuses[] = {200, 201, 202, 204, 401, 403, 404, 409, 410, 422, 429, 503};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (b->status == statuses[i]) {
            return;
        }
    }
    fail_msg("%d %s", b->status, b->body);
}

bool walk_bmg(gateway_t *g)
{
    unsigned face = walk_roll(10);

    g->script.bmg_answer = face < 8    ? KAB_BMG_MATCH
                           : face == 8 ? KAB_BMG_NOT_REGISTERED
                                       : KAB_BMG_UNAVAILABLE;
    return face < 8;
}

void walk_app_away(walk_app_t *app)
{
    if (app->asked) {
        phone_close(&app->at);
    }
    memset(app, 0, sizeof(*app));
}

bool walk_app_activate(gateway_t *g, walk_app_t *app, const char *otp, const char *number)
{
    char code[7], shown[16];

    snprintf(shown, sizeof(shown), "%s", otp);
    walk_app_away(app);
    app->asked = true;
    app->number = number;
    phone_open(&app->at, g);
    unsigned texts = g->script.texts;
    phone_activate(&app->at, shown, number);
    walk_documented(&app->at.at);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    if (g->script.texts == texts || strcmp(g->script.to, number) != 0) {
        return false; /* nobody got a code: it is another number than the flow's */
    }
    bool match = walk_bmg(g);
    snprintf(code, sizeof(code), "%.6s", walk_mostly() ? g->script.text : "000000");
    app->bound = phone_prove(&app->at, code) == 200;
    assert_true(match || !app->bound);
    walk_documented(&app->at.at);
    return app->bound;
}

bool walk_app_challenge(walk_app_t *app, char id[40])
{
    phone_call(&app->at, "GET", "/app/challenges", NULL);
    walk_documented(&app->at.at);
    const json_t *list = json_object_get(app->at.at.json, "challenges");
    unsigned n = (unsigned)json_array_size(list);

    app->bound = strcmp(browser_code(&app->at.at), "device_unknown") != 0;
    if (n == 0) {
        return false;
    }
    const json_t *one = json_array_get(list, walk_roll(n));
    snprintf(id, 40, "%s", json_string_value(json_object_get(one, "id")));
    return true;
}

const char *walk_app_open(gateway_t *g, walk_app_t *app, const char *id, const char *sign)
{
    g->ahead += KAB_SECOND; /* another signature than a moment ago */
    int status = phone_open_code(&app->at, id, sign);

    walk_documented(&app->at.at);
    return status == 200 ? json_string_value(json_object_get(app->at.at.json, "code")) : NULL;
}

bool walk_app_object(gateway_t *g, walk_app_t *app, const char *kind)
{
    const json_t *row;
    char path[96] = "";
    size_t i;

    phone_call(&app->at, "GET", "/app/events", NULL);
    walk_documented(&app->at.at);
    json_array_foreach(json_object_get(app->at.at.json, "events"), i, row)
    {
        if (!path[0] && json_object_get(row, "object_until") &&
            strcmp(json_string_value(json_object_get(row, "kind")), kind) == 0) {
            snprintf(path, sizeof(path), "/app/events/%s/object",
                     json_string_value(json_object_get(row, "id")));
        }
    }
    if (!path[0]) {
        return false;
    }
    g->ahead += KAB_SECOND;
    phone_call(&app->at, "POST", path, "{}");
    walk_documented(&app->at.at);
    return app->at.at.status == 204;
}
