/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs a harness without libFuzzer, on the files named, each of them whole, cut off, and
 * with single bytes changed, at as many places as TRIES allows. The same input gives the
 * same runs. Prints how many they were.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static const uint8_t patterns[] = { 0x01, 0x80, 0xff };

/* In memory of exactly its size, so that sanitizers see a read beyond it. */
static void run(const uint8_t *data, size_t size, size_t at, uint8_t pattern)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (at < size)
		copy[at] ^= pattern;
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(1 << 22);

	if (!file || !data) {
		perror(path);
		exit(2);
	}
	*size = fread(data, 1, 1 << 22, file);
	fclose(file);
	return data;
}

static size_t replay(const char *path)
{
	size_t size, step, runs = 1;
	uint8_t *data = read_file(path, &size);

	run(data, size, size, 0);
	step = size / TRIES + 1;
	/* the two ends, where headers and footers are, byte by byte */
	for (size_t at = 0; at < size; at += at < 256 || size - at < 256 ? 1 : step) {
		run(data, at, at, 0);
		run(data, size, at, patterns[at % sizeof(patterns)]);
		runs += 2;
	}
	free(data);
	return runs;
}

int main(int argc, char **argv)
{
	size_t runs = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		runs += replay(argv[i]);
	printf("%zu runs\n", runs);
	return argc > 1 ? 0 : 2;
}
