/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that are kept from run to run, of which several processes may be at one. */
#include "fixture.h"

#include "base/cleanup.h"
#include "faultd.h"
#include "source/access.h"

static struct faultd faultd;
static struct access reach;
static char *url;
static unsigned int requests;

static int setup(void **state)
{
	struct error err;

	if (fixture__setup(state) || shell("mkdir \"$T/i\" \"$T/s\""))
		return -1;
	faultd__start(&faultd, NULL);
	reach.transfers = transfers__new(&(struct transfers_opts){ .tries = 1 }, &err);
	reach.index_dir = strdup(in_dir("i"));
	reach.scratch = strdup(in_dir("s"));
	return asprintf(&url, "%s/InRelease", faultd.url) < 0;
}

static int teardown(void **state)
{
	transfers__free(reach.transfers);
	free((char *)reach.index_dir);
	free((char *)reach.scratch);
	free(url);
	faultd__stop(&faultd);
	return fixture__teardown(state);
}

static void serve(const char *text)
{
	assert_int_equal(shell("echo '%s' >'%s/InRelease' && touch -d 2020-01-01 '%s/InRelease'", text,
			       faultd.dir, faultd.dir), 0);
}

static void expect_text(const struct document *document, const char *text)
{
	char command[4200];

	snprintf(command, sizeof(command), "cat '%s'", document->path);
	assert_output(command, text);
}

static void get(struct document *document, bool is_kept)
{
	struct error err;

	requests += !reach.is_settled;
	if (access__fetch_changed(&reach, url, document, &err))
		fail_msg("%s", err.text);
	assert_int_equal(document->is_kept, is_kept);
}

static void keep(const char *text)
{
	struct document document;
	struct error err;

	assert_int_equal(shell("rm -f \"$T\"/i/*"), 0);
	serve(text);
	get(&document, false);
	expect_text(&document, text);
	assert_int_equal(document__keep(&document, &err), 0);
	assert_null(document.path);
	document__free(&document);
	assert_output("ls \"$T/s\"", "");
}

/* Another process keeps what it got, whoever vouches for that, while we look at ours. */
static void test_replaced_meanwhile(void **state)
{
	struct document document;

	(void)state;
	keep("what is checked");
	get(&document, true);
	expect_text(&document, "what is checked");
	assert_int_equal(shell("echo another >\"$T/s/new\" && mv \"$T/s/new\" \"$T\"/i/*"), 0);
	expect_text(&document, "what is checked");
	document__free(&document);
	/* nor does it go with ours */
	assert_output("cat \"$T\"/i/*", "another");
	assert_output("ls \"$T/s\"", "");
}

static void test_forgotten(void **state)
{
	struct document document;

	(void)state;
	keep("one");
	get(&document, true);
	document__forget(&document);
	expect_text(&document, "one");
	document__free(&document);
	assert_output("ls \"$T/i\" \"$T/s\" | grep -v :", "");
	get(&document, false);
	document__free(&document);
}

/* What never changes is not asked for again, once it is kept. */
static void test_settled(void **state)
{
	struct document document;

	(void)state;
	keep("as it was");
	reach.is_settled = true;
	get(&document, true);
	expect_text(&document, "as it was");
	document__free(&document);
	reach.is_settled = false;
	get(&document, true);
	document__free(&document);
	assert_int_equal(faultd__wait(&faultd, "InRelease", requests), requests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replaced_meanwhile),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_settled),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
