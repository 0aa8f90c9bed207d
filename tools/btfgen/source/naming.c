/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/naming.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/words.h"

/* The whole match and the groups that a template can name by one digit. */
#define GROUPS 10

/* ---- templates ------------------------------------------------------------------ */

/* What stands for one %{...}: the value whole, or a group of the expression it matched. */
struct field {
	const char *tag;
	const char *value;
	const regmatch_t *groups; /* NULL: it has none */
	size_t count;             /* of groups */
};

enum { FIELD_NAME, FIELD_VERSION, FIELD_RELEASE, FIELD_ARCH, FIELDS };

/* The field and group (0: the whole) of the "%{...}" at `at`; gives its length, or 0. */
static size_t find_field(const struct field *fields, const char *at, size_t *field, size_t *group)
{
	for (size_t i = 0; i < FIELDS; i++) {
		size_t len = strlen(fields[i].tag);

		if (strncmp(at, "%{", 2) || strncmp(at + 2, fields[i].tag, len))
			continue;
		*field = i;
		*group = 0;
		len += 2;
		if (at[len] == ':' && at[len + 1] >= '1' && at[len + 1] <= '9') {
			*group = (size_t)(at[len + 1] - '0');
			len += 2;
		}
		return at[len] == '}' ? len + 1 : 0;
	}
	return 0;
}

static void add_field(struct buf *text, const struct field *field, size_t group)
{
	const regmatch_t *match = group ? &field->groups[group] : NULL;

	if (!match)
		buf__printf(text, "%s", field->value ? field->value : "");
	else if (match->rm_so >= 0)
		buf__add(text, field->value + match->rm_so, (size_t)(match->rm_eo - match->rm_so));
}

static char *expand(const char *template, const struct field *fields)
{
	_cleanup_buf_ struct buf text = { 0 };

	while (*template) {
		size_t field, group, len = find_field(fields, template, &field, &group);

		if (len)
			add_field(&text, &fields[field], group);
		else
			buf__add(&text, template, 1);
		template += len ? len : 1;
	}
	if (!buf__cstr(&text))
		return NULL;
	return (char *)buf__steal(&text, NULL);
}

/* What is wrong with a template whose expressions have so many groups; NULL: nothing. */
static const char *check_template(const char *template, size_t name_groups, size_t release_groups)
{
	const struct field fields[FIELDS] = {
		[FIELD_NAME] = { .tag = "name", .count = name_groups },
		[FIELD_VERSION] = { .tag = "version" },
		[FIELD_RELEASE] = { .tag = "release", .count = release_groups },
		[FIELD_ARCH] = { .tag = "arch" },
	};

	for (; (template = strchr(template, '%')); template++) {
		size_t field, group;

		if (!find_field(fields, template, &field, &group))
			return "'%' begins none of %{name}, %{name:N}, %{version}, %{release}, "
			       "%{release:N}, %{arch}";
		if (group > fields[field].count)
			return "it names a group that its expression does not have";
	}
	return NULL;
}

/* ---- compile -------------------------------------------------------------------- */

static int __attribute__((format(printf, 2, 3))) refuse(char **why, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(why, fmt, args);
	va_end(args);
	if (len >= 0)
		return -EINVAL;
	*why = NULL;
	return -ENOMEM;
}

static int compile_pattern(regex_t *pattern, const char *text, char **why)
{
	int code = regcomp(pattern, text, REG_EXTENDED);
	char reason[128];

	if (!code)
		return 0;
	regerror(code, pattern, reason, sizeof(reason));
	return refuse(why, "bad pattern '%s': %s", text, reason);
}

static void naming_rule__free(struct naming_rule *rule)
{
	regfree(&rule->name);
	if (rule->has_release)
		regfree(&rule->release);
	free(rule->template);
}

/* Cut the word at `mark`, which no name and no release of a package holds. */
static char *cut(char *word, char mark)
{
	char *at = strchr(word, mark);

	if (at)
		*at++ = '\0';
	return at;
}

static int compile_rule(struct naming *naming, char *word, const char *common, char **why)
{
	struct naming_rule *rule = &naming->rules[naming->count];
	const char *template = cut(word, '='), *release = cut(word, '@'), *problem;
	int ret = compile_pattern(&rule->name, word, why);

	if (ret)
		return ret;
	naming->count++;
	ret = release ? compile_pattern(&rule->release, release, why) : 0;
	if (ret)
		return ret;
	rule->has_release = release;
	if (!template && rule->name.re_nsub)
		return 0;
	if (!template)
		template = common;
	if (!template)
		return refuse(why,
			      "pattern '%s' has no group for the kernel release, and there is no "
			      "'kernel-release' that makes it of the version",
			      word);
	problem = check_template(template, rule->name.re_nsub, release ? rule->release.re_nsub : 0);
	if (problem)
		return refuse(why, "bad template '%s': %s", template, problem);
	rule->template = strdup(template);
	return rule->template ? 0 : -ENOMEM;
}

int naming__compile(struct naming *naming, const char *common, char **why)
{
	_cleanup_words_ char **words = words__split(naming->text);
	size_t count = words ? words__count((const char *const *)words) : 0;
	int ret = 0;

	*why = NULL;
	naming->rules = words ? calloc(count + 1, sizeof(*naming->rules)) : NULL;
	if (!naming->rules)
		return -ENOMEM;
	for (size_t i = 0; i < count && !ret; i++)
		ret = compile_rule(naming, words[i], common, why);
	return ret;
}

void naming__free(struct naming *naming)
{
	for (size_t i = 0; i < naming->count; i++)
		naming_rule__free(&naming->rules[i]);
	free(naming->rules);
	free(naming->text);
	free(naming->member);
	*naming = (struct naming){ 0 };
}

/* ---- match ---------------------------------------------------------------------- */

/* POSIX takes the longest of the leftmost: if the whole can match, it does. */
static bool matches_whole(const regex_t *pattern, const char *text, regmatch_t groups[GROUPS])
{
	return !regexec(pattern, text, GROUPS, groups, 0) && !groups[0].rm_so &&
	       !text[groups[0].rm_eo];
}

static bool matches(const struct naming_rule *rule, const struct listed_package *package,
		    regmatch_t name[GROUPS], regmatch_t release[GROUPS])
{
	if (!matches_whole(&rule->name, package->name, name))
		return false;
	return !rule->has_release || (package->rpm_release && matches_whole(&rule->release,
									    package->rpm_release,
									    release));
}

int naming__match(const struct naming *naming, const struct listed_package *package,
		  char **kernel_release, size_t *rule)
{
	regmatch_t name[GROUPS], release[GROUPS] = { { 0 } };
	const char *version = package->rpm_version ? package->rpm_version : package->version;
	const struct field fields[FIELDS] = {
		[FIELD_NAME] = { "name", package->name, name, GROUPS },
		[FIELD_VERSION] = { "version", version, NULL, 0 },
		[FIELD_RELEASE] = { "release", package->rpm_release, release, GROUPS },
		[FIELD_ARCH] = { "arch", package->rpm_arch, NULL, 0 },
	};
	const char *template;
	size_t i = 0;

	while (i < naming->count && !matches(&naming->rules[i], package, name, release))
		i++;
	if (i == naming->count)
		return 0;
	template = naming->rules[i].template;
	*rule = i;
	*kernel_release = expand(template ? template : "%{name:1}", fields);
	return *kernel_release ? 1 : -ENOMEM;
}
