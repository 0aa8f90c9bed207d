/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Names are those of the BLAKE3 specification. */
#include "base/digest.h"

#include <string.h>

#define CHUNK_SIZE 1024
#define BLOCK_SIZE 64
#define BLOCK_WORDS 16
#define CV_WORDS 8 /* a chaining value */
#define ROUNDS 7
/* So many inputs are hashed at once: what AVX2 has room for. */
#define LANES 8

enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };

static const uint32_t iv[CV_WORDS] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

/* The words of a block in the order of each round: its permutation, applied so many times. */
static const uint8_t schedule[ROUNDS][BLOCK_WORDS] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8 },
	{ 3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1 },
	{ 10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6 },
	{ 12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4 },
	{ 9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7 },
	{ 11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13 },
};

static uint32_t load(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store(uint8_t *at, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> 8 * i);
}

/* ---- the compression function, on numbers and on vectors of them ---------------------------- */

#define ROTATE(x, by) ((x) >> (by) | (x) << (32 - (by)))

#define MIX(v, a, b, c, d, x, y)             \
	do {                                 \
		v[a] += v[b] + (x);          \
		v[d] ^= v[a];                \
		v[d] = ROTATE(v[d], 16);     \
		v[c] += v[d];                \
		v[b] ^= v[c];                \
		v[b] = ROTATE(v[b], 12);     \
		v[a] += v[b] + (y);          \
		v[d] ^= v[a];                \
		v[d] = ROTATE(v[d], 8);      \
		v[c] += v[d];                \
		v[b] ^= v[c];                \
		v[b] = ROTATE(v[b], 7);      \
	} while (0)

#define MIX_ROUND(v, m, order)                                        \
	do {                                                          \
		MIX(v, 0, 4, 8, 12, m[order[0]], m[order[1]]);        \
		MIX(v, 1, 5, 9, 13, m[order[2]], m[order[3]]);        \
		MIX(v, 2, 6, 10, 14, m[order[4]], m[order[5]]);       \
		MIX(v, 3, 7, 11, 15, m[order[6]], m[order[7]]);       \
		MIX(v, 0, 5, 10, 15, m[order[8]], m[order[9]]);       \
		MIX(v, 1, 6, 11, 12, m[order[10]], m[order[11]]);     \
		MIX(v, 2, 7, 8, 13, m[order[12]], m[order[13]]);      \
		MIX(v, 3, 4, 9, 14, m[order[14]], m[order[15]]);      \
	} while (0)

static void compress(uint32_t cv[CV_WORDS], const uint8_t *block, uint64_t counter,
		     uint32_t length, uint32_t flags)
{
	uint32_t v[BLOCK_WORDS], m[BLOCK_WORDS];

	for (int i = 0; i < BLOCK_WORDS; i++)
		m[i] = load(block + 4 * i);
	memcpy(v, cv, CV_WORDS * 4);
	memcpy(v + 8, iv, 4 * 4);
	v[12] = (uint32_t)counter;
	v[13] = (uint32_t)(counter >> 32);
	v[14] = length;
	v[15] = flags;
	for (int i = 0; i < ROUNDS; i++)
		MIX_ROUND(v, m, schedule[i]);
	for (int i = 0; i < CV_WORDS; i++)
		cv[i] = v[i] ^ v[i + 8];
}

typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));

/* Inputs one behind the other, all of so many full blocks. Their counters ascend by `step`. */
struct inputs {
	const uint8_t *data;
	size_t size; /* of each */
	uint64_t counter;
	uint32_t step, flags, first_flag, last_flag;
};

static inline __attribute__((always_inline)) void
compress_lanes(const struct inputs *in, uint32_t (*out)[CV_WORDS])
{
	lanes cv[CV_WORDS], v[BLOCK_WORDS], m[BLOCK_WORDS], low, high;

	for (int i = 0; i < CV_WORDS; i++)
		cv[i] = (lanes){} + iv[i];
	for (int i = 0; i < LANES; i++) {
		low[i] = (uint32_t)(in->counter + (uint64_t)i * in->step);
		high[i] = (uint32_t)((in->counter + (uint64_t)i * in->step) >> 32);
	}
	for (size_t at = 0; at < in->size; at += BLOCK_SIZE) {
		uint32_t flags = in->flags | (at ? 0 : in->first_flag) |
				 (at + BLOCK_SIZE < in->size ? 0 : in->last_flag);

		for (int i = 0; i < BLOCK_WORDS; i++)
			for (int k = 0; k < LANES; k++)
				m[i][k] = load(in->data + k * in->size + at + 4 * i);
		for (int i = 0; i < CV_WORDS; i++)
			v[i] = cv[i];
		for (int i = 0; i < 4; i++)
			v[8 + i] = (lanes){} + iv[i];
		v[12] = low;
		v[13] = high;
		v[14] = (lanes){} + BLOCK_SIZE;
		v[15] = (lanes){} + flags;
#pragma GCC unroll 7
		for (int i = 0; i < ROUNDS; i++)
			MIX_ROUND(v, m, schedule[i]);
		for (int i = 0; i < CV_WORDS; i++)
			cv[i] = v[i] ^ v[i + 8];
	}
	for (int i = 0; i < CV_WORDS; i++)
		for (int k = 0; k < LANES; k++)
			out[k][i] = cv[i][k];
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void compress_avx2(const struct inputs *in,
							  uint32_t (*out)[CV_WORDS])
{
	compress_lanes(in, out);
}

__attribute__((target("avx2,avx512vl"))) static void compress_avx512(const struct inputs *in,
								     uint32_t (*out)[CV_WORDS])
{
	compress_lanes(in, out);
}
#endif

static void compress_any(const struct inputs *in, uint32_t (*out)[CV_WORDS])
{
	compress_lanes(in, out);
}

static void compress_inputs(const struct inputs *in, uint32_t (*out)[CV_WORDS])
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512vl")) {
		compress_avx512(in, out);
		return;
	}
	if (__builtin_cpu_supports("avx2")) {
		compress_avx2(in, out);
		return;
	}
