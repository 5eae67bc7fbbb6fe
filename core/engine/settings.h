/*
 * What the directives say (CONTRACT 5), after reading. Filled by core/config/,
 * immutable afterwards: any thread may read it.
 */
#ifndef KAB_SETTINGS_H
#define KAB_SETTINGS_H

#include "cabinet/dispute/case.h"
#include "cabinet/person/consent.h"
#include "cabinet/proof/decoy.h"
#include "cabinet/retention.h"
#include "cabinet/session/session.h"
#include "cabinet/throttle.h"
#include "identity/password/breach.h"
#include "identity/key/keyring.h"
#include "identity/password/password_hash.h"
#include "identity/password/password_policy.h"
#include "identity/phone.h"

enum { KAB_URLS = 8, KAB_NETWORKS = 4096, KAB_OPERATORS = 256 };
enum { KAB_LOGIN = KAB_OPERATOR - 9 }; /* bytes of a login, NUL included: "operator:LOGIN" fits */

typedef struct {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;       /* of 128 */
} kab_network_t;

/* Who decides cases (SECURITY 21). */
typedef struct {
    char login[KAB_LOGIN];
    kab_iin_t iin; /* the person's own */
} kab_operator_t;

/* How a person proves to hold a phone (SECURITY 8, 20). */
typedef struct {
    unsigned length;   /* digits: 4, 6 or 8 */
    unsigned ttl;      /* seconds */
    unsigned attempts; /* wrong codes that burn it */
    bool arm;          /* the code is drawn when the app chose the right sign, not before */
} kab_code_settings_t;

/* A service outside; url NULL: there is none. */
typedef struct {
    const char *url; /* "https://host[:port][/path]" without a slash at its end; http on loopback */
    const char *token_path;
    kab_span_t token; /* visible ASCII, read from the file */
    kab_time_t timeout;
} kab_provider_settings_t;

struct kab_config_s {
    kab_arena_t *arena; /* owns every string below */
    char zone_name[64];
    size_t zone_size;
    const char *conninfo;
    const char *redis[KAB_URLS];
    unsigned redis_n;
    unsigned db_threads, hash_threads;
    const char *origin[KAB_URLS]; /* "https://host[:port]", lower case; none: the listener's own on
                                     loopback */
    unsigned origin_n;
    const char *keyring_path;
    kab_keyring_t *ring;
    const char *breach_path;
    kab_breach_t *breach;
    kab_password_policy_t policy;
    kab_hash_params_t hash;
    kab_time_t grid; /* failure answers leave at multiples of this */
    kab_consent_doc_t consent[KAB_CONSENT_KINDS];
    unsigned consent_n;
    kab_session_limits_t session;
    unsigned stale; /* seconds */
    kab_throttle_limits_t throttle;
    kab_network_t *carrier;
    unsigned carrier_n;
    kab_operator_t *operator;
    unsigned operator_n;
    kab_iin_check_t iin_check;
    kab_phone_plan_t phones;
    kab_mask_t mask;
    kab_retention_t retention;
    kab_code_settings_t code;
    bool activation_sms;                       /* an SMS code proves the number (FLOWS 3) */
    unsigned device_hold, reregistration_hold; /* seconds */
    kab_provider_settings_t push, sms, bmg;
    struct {
        const char *google, *apple; /* pages of the app, "https://…"; NULL: none is shown */
    } store;
    bool web_app;
    bool unsafe;
    bool finished;
    const char *beside; /* relative file names stand beside this directory; NULL: as they are */
    const char *consent_file[KAB_CONSENT_KINDS];            /* with {lang} */
    const char *networks_path, *mask_path, *operators_path; /* NULL: none */
    uint32_t seen;                                          /* directives that may stand once */
    char words[704];                                        /* the last complaint */
};

/* True if the address belongs to a carrier's prefix (kabinet_networks). */
bool kab_settings_carrier(const struct kab_config_s *config, const uint8_t address[16]);

/* NULL: this login may decide nothing (kabinet_operators). */
const kab_operator_t *kab_settings_operator(const struct kab_config_s *config, kab_span_t login);

#endif
