/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A value of a program's as JSON, by its BTF type. */
#ifndef BTFLOAD_VALUE_JSON_H
#define BTFLOAD_VALUE_JSON_H

#include <bpf/btf.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A new reference; NULL where `size` bytes are too few for the type, or it is none of a value,
 * or is too deep. The bytes are of this machine's order.
 * - structs and unions are objects, and members of those without a name the outer one's;
 * - arrays of char are text up to the first NUL, other arrays lists; those without a length
 *   are left out;
 * - enumerators are names, where the value has one;
 * - pointers are text ("0xffff…"), and so are integers that 64 bits with a sign do not hold.
 */
json_t *value_json(const struct btf *btf, uint32_t type_id, const void *data, size_t size);

#endif