#endif
	compress_any(in, out);
}

/* ---- the tree ---------------------------------------------------------------------------------- */

static void hash_chunk(const uint8_t *data, size_t size, uint64_t counter, uint32_t flags,
		       uint32_t cv[CV_WORDS])
{
	uint32_t start = CHUNK_START;

	memcpy(cv, iv, sizeof(iv));
	for (; size > BLOCK_SIZE; data += BLOCK_SIZE, size -= BLOCK_SIZE, start = 0)
		compress(cv, data, counter, BLOCK_SIZE, start);
	uint8_t last[BLOCK_SIZE] = {};

	memcpy(last, data, size);
	compress(cv, last, counter, (uint32_t)size, start | CHUNK_END | flags);
}

static void hash_parent(uint32_t (*children)[CV_WORDS], uint32_t flags, uint32_t cv[CV_WORDS])
{
	uint8_t block[BLOCK_SIZE];

	for (int i = 0; i < BLOCK_WORDS; i++)
		store(block + 4 * i, children[i / CV_WORDS][i % CV_WORDS]);
	memcpy(cv, iv, sizeof(iv));
	compress(cv, block, 0, BLOCK_SIZE, PARENT | flags);
}

/* Of each pair its parent; one that is left stays what it is. How many there are then. */
static size_t hash_parents(uint32_t (*children)[CV_WORDS], size_t count, uint32_t (*out)[CV_WORDS])
{
	size_t parents = count / 2;

	for (size_t i = 0; i < parents; i++)
		hash_parent(&children[2 * i], 0, out[i]);
	if (count & 1)
		memcpy(out[parents], children[count - 1], sizeof(out[parents]));
	return parents + (count & 1);
}

static size_t hash_chunks(const uint8_t *data, size_t size, uint64_t counter,
			  uint32_t (*out)[CV_WORDS])
{
	size_t count = 0;

	if (size == LANES * CHUNK_SIZE) {
		compress_inputs(&(struct inputs){ data, CHUNK_SIZE, counter, 1, 0, CHUNK_START,
						  CHUNK_END }, out);
		return LANES;
	}
	for (size_t at = 0; at < size; at += CHUNK_SIZE) {
		size_t left = size - at;

		hash_chunk(data + at, left < CHUNK_SIZE ? left : CHUNK_SIZE, counter + count, 0,
			   out[count]);
		count++;
	}
	return count;
}

/* The chaining values of a subtree: LANES at most, as many as make the next step quick. */
static size_t hash_subtree(const uint8_t *data, size_t size, uint64_t counter,
			   uint32_t (*out)[CV_WORDS])
{
	uint32_t children[2 * LANES][CV_WORDS];
	size_t left = LANES * CHUNK_SIZE, count;

	if (size <= left)
		return hash_chunks(data, size, counter, out);
	/* the left one has the most chunks that are a power of two, but not all */
	while (2 * left < size)
		left *= 2;
	count = hash_subtree(data, left, counter, children);
	count += hash_subtree(data + left, size - left, counter + left / CHUNK_SIZE,
			      children + count);
	return hash_parents(children, count, out);
}

void digest__of(const void *data, size_t size, uint8_t digest[DIGEST_SIZE])
{
	uint32_t cvs[LANES][CV_WORDS], cv[CV_WORDS];
	size_t count;

	if (size <= CHUNK_SIZE) {
		hash_chunk(data, size, 0, ROOT, cv);
	} else {
		for (count = hash_subtree(data, size, 0, cvs); count > 2;)
			count = hash_parents(cvs, count, cvs);
		hash_parent(cvs, ROOT, cv);
	}
	for (int i = 0; i < CV_WORDS; i++)
		store(digest + 4 * i, cv[i]);
}
