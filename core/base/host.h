/* Names of hosts, as they stand in a URL. */
#ifndef KAB_HOST_H
#define KAB_HOST_H

#include "base/base.h"

/* "localhost", 127.0.0.0/8 as four numbers, ::1 with or without its brackets: what is sent there
 * leaves this machine by no wire. A name that only begins like one ("127.example.kz") does not
 * count. */
bool kab_host_is_loopback(kab_span_t host);

#endif
