/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a kernel offers to BPF programs, as its own types tell: distributions backport, so its
 * version says little. What the types do not tell is unknown, and not "no".
 */
#ifndef ARCHIVE_KERNEL_OFFER_H
#define ARCHIVE_KERNEL_OFFER_H

#include "core_target.h"
#include "record_set.h"

enum offered { OFFER_UNKNOWN = -1, OFFER_NO, OFFER_YES };

/* Numbers from this one on are not told apart. */
#define OFFER_NUMBERS 512

struct offer_numbers {
	bool known;
	bool has[OFFER_NUMBERS];
	bool beyond; /* there are some */
};

struct kernel_offer {
	const struct core_target *target; /* lent */
	struct offer_numbers helpers, maps, programs, attachments;
	/*
	 * Where what came is not told by a type, what came along with it tells, of which no
	 * distribution took the one without the other.
	 */
	enum offered globals;             /* programs' global variables (5.2) */
	enum offered constants;           /* are looked into by the verifier (5.5) */
	enum offered variable_addresses;  /* are known not to be 0 (5.8) */
	enum offered map_addresses;       /* and those of maps (6.17) */
	enum offered calls;               /* of functions of a program's own (4.16) */
	enum offered global_functions;    /* are looked at by themselves (5.6) */
	enum offered only_called;         /* but only where they are called (6.8) */
	enum offered loops;               /* jumps backwards, if they end (5.3) */
	enum offered comparisons;         /* of numbers that are known are decided (4.20) */
	enum offered less_than;           /* jumps for it (4.14) */
	enum offered jumps_32;            /* on halves of registers (5.1) */
	enum offered atomics;             /* that return what was there (5.12) */
	enum offered signs;               /* kept by moves and loads, and more of -mcpu=v4 (6.6) */
	enum offered attach_types;        /* to be told when a program is loaded (4.17) */
	enum offered memory_in_maps;      /* for helpers to read and write (4.11) */
	enum offered keys_in_maps;        /* and keys and values of other maps (4.18) */
	bool functions;                   /* its BTF has some, so that others are known not to be */
	/* where these are, if not among the target's types; or NULL */
	const struct pool *pool;
	const struct record_set *set;
};

/* `pool` and `set` may be NULL. All are lent. */
void kernel_offer__read(const struct core_target *target, const struct pool *pool,
			const struct record_set *set, struct kernel_offer *offer);
/*
 * As the enumeration says, but that some kernels have its number and not what it is for: their
 * configuration, or their distributor, left that out.
 */
enum offered kernel_offer__map(const struct kernel_offer *offer, uint32_t type);
enum offered kernel_offer__program(const struct kernel_offer *offer, uint32_t type);
/* A helper, for programs of this type. */
enum offered kernel_offer__helper(const struct kernel_offer *offer, uint32_t program,
				  uint32_t number);
/* Whether values of that many bytes fit: those of some maps became larger. */
enum offered kernel_offer__map_value(const struct kernel_offer *offer, uint32_t type,
				     uint32_t size);
/* Bytes of the context of programs of this type, 0: not known. *name: the struct's. */
uint32_t kernel_offer__context(const struct kernel_offer *offer, uint32_t type, const char **name);
enum offered offer_numbers__ask(const struct offer_numbers *numbers, uint32_t number);
/* Whether there is a function of this name, and how many parameters it has (-1: unknown). */
bool kernel_offer__function(const struct kernel_offer *offer, const char *name, int *parameters);
/* Of what a typedef of a pointer to a function leads to; -1: it does not. */
int kernel_offer__parameters(const struct kernel_offer *offer, uint32_t type);

#endif
