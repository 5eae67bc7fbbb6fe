#include <stdlib.h>
#include <string.h>

#include "cabinet/person/import.h"
#include "identity/password/phc.h"
#include "import/import.h"

typedef struct {
    import_t base;
    kab_import_t *batch;
    kab_hasher_t *hasher;
    const char *devices;
    int iin, phone, locale, password, device;
} accounts_t;

static const char *read_locale(kab_span_t text, kab_account_t *account)
{
    if (text.n == 0) {
        text = kab_span_of(kab_languages[0]);
    }
    for (unsigned i = 0; kab_languages[i]; i++) {
        if (kab_span_is(text, kab_languages[i])) {
            memcpy(account->locale, kab_languages[i], 3);
            return NULL;
        }
    }
    return "not ru, kk or en";
}

/* $2b$… and its like are hashes of other kinds, which nobody means as a password. */
static bool looks_hashed(kab_span_t text)
{
    kab_span_t rest = text;

    if (text.n == 0 || text.p[0] != '$') {
        return false;
    }
    kab_span_cut(&rest, '$');
    return kab_span_cut(&rest, '$').n > 0 && rest.n > 0;
}

/* One rule for all ways in: what sign-up would refuse is refused here. */
static const char *check_plain(const kab_config_t *config, const kab_iin_t *iin, kab_span_t normal)
{
    unsigned missing = kab_password_missing(&config->policy, normal);

    for (unsigned i = 0; missing && kab_password_rules[i].id; i++) {
        if (missing & 1U << i) {
            return kab_password_rules[i].id;
        }
    }
    return kab_password_text_rules(config->breach, iin, normal);
}

/* Only for an account that is not there yet: a hash costs a good part of a second. */
static const char *hash_plain(accounts_t *a, kab_span_t text, kab_account_t *account)
{
    ctl_t *ctl = a->base.ctl;
    kab_account_t other;
    bool found = false;
    kab_span_t normal = kab_password_normal(ctl->arena, text);
    char *hash = kab_alloc(ctl->arena, KAB_HASH_TEXT);
    kab_span_t id = {account->id.b, sizeof account->id.b};

    if (normal.n == 0) {
        return "password_length";
    }
    const char *why = check_plain(ctl->config, &account->iin, normal);
    if (why) {
        return why;
    }
    if (kab_account_find(&ctl->world, &account->iin, NULL, &other, &found) != KAB_OK) {
        return "the database did not answer";
    }
    if (found) {
        return NULL;
    }
    if (!hash || !kab_hash_make(a->hasher, ctl->config->ring, &kab_env_system, ctl->config->hash,
                                id, normal, hash)) {
        return "cannot be hashed";
    }
    account->hash = kab_span_of(hash);
    return NULL;
}

static const char *read_password(accounts_t *a, kab_span_t text, kab_account_t *account)
{
    kab_phc_t phc;

    if (text.n == 0) {
        return NULL;
    }
    if (!looks_hashed(text)) {
        return hash_plain(a, text, account);
    }
    if (!kab_phc_parse(text, &phc)) {
        return "not an Argon2id string ($argon2id$v=19$m=…,t=…,p=…$salt$hash)";
    }
    if (phc.pepper) {
        return "a hash under another gateway's pepper";
    }
    account->hash = text;
    return NULL;
}

/* Names the column that is wrong, too. */
static const char *read_row(accounts_t *a, kab_account_t *account, const char **column)
{
    const csv_t *csv = &a->base.csv;
    kab_span_t phone = kab_span_trim(csv_field(csv, a->phone));
    const char *why;

    *column = "iin";
    why = import_iin(&a->base, csv_field(csv, a->iin), *column, &account->iin);
    if (why) {
        return why;
    }
    *column = "phone";
    why = phone.n ? kab_phone_parse(&a->base.ctl->config->phones, phone, &account->phone) : NULL;
    if (why) {
        return why;
    }
    account->has_phone = phone.n > 0;
    *column = "locale";
    why = read_locale(kab_span_trim(csv_field(csv, a->locale)), account);
    if (why) {
        return why;
    }
    *column = "password";
    account->id = kab_uuid_new(&kab_env_system);
    return read_password(a, csv_field(csv, a->password), account);
}

/* What was gathered goes to the database, and its memory with it. */
static int flush(accounts_t *a, unsigned *out)
{
    unsigned waiting = kab_import_waiting(a->batch), created = 0;
    kab_err_t err = kab_import_flush(a->batch, a->base.ctl->actor, &created);

    *out = created;

    a->base.created += created;
    a->base.there += err == KAB_OK ? waiting - created : 0;
    if (err != KAB_OK) {
        return ctl_fail(a->base.ctl, "import accounts", err);
    }
    return ctl_fresh_arena(a->base.ctl) ? CTL_DONE : CTL_FAILED;
}

/* The demonstration's phones: an account that was made just now gets its device, one that was there
 * keeps what it has (SECURITY 21). */
static int give_device(accounts_t *a, const kab_account_t *account)
{
    const char *why = NULL;
    unsigned created;
    int status = flush(a, &created);

    if (status == CTL_DONE && created > 0 &&
        !import_device(&a->base.ctl->world, a->devices, account, &why)) {
        import_bad(&a->base, "device", why);
    }
    return status;
}

/* Who gets a device goes alone, to tell whether they are new. Before the row is read: what it says
 * is in the memory that goes with a batch. */
static int take_rows(accounts_t *a)
{
    int status = CTL_DONE;
    unsigned created;

    while (status == CTL_DONE && import_next(&a->base)) {
        kab_account_t account = {0};
        const char *column = NULL, *why;
        bool device = a->devices && kab_span_is(csv_field(&a->base.csv, a->device), "yes");

        if (device && kab_import_waiting(a->batch) && (status = flush(a, &created)) != CTL_DONE) {
            break;
        }
        why = read_row(a, &account, &column);
        if (why) {
            import_bad(&a->base, column, why);
        } else if (!kab_import_add(a->batch, &account)) {
            ctl_error("out of memory");
            status = CTL_FAILED;
        } else if (device) {
            status = give_device(a, &account);
        }
        kab_wipe(&account, sizeof account);
        if (status == CTL_DONE && kab_import_waiting(a->batch) >= KAB_IMPORT_BATCH) {
            status = flush(a, &created);
        }
    }
    return status == CTL_DONE ? flush(a, &created) : status;
}

int import_accounts(ctl_t *ctl, int argc, char **argv)
{
    static const char *const needed[] = {"iin", NULL};
    accounts_t *a = NULL;
    int status = CTL_FAILED;

    if (argc != 1 && (argc != 3 || strcmp(argv[1], "--devices") != 0)) {
        return CTL_MISUSED;
    }
    a = calloc(1, sizeof *a);
    if (!a) {
        ctl_error("out of memory");
        return CTL_FAILED;
    }
    a->devices = argc == 3 ? argv[2] : NULL;
    a->hasher = kab_hasher_open();
    a->batch = kab_import_open(&ctl->world);
    if (a->hasher && a->batch && import_begin(&a->base, ctl, argv[0], needed)) {
        const csv_t *csv = &a->base.csv;
        a->iin = csv_column(csv, "iin");
        a->phone = csv_column(csv, "phone");
        a->locale = csv_column(csv, "locale");
        a->password = csv_column(csv, "password");
        a->device = csv_column(csv, "device");
        status = take_rows(a);
    }
    status = import_end(&a->base, status);
    kab_import_close(a->batch);
    kab_hasher_close(a->hasher);
    free(a);
    return status;
}
