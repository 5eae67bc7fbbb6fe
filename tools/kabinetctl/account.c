/* One person's account, by hand. Every change says in the audit who made it. */
#include <string.h>

#include "cabinet/person/account.h"
#include "cabinet/record/record.h"
#include "cabinet/session/session.h"
#include "ctl.h"
#include "identity/password/phc.h"

/* An IIN on a command line is seen by everybody who lists processes, so "-" reads it. */
static bool read_iin(const ctl_t *ctl, const char *arg, kab_iin_t *iin)
{
    char line[64] = "";

    if (strcmp(arg, "-") == 0) {
        if (!fgets(line, sizeof line, stdin)) {
            ctl_error("no IIN on standard input");
            return false;
        }
        line[strcspn(line, "\r\n")] = '\0';
        arg = line;
    }
    const char *wrong = kab_iin_parse(ctl->config->iin_check, kab_span_trim(kab_span_of(arg)), iin);
    if (wrong) {
        ctl_error("this is no IIN: %s", wrong);
    } else if (!kab_iin_fits(iin)) {
        ctl_error("the check digit of this IIN does not fit; taken all the same");
    }
    return !wrong;
}

static bool find(ctl_t *ctl, const char *arg, kab_account_t *account)
{
    kab_iin_t iin;
    bool found = false;

    if (!read_iin(ctl, arg, &iin)) {
        return false;
    }
    kab_err_t err = kab_account_find(&ctl->world, &iin, NULL, account, &found);
    if (err != KAB_OK) {
        ctl_fail(ctl, "account", err);
    } else if (!found) {
        ctl_error("there is no account of this IIN");
    }
    return err == KAB_OK && found;
}

static const char *password_words(kab_span_t hash)
{
    kab_phc_t phc;

    if (hash.n == 0) {
        return "none";
    }
    if (!kab_phc_parse(hash, &phc)) {
        return "damaged: only recovery helps";
    }
    return phc.pepper ? "set" : "imported, not used yet";
}

static int show(ctl_t *ctl, int argc, char **argv)
{
    kab_account_t account = {0};
    kab_session_row_t *sessions = NULL;
    unsigned n = 0;
    char id[KAB_UUID_SIZE], iin[KAB_IIN_DIGITS + 1], phone[KAB_PHONE_SIZE] = "none";

    (void)argc;
    if (!find(ctl, argv[0], &account)) {
        return CTL_FAILED;
    }
    kab_err_t err = kab_session_list(&ctl->world, account.id, &sessions, &n);
    if (err != KAB_OK) {
        return ctl_fail(ctl, "account show", err);
    }
    kab_uuid_text(account.id, id);
    kab_iin_mask(&account.iin, iin);
    if (account.has_phone) {
        kab_phone_mask(&account.phone, phone);
    }
    printf("account   %s\niin       %s\nphone     %s\nlocale    %s\npassword  %s\nblocked   %s\n"
           "sessions  %u\nstrangers %s\n",
           id, iin, phone, account.locale, password_words(account.hash),
           account.blocked ? "yes" : "no", n,
           account.strangers_off ? "off: too many failures, recovery gives it back" : "on");
    return CTL_DONE;
}

typedef struct {
    ctl_t *ctl;
    kab_account_t *account;
    kab_event_kind_t kind;
    kab_ended_t ended;
} change_t;

static kab_err_t note(const kab_world_t *w, const change_t *change)
{
    kab_err_t err = kab_event_add(w, &change->account->id, change->kind, KAB_NONE, NULL);

    return err ? err
               : kab_audit_add(w, &change->account->id, change->kind, change->ctl->actor, KAB_NONE);
}

/* The account and both records in one transaction; a second try begins with nothing ended. */
static kab_err_t apply(const kab_db_t *db, void *ctx)
{
    change_t *change = ctx;
    const kab_world_t *w = &change->ctl->world;
    kab_uuid_t id = change->account->id;
    kab_err_t err = KAB_OK;

    (void)db;
    memset(&change->ended, 0, sizeof change->ended);
    switch (change->kind) {
    case KAB_EV_CREATED:
        err = kab_account_create(w, change->account);
        break;
    case KAB_EV_BLOCKED:
    case KAB_EV_UNBLOCKED:
        err = kab_account_block(w, id, change->kind == KAB_EV_BLOCKED);
        break;
    default:
        break;
    }
    if (err == KAB_OK &&
        (change->kind == KAB_EV_BLOCKED || change->kind == KAB_EV_SESSIONS_ENDED)) {
        err = kab_session_end_all(w, id, NULL, &change->ended);
    }
    return err ? err : note(w, change);
}

