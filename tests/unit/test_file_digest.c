/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SHA-256 of files by librpm's digests, against libsodium's. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cancel.h"
#include "base/file_digest.h"
#include "temp_dir.h"

static void check_size(const char *dir, size_t size)
{
	uint8_t *data = calloc(1, size + 1);
	uint8_t expected[SHA256_SIZE], digest[SHA256_SIZE] = {};
	const char *path = temp_path(dir, "file");
	struct error err = {};

	assert_non_null(data);
	for (size_t i = 0; i < size; i++)
		data[i] = i * 7 + i / 251;
	temp_file(path, data, size);
	sha256__of(data, size, expected);
	assert_int_equal(file_digest__sha256_of(path, NULL, digest, &err), 0);
	assert_memory_equal(digest, expected, SHA256_SIZE);
	free(data);
}

static void as_libsodium(void **state)
{
	static const size_t sizes[] = { 0, 1, 55, 56, 64, 262143, 262144, 262145, 1000003 };
	char *dir = temp_dir__new();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		check_size(dir, sizes[i]);
	temp_dir__remove(dir);
}

static void offset_stays(void **state)
{
	char *dir = temp_dir__new();
	uint8_t whole[SHA256_SIZE], again[SHA256_SIZE];
	struct error err = {};
	int fd;

	(void)state;
	temp_file(temp_path(dir, "file"), "0123456789", 10);
	fd = open(temp_path(dir, "file"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
	assert_int_equal(file_digest__sha256(fd, "file", NULL, again, &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 4);
	sha256__of("0123456789", 10, whole);
	assert_memory_equal(again, whole, SHA256_SIZE);
	close(fd);
	temp_dir__remove(dir);
}

static void unreadable(void **state)
{
	char *dir = temp_dir__new();
	uint8_t digest[SHA256_SIZE];
	struct error err = {};

	(void)state;
	assert_int_equal(file_digest__sha256_of(temp_path(dir, "none"), NULL, digest, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "none: No such file"));
	assert_int_equal(file_digest__sha256_of(dir, NULL, digest, &err), -EIO);
	assert_non_null(strstr(err.text, dir));
	temp_dir__remove(dir);
}

/* The last: a request to stop can't be taken back. */
static void interrupted(void **state)
{
	char *dir = temp_dir__new();
	uint8_t digest[SHA256_SIZE];
	struct error err = {};

	(void)state;
	temp_file(temp_path(dir, "file"), "0123456789", 10);
	cancel__install();
	raise(SIGINT);
	assert_int_equal(file_digest__sha256_of(temp_path(dir, "file"), NULL, digest, &err),
			 -ECANCELED);
	temp_dir__remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_libsodium),
		cmocka_unit_test(offset_stays),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
