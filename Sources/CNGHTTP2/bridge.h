// The only way to nghttp2. Macros that Swift cannot import become inline functions here.
#ifndef GATEWAY_CNGHTTP2_BRIDGE_H
#define GATEWAY_CNGHTTP2_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

#endif
