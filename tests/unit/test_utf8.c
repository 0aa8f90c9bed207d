/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

static void check(const char *given, const char *wanted)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", given);
	utf8__mend(text);
	assert_string_equal(text, wanted);
}

static void test_good_text_stays(void **state)
{
	(void)state;
	check("", "");
	check("a \x7f", "a \x7f");
	check("\xc2\x80 \xc3\xa9 \xe2\x82\xac \xf4\x8f\xbf\xbf", "\xc2\x80 \xc3\xa9 \xe2\x82\xac \xf4\x8f\xbf\xbf");
	check("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80");
}

static void test_bad_bytes_are_replaced(void **state)
{
	(void)state;
	check("d\xe9", "d?");                 /* Latin-1, at the end */
	check("d\xe9j\xe0", "d?j?");
	check("\x80\xbf", "??");              /* continuations of nothing */
	check("\xc0\xaf \xe0\x80\xaf", "?? ???"); /* overlong */
	check("\xed\xa0\x80", "???");         /* a surrogate */
	check("\xf4\x90\x80\x80\xff", "?????");
	check("\xe2\x82", "??");              /* cut off */
	check("\xe2\x82\xc3\xa9", "??\xc3\xa9");
}

/* vsnprintf(3) cuts where the room ends, also inside a character. */
static void test_error_text_is_utf8(void **state)
{
	char name[2 * sizeof(((struct error *)0)->text) + 1] = "";
	struct error err;
	size_t len;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 3);
	assert_int_equal(error__set(&err, 5, "%s", name), -5);
	len = strlen(err.text);
	assert_int_equal(len, sizeof(err.text) - 1);
	assert_int_equal(err.text[len - 1], '?');
	assert_memory_equal(err.text, name, len - 1);
	error__set(&err, 5, "w\xe9: no");
	assert_string_equal(err.text, "w?: no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_text_stays),
		cmocka_unit_test(test_bad_bytes_are_replaced),
		cmocka_unit_test(test_error_text_is_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
