/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An archive of full BTF, opened, asked for one kernel by its build ID, and read.
 * Usage: opening ARCHIVE RUNS <LIST
 * Prints the medians of opening and of finding, in microseconds, of reading in milliseconds, all
 * of processor time, and the kB of memory that all of it took at the most. The kernel is the list's last.
 */
#include <time.h>

#include <sys/resource.h>

#include "kernel_list.h"

enum { OPEN, FIND, READ, STEPS };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void run(const char *path, char *fields[FIELDS], double times[STEPS])
{
	uint8_t build_id[BUILD_ID_SIZE];
	const struct kbtf_entry *entry;
	double began[STEPS + 1];
	struct kbtf_archive *archive;
	size_t size;
	void *data;

	ident_of(fields, build_id);
	began[OPEN] = now();
	archive = kbtf_archive__open(path);
	need(archive != NULL, path);
	began[FIND] = now();
	entry = kbtf_archive__find_build_id(archive, build_id, sizeof(build_id));
	need(entry != NULL, fields[FIELD_KERNEL]);
	began[READ] = now();
	errno = -kbtf_entry__read_btf(entry, &data, &size);
	need(!errno, fields[FIELD_KERNEL]);
	began[STEPS] = now();
	for (int i = 0; i < STEPS; i++)
		times[i] = began[i + 1] - began[i];
	free(data);
	kbtf_archive__close(archive);
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double (*times)[STEPS], size_t runs, int step)
{
	double *of_step = calloc(runs, sizeof(double)), middle;

	need(of_step != NULL, "no memory");
	for (size_t i = 0; i < runs; i++)
		of_step[i] = times[i][step];
	qsort(of_step, runs, sizeof(double), ascending);
	middle = of_step[runs / 2];
	free(of_step);
	return middle;
}

int main(int argc, char **argv)
{
	size_t runs = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	double (*times)[STEPS] = calloc(runs + 1, sizeof(*times));
	char line[4096] = "", *fields[FIELDS];
	struct rusage usage;

	if (!runs || !times) {
		fprintf(stderr, "usage: opening ARCHIVE RUNS <LIST\n");
		return 2;
	}
	while (fgets(line, sizeof(line), stdin))
		;
	split(line, fields);
	for (size_t i = 0; i < runs; i++)
		run(argv[1], fields, times[i]);
	getrusage(RUSAGE_SELF, &usage);
	printf("%.1f %.1f %.1f %ld\n", median(times, runs, OPEN), median(times, runs, FIND),
	       median(times, runs, READ) / 1000, usage.ru_maxrss);
	return 0;
}
