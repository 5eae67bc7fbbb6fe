/* Makes the file of kabinet_password_policy's breach list out of a list of passwords. */
#include <inttypes.h>
#include <stdio.h>

#include "identity/breach.h"

int main(int argc, char **argv)
{
    char why[256] = "";

    if (argc != 3) {
        fprintf(stderr, "usage: %s LIST OUT\n", argv[0]);
        return 2;
    }
    int64_t count = kab_breach_build(argv[1], argv[2], why, sizeof why);
    if (count < 0) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("%s: %" PRId64 " passwords\n", argv[2], count);
    return 0;
}
