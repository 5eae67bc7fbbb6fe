/*
 * Sessions in shared memory: copies, never the truth. Nodes of one size in one
 * array, found by hash, kept in order of use; when the array is full the one
 * not used for longest makes room. Changes are made under the slab pool's own
 * mutex, which the master releases when a worker dies with it in hand: an odd
 * `changes` then tells the next one that lists may be broken, and the table
 * begins anew. A hit that has nothing to change takes no lock: what it read is
 * good if `changes` was even and is the same afterwards.
 */

#include "ngx_http_kabinet.h"


#define NGX_HTTP_KABINET_TABLE_VERSION  5
#define NGX_HTTP_KABINET_NONE           ((uint32_t) -1) /* and so are all that are not below the capacity */
#define NGX_HTTP_KABINET_HOPS           8               /* without the lock, where a chain may seem endless */


/* Two lines of a processor's cache, and each begins one. */
typedef struct {
    uint8_t                      id[KAB_SESSION_ID];
    uint8_t                      proof[sizeof(((kab_token_t *) 0)->proof)];
    uint32_t                     generation; /* of the keys that the proof was right by; 0: none yet */
    uint32_t                     chain;      /* next of the bucket, or of the free list */
    uint32_t                     newer;
    uint32_t                     older;
    uint32_t                     seen;       /* the idle clock */
    uint32_t                     touched;    /* when Redis last heard of it */
    uint32_t                     expires_at; /* the session, or its tombstone */
    uint32_t                     auth_time;
    kab_uuid_t                   account;
    kab_uuid_t                   public_id;
    char                         iin[12];
    uint16_t                     methods;
    uint8_t                      ended;      /* a tombstone */
} ngx_http_kabinet_node_t;


struct ngx_http_kabinet_table_s {
    uint32_t                     version;
    uint32_t                     capacity;
    uint32_t                     mask;       /* buckets - 1 */
    uint32_t                     used;
    uint32_t                     free;       /* given back */
    uint32_t                     fresh;      /* this one and those behind were never taken */
    uint32_t                     newest;
    uint32_t                     oldest;
    uint32_t                     changes;    /* begun and ended: odd while one is under way */
    ngx_uint_t                   epoch;      /* raised when the table begins anew */
    ngx_atomic_t                 heard_at;
    ngx_http_kabinet_counters_t  counters;
    ngx_slab_pool_t             *pool;
    uint32_t                    *buckets;
    ngx_http_kabinet_node_t     *nodes;
};


static void
ngx_http_kabinet_table_clear(ngx_http_kabinet_table_t *t)
{
    ngx_memset(t->buckets, 0xff, (t->mask + 1) * sizeof(uint32_t));

    t->free = NGX_HTTP_KABINET_NONE;
    t->fresh = 0;
    t->used = 0;
    t->newest = NGX_HTTP_KABINET_NONE;
    t->oldest = NGX_HTTP_KABINET_NONE;
    t->epoch++;
}


static void
ngx_http_kabinet_table_lock(ngx_http_kabinet_table_t *t)
{
    ngx_shmtx_lock(&t->pool->mutex);

    if (t->changes & 1) {
        ngx_http_kabinet_table_clear(t);
        return;
    }

    __atomic_store_n(&t->changes, t->changes + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}


static void
ngx_http_kabinet_table_unlock(ngx_http_kabinet_table_t *t)
{
    __atomic_store_n(&t->changes, t->changes + 1, __ATOMIC_RELEASE);
    ngx_shmtx_unlock(&t->pool->mutex);
}


ngx_int_t
ngx_http_kabinet_table_init(ngx_shm_zone_t *zone, void *data)
{
    size_t                     room, share;
    uint32_t                   buckets;
    ngx_slab_pool_t           *pool;
    ngx_http_kabinet_table_t  *t;

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists || data != NULL) {
        t = pool->data;
        if (t != NULL && t->version == NGX_HTTP_KABINET_TABLE_VERSION) {
            zone->data = t;
            return NGX_OK;
        }
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "kabinet_zone \"%V\" was made by another version: restart nginx instead of reloading",
                      &zone->shm.name);
        return NGX_ERROR;
    }

    pool->log_nomem = 0;

    t = ngx_slab_calloc(pool, sizeof(ngx_http_kabinet_table_t));
    if (t == NULL) {
        return NGX_ERROR;
    }

    /* whole pages: what is left, less what the slab keeps for itself */
    room = (size_t) pool->pfree * ngx_pagesize;
    share = sizeof(ngx_http_kabinet_node_t) + sizeof(uint32_t);

    for (buckets = 64; (size_t) buckets * 2 * share <= room; buckets *= 2) { /* void */ }

    t->mask = buckets - 1;
    t->buckets = ngx_slab_alloc(pool, ngx_align(buckets * sizeof(uint32_t), ngx_pagesize));
    if (t->buckets == NULL) {
        return NGX_ERROR;
    }

    room = (size_t) pool->pfree * ngx_pagesize;
    t->nodes = NULL;
    while (room > ngx_pagesize && t->nodes == NULL) {
        t->nodes = ngx_slab_alloc(pool, room);
        t->capacity = (uint32_t) (room / sizeof(ngx_http_kabinet_node_t));
        room -= ngx_pagesize;
    }
    if (t->nodes == NULL) {
        return NGX_ERROR;
    }

    t->version = NGX_HTTP_KABINET_TABLE_VERSION;
    t->pool = pool;
    ngx_http_kabinet_table_clear(t);

    pool->data = t;
    zone->data = t;

    return NGX_OK;
}


