/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which primary keys a binary keyring holds (RFC 4880, 4 and 12.2), to know whether a signature
 * that was checked before would be now. Nothing is verified here.
 *
 * Not supported: keys of other versions than 4 and packets of unknown length. Such a key is not
 * found, and what is behind such a packet neither.
 */
#ifndef BTFGEN_KEY_PACKETS_H
#define BTFGEN_KEY_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `fingerprint` in hex, of either case. */
bool key_packets__have(const uint8_t *keys, size_t size, const char *fingerprint);

#endif
