/* Remarks are written for many ("lines without a value skipped"); this makes them read well for one. */
#include "cli.h"
#include <stdio.h>
#include <string.h>

static bool ends(const char *word, size_t n, const char *tail)
{
	size_t m = strlen(tail);

	return n > m && memcmp(word + n - m, tail, m) == 0;
}

/* How many bytes of a plural noun to keep and what to add; false when the word is no plural. */
static bool singular(const char *word, size_t n, size_t *keep, const char **add)
{
	*add = "";
	*keep = n;
	if (n == 6 && memcmp(word, "series", n) == 0)
		return true;
	if (ends(word, n, "ies")) {
		*keep = n - 3;
		*add = "y";
	} else if (ends(word, n, "xes") || ends(word, n, "ches")) {
		*keep = n - 2;
	} else {
		*keep = n - 1;
		return ends(word, n, "s") && !ends(word, n, "ss");
	}
	return true;
}

/* The text behind the noun, with the verbs and pronouns that stand for it; what follows ':' or '(' is about something else. */
static void rest_for_one(char *buf, size_t size, const char *text)
{
	static const struct { const char *many, *one; } pair[] = {
		{ " that are ", " that is " }, { " that stand ", " that stands " }, { " that go ", " that goes " },  { " they stand ", " it stands " },
		{ " they come ", " it comes " }, { " they are ", " it is " }, { " they contradict ", " it contradicts " },
		 { " they were ", " it was " }, { " their ", " its " }, { " on them", " on it" }, { " without them ", " without it " },
		{ " below them", " below it" }, { " no events ", " no event " }, { " no calls ", " no call " },
	};
	bool about = true;

	while (*text && size > 1) {
		size_t i = 0, n;

		about = about && *text != ':' && *text != '(';
		while (i < sizeof(pair) / sizeof(*pair) && (!about || strncmp(text, pair[i].many, strlen(pair[i].many)) != 0))
			i++;
		if (i == sizeof(pair) / sizeof(*pair)) {
			*buf++ = *text++;
			size--;
			continue;
		}
		n = strlen(pair[i].one);
		n -= n > 1 && pair[i].one[n - 1] == ' '; /* the blank may begin the next pair */
		n = n < size - 1 ? n : size - 1;
		memcpy(buf, pair[i].one, n);
		buf += n;
		size -= n;
		n = strlen(pair[i].many);
		text += n - (pair[i].many[n - 1] == ' ');
	}
	*buf = '\0';
}

const char *cli_counted(char *buf, size_t size, uint64_t count, const char *what)
{
	size_t first = strcspn(what, " "), start = 0, n = first, keep;
	const char *add;
	int used;

	snprintf(buf, size, "%s", what);
	if (count != 1)
		return buf;
	if (!singular(what, n, &keep, &add)) { /* "unknown fields", "table entries" */
		if (!what[first])
			return buf;
		start = first + 1;
		n = strcspn(what + start, " ");
		if (!singular(what + start, n, &keep, &add))
			return buf;
	}
	used = snprintf(buf, size, "%.*s%s", (int)(start + keep), what, add);
	if (used >= 0 && (size_t)used < size)
		rest_for_one(buf + used, size - (size_t)used, what + start + n);
	return buf;
}