ngx_http_kabinet_table_t *
ngx_http_kabinet_table(ngx_shm_zone_t *zone)
{
    return zone->data;
}


ngx_http_kabinet_counters_t *
ngx_http_kabinet_counters(ngx_http_kabinet_table_t *t)
{
    return &t->counters;
}


/* The id is a SHA-256: any of its bits are a good hash. */
static uint32_t *
ngx_http_kabinet_bucket(ngx_http_kabinet_table_t *t, const uint8_t *id)
{
    uint32_t  h;

    ngx_memcpy(&h, id, sizeof(h));
    return &t->buckets[h & t->mask];
}


void
ngx_http_kabinet_table_expect(ngx_http_kabinet_table_t *t, const kab_token_t *token)
{
    __builtin_prefetch(ngx_http_kabinet_bucket(t, token->id));
}


static ngx_http_kabinet_node_t *
ngx_http_kabinet_node_within(ngx_http_kabinet_table_t *t, const uint8_t *id, uint32_t hops)
{
    uint32_t  i;

    for (i = *ngx_http_kabinet_bucket(t, id); i < t->capacity && hops > 0; i = t->nodes[i].chain, hops--) {
        __builtin_prefetch(&t->nodes[i].expires_at); /* its second line */
        if (ngx_memcmp(t->nodes[i].id, id, KAB_SESSION_ID) == 0) {
            return &t->nodes[i];
        }
    }

    return NULL;
}


static ngx_http_kabinet_node_t *
ngx_http_kabinet_node_find(ngx_http_kabinet_table_t *t, const uint8_t *id)
{
    return ngx_http_kabinet_node_within(t, id, t->capacity);
}


static void
ngx_http_kabinet_node_unlink(ngx_http_kabinet_table_t *t, ngx_http_kabinet_node_t *n)
{
    if (n->newer != NGX_HTTP_KABINET_NONE) {
        t->nodes[n->newer].older = n->older;
    } else {
        t->newest = n->older;
    }

    if (n->older != NGX_HTTP_KABINET_NONE) {
        t->nodes[n->older].newer = n->newer;
    } else {
        t->oldest = n->newer;
    }
}


static void
ngx_http_kabinet_node_to_front(ngx_http_kabinet_table_t *t, ngx_http_kabinet_node_t *n)
{
    uint32_t  i = (uint32_t) (n - t->nodes);

    n->newer = NGX_HTTP_KABINET_NONE;
    n->older = t->newest;

    if (t->newest != NGX_HTTP_KABINET_NONE) {
        t->nodes[t->newest].newer = i;
    } else {
        t->oldest = i;
    }

    t->newest = i;
}


static void
ngx_http_kabinet_node_remove(ngx_http_kabinet_table_t *t, ngx_http_kabinet_node_t *n)
{
    uint32_t  i = (uint32_t) (n - t->nodes);
    uint32_t *p = ngx_http_kabinet_bucket(t, n->id);

    while (*p != i) {
        p = &t->nodes[*p].chain;
    }

    *p = n->chain;
    ngx_http_kabinet_node_unlink(t, n);
    ngx_memzero(n, sizeof(ngx_http_kabinet_node_t));
    n->chain = t->free;
    t->free = i;
    t->used--;
}


