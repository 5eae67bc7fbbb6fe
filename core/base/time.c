/* RFC 3339 text of a point in time. */
#include "base/base.h"

#include <stdio.h>
#include <time.h>

/* RFC 3339 has four digits for a year: outside of 0000…9999 the nearest end is shown. */
static const kab_time_t first_second = -62167219200;
static const kab_time_t last_second = 253402300799;

static time_t clamped_seconds(kab_time_t t)
{
    kab_time_t s = t / KAB_SECOND;

    if (t % KAB_SECOND < 0) {
        s--; /* towards the past, also before 1970 */
    }
    s = s < first_second ? first_second : s;
    s = s > last_second ? last_second : s;
    return (time_t)s;
}

void kab_time_text(kab_time_t t, char out[KAB_RFC3339_SIZE])
{
    time_t s = clamped_seconds(t);
    struct tm tm = {0};

    gmtime_r(&s, &tm);
    /* The remainders tell the compiler that the text fits. */
    snprintf(out, KAB_RFC3339_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
             (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
             (unsigned)tm.tm_sec % 100);
}
