// The only way to OpenSSL. Macros that Swift cannot import become inline functions here.
#ifndef GATEWAY_COPENSSL_BRIDGE_H
#define GATEWAY_COPENSSL_BRIDGE_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#endif
