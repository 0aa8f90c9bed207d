/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Kernels that follow a real one as real ones follow each other.
 * Usage: make-siblings [--like NAME] [--seed NUMBER] [--skip STEPS] BTF COUNT OUT_DIR
 * Writes OUT_DIR/0001.btf, the BTF as it is or after so many steps, to OUT_DIR/COUNT.btf: the
 * same each time.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"

/*
 * What changed from one real kernel to the next, counted by tests/lib/btf-changes: a step of a
 * series is one of these rows, each once before any comes again. Records are structs and
 * unions with a name; "changed" counts those that only grew with what is in them, too.
 *
 *   records              members         enums functions
 *   came went changed    + - retyped     +  of typedefs   came, of these back again, went, changed
 */
/* Eight monthly builds of Android's common 5.10 for arm64, September 2021 to April 2022. */
static const struct step android[] = {
	{  4, 0,   8,    9,  4,  2,    0,  0, 0,     24,  0,    4,  3 },
	{ 34, 9,  29,   27,  5,  6,    8,  7, 0,   2904,  0, 1005, 17 },
	{  1, 0,   1,    1,  0,  0,    0,  0, 0,     34,  0,   32,  2 },
	{  2, 0,   5,    3,  0,  2,    0,  0, 0,     18,  9,    6,  0 },
	{  6, 2,  24,   16,  7, 19,    0,  1, 1,     96,  6,   82, 11 },
	{  0, 0,   1,    1,  0,  0,    0,  0, 0,     19, 17,    1,  3 },
	{  5, 0,  25,   13,  4, 10,    0,  1, 0,     99,  4,   41, 21 },
};

/*
 * Debian's kernels as they follow each other: 5.10 of bullseye for x86_64 (5 steps), 6.1 and 6.12
 * of bookworm for arm64 (12 and 11), as built by distributions that publish many.
 */
static const struct step debian[] = {
	{117, 0,  26,   21, 11,  9,    2,  7, 7,     37,  0,   19, 24 },
	{ 18, 1,  70,   47, 10, 22,    7,  3, 6,    112,  0,   35, 36 },
	{  1, 0,   9,    9,  2,  2,    0,  1, 0,      8,  0,    3,  5 },
	{  2, 0,  94,    5,  2,  3,    1,  7, 0,     10,  0,    7,  2 },
	{  1, 0,  11,   17, 12,  3,    0,  0, 2,     22,  0,   12,  8 },
	{  0, 0,  11,   16,  3,  5,    0,  1, 1,     43,  0,   35, 20 },
	{  0, 0,   0,    0,  0,  0,    0,  0, 0,     22,  0,   11,  3 },
	{  0, 0,   0,    0,  0,  0,    0,  0, 0,     14,  0,   10,  1 },
	{  0, 0,   1,    1,  0,  0,    0,  0, 0,      7,  0,   18,  2 },
	{  0, 0,   0,    0,  0,  0,    0,  0, 0,     18,  0,   17,  5 },
	{  2, 0, 151,   16, 16,  3,    1,  9, 0,     35,  0,   38, 10 },
	{  0, 0,   1,    1,  0,  0,    0,  0, 0,     20,  0,   20,  1 },
	{  1, 0,  11,   10,  2,  1,    1,  0, 1,     51,  0,   15,  8 },
	{  4, 1,  15,    6,  2,  8,    0,  2, 0,     31,  0,   19, 21 },
	{  1, 0,  26,   16,  4,  8,    2,  0, 1,     47,  1,   35, 12 },
	{  5, 1,  89,   67, 14, 21,    0,  2, 4,     96,  1,   48, 28 },
	{  0, 0,   0,    0,  0,  0,    0,  0, 0,     16,  0,   16,  0 },
	{ 13, 4,  16,   10,  5,  8,    0, 10, 7,     60,  0,   15, 10 },
	{  2, 0,  34,   37, 13,  8,    2,  1, 0,     35,  0,   29, 25 },
	{  1, 0,   6,    6,  2,  0,    0,  0, 0,      3,  0,    1,  0 },
	{  1, 0,   5,    6,  0,  3,    1,  0, 0,     12,  0,    3,  3 },
	{  4, 2, 190,   30, 21, 10,    0,  2, 0,     48,  3,   15, 16 },
	{  0, 0, 151,    3,  2,  2,    1,  0, 0,      3,  0,    4,  1 },
	{  1, 0,   5,    2,  1,  2,    0,  0, 0,      8,  0,    3,  0 },
	{  0, 0,   3,    2,  0,  1,    0,  0, 0,      9,  0,    2,  0 },
	{  0, 0,   0,    0,  0,  0,    0,  0, 0,      0,  0,    0,  0 },
	{  3, 2,  37,   25, 13,  8,    1,  8, 0,     67,  3,   57, 32 },
	{  1, 1,   6,    9,  0,  1,    0,  0, 0,     22,  2,    6,  7 },
};