/* One that was given back, or one that was never taken. */
static ngx_http_kabinet_node_t *
ngx_http_kabinet_node_free(ngx_http_kabinet_table_t *t)
{
    ngx_http_kabinet_node_t  *n;

    if (t->free != NGX_HTTP_KABINET_NONE) {
        n = &t->nodes[t->free];
        t->free = n->chain;
        return n;
    }

    if (t->fresh == t->capacity) {
        return NULL;
    }

    n = &t->nodes[t->fresh++];
    ngx_memzero(n, sizeof(ngx_http_kabinet_node_t));

    return n;
}


/* Makes room by letting the one go that was not used for longest. A tombstone that goes early
 * could let an ended session back in, so the epoch is raised with it: inserts under way are refused. */
static ngx_http_kabinet_node_t *
ngx_http_kabinet_node_new(ngx_http_kabinet_table_t *t, const uint8_t *id)
{
    uint32_t                  *bucket;
    ngx_http_kabinet_node_t   *n;

    n = ngx_http_kabinet_node_free(t);
    if (n == NULL) {
        n = &t->nodes[t->oldest];
        if (n->ended && n->expires_at > (uint32_t) ngx_time()) {
            t->epoch++;
        }
        ngx_http_kabinet_node_remove(t, n);
        (void) ngx_atomic_fetch_add(&t->counters.evicted, 1);
        n = ngx_http_kabinet_node_free(t);
    }

    bucket = ngx_http_kabinet_bucket(t, id);
    ngx_memcpy(n->id, id, KAB_SESSION_ID);
    n->chain = *bucket;
    *bucket = (uint32_t) (n - t->nodes);
    ngx_http_kabinet_node_to_front(t, n);
    t->used++;

    return n;
}


/* What was right by the same keys once need not be worked out again: most of what a hit would cost. */
static ngx_uint_t
ngx_http_kabinet_node_proven(const ngx_http_kabinet_node_t *n, const kab_token_t *token)
{
    return n->generation == token->generation && kab_same(n->proof, token->proof, sizeof(n->proof));
}


static void
ngx_http_kabinet_node_session(const ngx_http_kabinet_node_t *n, kab_session_t *out)
{
    ngx_memcpy(out->id, n->id, KAB_SESSION_ID);
    out->account = n->account;
    out->public_id = n->public_id;
    ngx_memcpy(out->iin, n->iin, sizeof(out->iin));
    out->auth_time = n->auth_time;
    out->expires_at = n->expires_at;
    out->methods = n->methods;
}


static void
ngx_http_kabinet_node_use(ngx_http_kabinet_table_t *t, ngx_http_kabinet_node_t *n, const kab_config_facts_t *facts,
    ngx_uint_t *touch)
{
    uint32_t  now = (uint32_t) ngx_time();

    if (n->seen != now) {
        n->seen = now;
        ngx_http_kabinet_node_unlink(t, n);
        ngx_http_kabinet_node_to_front(t, n);
    }

    if (n->touched + facts->session_touch <= now) {
        n->touched = now;
        *touch = 1;
    }
}


/* A session that was used this second already: its hit has nothing to change, and takes no lock. */
static ngx_uint_t
ngx_http_kabinet_table_peek(ngx_http_kabinet_table_t *t, const kab_token_t *token, const kab_config_facts_t *facts,
    kab_session_t *out)
{
    uint32_t                         changes, now = (uint32_t) ngx_time();
    const ngx_http_kabinet_node_t   *n;

    changes = __atomic_load_n(&t->changes, __ATOMIC_ACQUIRE);
    n = ngx_http_kabinet_node_within(t, token->id, NGX_HTTP_KABINET_HOPS);

    if (n == NULL || n->ended || n->expires_at <= now || n->seen != now || n->touched + facts->session_touch <= now
        || !ngx_http_kabinet_node_proven(n, token))
    {
        return 0;
    }

    ngx_http_kabinet_node_session(n, out);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return !(changes & 1) && changes == __atomic_load_n(&t->changes, __ATOMIC_RELAXED);
}


