/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tests/faultd.py, started for one test. Found from the top directory, or by $FAULTD. */
#ifndef TESTS_FAULTD_H
#define TESTS_FAULTD_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "temp_dir.h"

struct faultd {
	pid_t pid;
	int in;                 /* its stdin: it ends when this closes */
	char *dir;              /* what it serves */
	char *log;
	char url[64];           /* "http://127.0.0.1:PORT" */
};

/* Faults as for --fault, NULL-ended; or NULL. */
static inline void faultd__start(struct faultd *faultd, const char *const *faults)
{
	const char *script = getenv("FAULTD") ? getenv("FAULTD") : "tests/faultd.py";
	const char *argv[64] = { "python3", script, "--with-stdin" };
	int in[2], out[2], argc = 3, port = 0;
	FILE *lines;

	faultd->dir = temp_dir__new();
	if (asprintf(&faultd->log, "%s.log", faultd->dir) < 0 || pipe2(in, O_CLOEXEC) < 0 ||
	    pipe2(out, O_CLOEXEC) < 0)
		abort();
	argv[argc++] = "--log";
	argv[argc++] = faultd->log;
	for (; faults && *faults && argc < 60; faults++) {
		argv[argc++] = "--fault";
		argv[argc++] = *faults;
	}
	argv[argc] = faultd->dir;
	faultd->pid = fork();
	if (faultd->pid < 0)
		abort();
	if (faultd->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	faultd->in = in[1];
	lines = fdopen(out[0], "r");
	if (!lines || fscanf(lines, "%d", &port) != 1) {
		fprintf(stderr, "cannot start python3 %s\n", script);
		abort();
	}
	fclose(lines);
	snprintf(faultd->url, sizeof(faultd->url), "http://127.0.0.1:%d", port);
}

static inline void faultd__stop(struct faultd *faultd)
{
	close(faultd->in);
	waitpid(faultd->pid, NULL, 0);
	unlink(faultd->log);
	free(faultd->log);
	temp_dir__remove(faultd->dir);
}

/* How often the log, as far as it is written, holds `text`: requests end after answers. */
static inline unsigned int faultd__count(const struct faultd *faultd, const char *text)
{
	FILE *file = fopen(faultd->log, "r");
	unsigned int count = 0;
	char *line = NULL;
	size_t cap = 0;

	while (file && getline(&line, &cap, file) > 0)
		count += strstr(line, text) != NULL;
	free(line);
	if (file)
		fclose(file);
	return count;
}

/* The same, once it is `want` or a second has gone by. */
static inline unsigned int faultd__wait(const struct faultd *faultd, const char *text,
					unsigned int want)
{
	for (int i = 0; i < 100 && faultd__count(faultd, text) < want; i++)
		usleep(10000);
	return faultd__count(faultd, text);
}

#endif
