/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * until WORD COMMAND...: microseconds from the start of COMMAND to the first line of its
 * stderr that holds WORD, after which it gets a SIGINT; with WORD "", to its end.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	double began, took = -1;
	char line[4096];
	int fds[2], status;
	FILE *err;
	pid_t pid;

	if (argc < 3 || pipe(fds) || posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO) ||
	    posix_spawn_file_actions_addclose(&actions, fds[0]) ||
	    posix_spawn_file_actions_addclose(&actions, fds[1]) ||
	    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0))
		return 2;
	began = now();
	if (posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ))
		return 2;
	close(fds[1]);
	err = fdopen(fds[0], "r");
	while (err && fgets(line, sizeof(line), err)) {
		if (took < 0 && *argv[1] && strstr(line, argv[1])) {
			took = now() - began;
			kill(pid, SIGINT);
		} else if (took < 0) {
			fputs(line, stderr);
		}
	}
	if (waitpid(pid, &status, 0) != pid)
		return 2;
	if (!*argv[1] && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		took = now() - began;
	if (took < 0)
		return 1;
	printf("%.0f\n", took);
	return 0;
}