ngx_http_kabinet_found_t
ngx_http_kabinet_table_find(ngx_http_kabinet_table_t *t, const kab_token_t *token, ngx_uint_t proven,
    const kab_config_facts_t *facts, kab_session_t *out, ngx_uint_t *touch)
{
    uint32_t                   now = (uint32_t) ngx_time();
    ngx_http_kabinet_node_t   *n;
    ngx_http_kabinet_found_t   found = NGX_HTTP_KABINET_ABSENT;

    *touch = 0;

    if (ngx_http_kabinet_table_peek(t, token, facts, out)) {
        return NGX_HTTP_KABINET_HIT;
    }

    ngx_http_kabinet_table_lock(t);
    n = ngx_http_kabinet_node_find(t, token->id);

    if (n != NULL && proven) {
        ngx_memcpy(n->proof, token->proof, sizeof(n->proof));
        n->generation = token->generation;
    }

    if (n != NULL && (n->expires_at <= now || (!n->ended && n->seen + facts->session_idle < now))) {
        /* another machine may have seen it since: ask again */
        ngx_http_kabinet_node_remove(t, n);

    } else if (n != NULL && n->ended) {
        found = NGX_HTTP_KABINET_ENDED;

    } else if (n != NULL && !ngx_http_kabinet_node_proven(n, token)) {
        found = NGX_HTTP_KABINET_UNPROVEN;

    } else if (n != NULL) {
        ngx_http_kabinet_node_use(t, n, facts, touch);
        ngx_http_kabinet_node_session(n, out);
        found = NGX_HTTP_KABINET_HIT;
    }

    ngx_http_kabinet_table_unlock(t);

    return found;
}


void
ngx_http_kabinet_table_insert(ngx_http_kabinet_table_t *t, const kab_session_t *s, ngx_uint_t epoch)
{
    uint32_t                  now = (uint32_t) ngx_time();
    ngx_http_kabinet_node_t  *n;

    ngx_http_kabinet_table_lock(t);
    n = ngx_http_kabinet_node_find(t, s->id);

    /* an end that was heard while the answer was on its way wins */
    if (t->epoch == epoch && (n == NULL || !n->ended || n->expires_at <= now)) {
        if (n == NULL) {
            n = ngx_http_kabinet_node_new(t, s->id);
        }
        n->account = s->account;
        n->public_id = s->public_id;
        ngx_memcpy(n->iin, s->iin, sizeof(n->iin));
        n->auth_time = s->auth_time;
        n->expires_at = s->expires_at;
        n->methods = s->methods;
        n->seen = now;
        n->touched = now;
        n->ended = 0;
    }

    ngx_http_kabinet_table_unlock(t);
}


void
ngx_http_kabinet_table_drop(ngx_http_kabinet_table_t *t, const uint8_t *id, time_t tombstone)
{
    ngx_http_kabinet_node_t  *n;

    ngx_http_kabinet_table_lock(t);
    n = ngx_http_kabinet_node_find(t, id);
    if (n == NULL) {
        n = ngx_http_kabinet_node_new(t, id);
    }
    n->ended = 1;
    n->expires_at = (uint32_t) (ngx_time() + tombstone);
    ngx_memzero(n->iin, sizeof(n->iin));
    ngx_http_kabinet_table_unlock(t);
}


ngx_uint_t
ngx_http_kabinet_table_epoch(ngx_http_kabinet_table_t *t)
{
    ngx_uint_t  epoch;

    ngx_http_kabinet_table_lock(t);
    epoch = t->epoch;
    ngx_http_kabinet_table_unlock(t);

    return epoch;
}


void
ngx_http_kabinet_table_heard(ngx_http_kabinet_table_t *t)
{
    t->heard_at = (ngx_atomic_uint_t) ngx_time();
}


time_t
ngx_http_kabinet_table_silence(ngx_http_kabinet_table_t *t)
{
    return ngx_time() - (time_t) t->heard_at;
}


void
ngx_http_kabinet_table_usage(ngx_http_kabinet_table_t *t, ngx_uint_t *used, ngx_uint_t *capacity)
{
    ngx_http_kabinet_table_lock(t);
    *used = t->used;
    *capacity = t->capacity;
    ngx_http_kabinet_table_unlock(t);
}