static kab_err_t commit(ctl_t *ctl, kab_account_t *account, kab_event_kind_t kind, unsigned *ended)
{
    change_t change = {.ctl = ctl, .account = account, .kind = kind};
    kab_err_t err = kab_pg_transaction(&ctl->world.db, apply, &change);

    if (err == KAB_OK && change.ended.n > 0) {
        kab_session_forget(&ctl->world, &change.ended);
    }
    *ended = change.ended.n;
    return err;
}

static int block(ctl_t *ctl, int argc, char **argv)
{
    kab_account_t account = {0};
    unsigned ended = 0;

    (void)argc;
    if (!find(ctl, argv[0], &account)) {
        return CTL_FAILED;
    }
    kab_err_t err = account.blocked ? KAB_OK : commit(ctl, &account, KAB_EV_BLOCKED, &ended);
    if (err != KAB_OK) {
        return ctl_fail(ctl, "account block", err);
    }
    printf("account: %s, %u sessions ended\n", account.blocked ? "was blocked already" : "blocked",
           ended);
    return CTL_DONE;
}

static int unblock(ctl_t *ctl, int argc, char **argv)
{
    kab_account_t account = {0};
    unsigned ended = 0;

    (void)argc;
    if (!find(ctl, argv[0], &account)) {
        return CTL_FAILED;
    }
    kab_err_t err = account.blocked ? commit(ctl, &account, KAB_EV_UNBLOCKED, &ended) : KAB_OK;
    if (err != KAB_OK) {
        return ctl_fail(ctl, "account unblock", err);
    }
    puts(account.blocked ? "account: unblocked" : "account: was not blocked");
    return CTL_DONE;
}

static int end_sessions(ctl_t *ctl, int argc, char **argv)
{
    kab_account_t account = {0};
    unsigned ended = 0;

    (void)argc;
    if (!find(ctl, argv[0], &account)) {
        return CTL_FAILED;
    }
    kab_err_t err = commit(ctl, &account, KAB_EV_SESSIONS_ENDED, &ended);
    if (err != KAB_OK) {
        return ctl_fail(ctl, "account end-sessions", err);
    }
    printf("account: %u sessions ended\n", ended);
    return CTL_DONE;
}

/* --phone and --locale behind the IIN. */
static bool read_options(const ctl_t *ctl, int argc, char **argv, kab_account_t *account)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) {
            ctl_error("%s needs a value", argv[i]);
            return false;
        }
        kab_span_t value = kab_span_of(argv[i + 1]);
        if (strcmp(argv[i], "--phone") == 0) {
            const char *wrong = kab_phone_parse(&ctl->config->phones, value, &account->phone);
            if (wrong) {
                ctl_error("--phone: %s", wrong);
                return false;
            }
            account->has_phone = true;
        } else if (strcmp(argv[i], "--locale") == 0 &&
                   (kab_span_is(value, "ru") || kab_span_is(value, "kk") ||
                    kab_span_is(value, "en"))) {
            memcpy(account->locale, argv[i + 1], 3);
        } else {
            ctl_error("%s %s is not known here; give --phone NUMBER or --locale ru|kk|en", argv[i],
                      strcmp(argv[i], "--locale") == 0 ? argv[i + 1] : "");
            return false;
        }
    }
    return true;
}

static int create(ctl_t *ctl, int argc, char **argv)
{
    kab_account_t account = {.locale = "ru"};
    unsigned ended = 0;
    char id[KAB_UUID_SIZE];

    if (!read_iin(ctl, argv[0], &account.iin) || !read_options(ctl, argc, argv, &account)) {
        return CTL_FAILED;
    }
    kab_err_t err = commit(ctl, &account, KAB_EV_CREATED, &ended);
    if (err == KAB_E_WRONG_STATE) {
        ctl_error("this IIN has an account already; nothing was changed");
        return CTL_FAILED;
    }
    if (err != KAB_OK) {
        return ctl_fail(ctl, "account create", err);
    }
    kab_uuid_text(account.id, id);
    printf("account: created %s without a password; its owner sets one by recovery\n", id);
    return CTL_DONE;
}

#define IIN_MORE                                                                                   \
    "IIN may be \"-\": then it is read from standard input, where no list of processes shows it."

const ctl_command_t ctl_account_commands[] = {
    {"account show", "IIN", "Show an account, masked", IIN_MORE, CTL_WORLD, 1, 1, show},
    {"account create", "IIN [--phone N] [--locale L]", "Make an account without a password",
     IIN_MORE "\n--phone N    its number\n--locale L   ru (without it), kk or en", CTL_WORLD, 1, 5,
     create},
    {"account block", "IIN", "Keep a person out: no sign-in, all sessions ended", IIN_MORE,
     CTL_WORLD, 1, 1, block},
    {"account unblock", "IIN", "Let a blocked person in again", IIN_MORE, CTL_WORLD, 1, 1, unblock},
    {"account end-sessions", "IIN", "Sign a person out everywhere", IIN_MORE, CTL_WORLD, 1, 1,
     end_sessions},
    {0}};
