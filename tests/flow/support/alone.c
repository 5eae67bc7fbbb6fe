#include "alone.h"

gateway_t *g;
kab_uuid_t account;

int alone_open(void **state)
{
    (void)state;
    g = gateway_open("kabinet_code length=4 ttl=5m attempts=3 arm=on;\n");
    return 0;
}

int alone_close(void **state)
{
    (void)state;
    gateway_close(g);
    return 0;
}

int alone_fresh(void **state)
{
    (void)state;
    gateway_empty(g);
    account = gateway_account(g, KNOWN, NUMBER, OLD);
    return 0;
}