/*
 * How many of the words that a new name does not share with its neighbour are in no other name;
 * how many names have all words but one of another; how many functions have the parameters of
 * another; and how many changed records are found by who uses them: so that of the Android
 * series new words (6 in 100), names (two thirds), parameters (half) are met again, and the
 * types that the bundled programs use change as often as in those 35 steps (5 times).
 *
 * With all that a sibling takes 0.96 of what a real one takes in an archive, its data types
 * 0.85, on average over seeds: tests/bench/siblings.sh prints both. What is not like the real
 * ones: records seldom go, and new ones have no anonymous parts.
 */
static const struct naming naming = { .novel = .15, .one_word = .65 };
static const double known_prototype = .5, in_use = .2;

static const struct series {
	const char *name;
	const struct step *steps;
	uint32_t count;
} all_series[] = {
	{ "android", android, sizeof(android) / sizeof(*android) },
	{ "debian", debian, sizeof(debian) / sizeof(*debian) },
};

static const struct series *find_series(const char *name)
{
	for (size_t i = 0; i < sizeof(all_series) / sizeof(*all_series); i++)
		if (strcmp(all_series[i].name, name) == 0)
			return &all_series[i];
	return NULL;
}

static void shuffle(struct dice *dice, uint32_t *order, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	for (uint32_t i = count; i > 1; i--) {
		uint32_t other = dice__below(dice, i), kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

static void make(const struct series *series, uint64_t seed, uint32_t skip, const char *btf,
		 uint32_t count, const char *folder)
{
	struct kernel kernel;
	struct changer changer = { .kernel = &kernel, .dice = { seed }, .naming = naming,
				   .known_prototype = known_prototype, .in_use = in_use };
	uint32_t *order = calloc(series->count, sizeof(*order));
	char path[4096];

	kernel__read(&kernel, btf);
	for (uint32_t i = 0; i < skip + count; i++) {
		uint32_t at = (i + series->count - 1) % series->count;

		if (i && !at)
			shuffle(&changer.dice, order, series->count);
		if (i)
			kernel__change(&changer, &series->steps[order[at]]);
		if (i < skip)
			continue;
		snprintf(path, sizeof(path), "%s/%04u.btf", folder, i - skip + 1);
		kernel__write(&kernel, path);
	}
	free(order);
	free(changer.graveyard.functions);
	kernel__free(&kernel);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "like", required_argument, NULL, 'l' }, { "seed", required_argument, NULL, 's' },
		{ "skip", required_argument, NULL, 'k' }, {},
	};
	const struct series *series = &all_series[0];
	uint64_t seed = 1;
	uint32_t skip = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			series = find_series(optarg);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 10);
		else if (option == 'k')
			skip = (uint32_t)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (!series || argc - optind != 3) {
		fprintf(stderr, "usage: make-siblings [--like NAME] [--seed NUMBER] "
			"[--skip STEPS] BTF COUNT OUT_DIR\n");
		return 2;
	}
	make(series, seed, skip, argv[optind], (uint32_t)strtoul(argv[optind + 1], NULL, 10),
	     argv[optind + 2]);
	return 0;
}
