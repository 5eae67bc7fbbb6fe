/*
 * What the cores can do: Argon2id hashes a second with kept memory, THREADS at
 * once for SECONDS: bench-hashes M T THREADS SECONDS
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "identity/password/password_hash.h"

static kab_keyring_t *ring;
static kab_hash_params_t params;
static atomic_bool stop;
static atomic_ulong count;

static void *work(void *unused)
{
    kab_hasher_t *hasher = kab_hasher_open();
    char text[KAB_HASH_TEXT];
    kab_span_t id = KAB_SPAN("0123456789abcdef"), password = KAB_SPAN("Kabinet!Demo2026");

    (void)unused;
    kab_hash_make(hasher, ring, &kab_env_system, params, id, password, text);
    while (!stop) {
        kab_hash_verify(hasher, ring, id, password, kab_span_of(text));
        count++;
    }
    kab_hasher_close(hasher);
    return NULL;
}

int main(int argc, char **argv)
{
    char path[] = "/tmp/kab-bench-XXXXXX", file[64], why[256];
    pthread_t thread[64];
    unsigned threads, seconds;

    if (argc != 5 || !mkdtemp(path)) {
        fprintf(stderr, "usage: bench-hashes M T THREADS SECONDS\n");
        return 2;
    }
    snprintf(file, sizeof(file), "%s/keyring", path);
    if (!kab_keyring_create(file, &kab_env_system, why, sizeof(why)) ||
        !(ring = kab_keyring_open(file, why, sizeof(why)))) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    unlink(file);
    rmdir(path);
    params = (kab_hash_params_t){(uint32_t)strtoul(argv[1], NULL, 10),
                                 (uint32_t)strtoul(argv[2], NULL, 10), 1};
    threads = (unsigned)strtoul(argv[3], NULL, 10);
    seconds = (unsigned)strtoul(argv[4], NULL, 10);
    threads = threads > 64 ? 64 : threads;
    for (unsigned i = 0; i < threads; i++) {
        pthread_create(&thread[i], NULL, work, NULL);
    }
    sleep(seconds);
    stop = true;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    printf("%.1f\n", (double)count / seconds);
    kab_keyring_close(ring);
    return 0;
}
