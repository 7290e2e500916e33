/*
 * The detection matrix: every input under tests/formats is taken for its own
 * format and no other, and noise for none.
 *
 * usage: run_detect ROOT
 */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOISE_ROUNDS 3000

static unsigned checks, failures;

static enum pd_status detect(const void *data, size_t n, struct pd_detected *found, struct pd_error *err)
{
	struct pd_source *src = pd_source_memory("input", data, n, NULL, err);
	enum pd_status st = src ? pd_detect(src, found, err) : PD_ERR_NOMEM;

	pd_source_free(src);
	return st;
}

static void check_input(const struct case_file *c)
{
	const struct pd_format *own = pd_format_named(c->format);
	struct pd_detected found = { 0 };
	struct pd_error err = { 0 };
	size_t n = 0;
	char *data = case_read(c->path, &n);

	checks++;
	if (own && own->explicit_only)
		own = NULL;
	if (detect(data, n, &found, &err) != PD_OK) {
		fprintf(stderr, "%s: not detected: %s\n", c->path, err.text);
		failures++;
	} else if (own && found.format != own) {
		fprintf(stderr, "%s: taken for %s\n", c->path, found.format->name);
		failures++;
	}
	free(data);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Bytes of a kind: anything, printable text with line ends, or JSON punctuation. */
static void fill(char *data, size_t n, unsigned kind, uint64_t *state)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz ABCDEF  .,:;-_()'\"/0123456789\n\n";
	static const char json[] = "{}[],:\"\"\"ab01 \n";

	for (size_t i = 0; i < n; i++) {
		uint64_t r = next_random(state) >> 33;

		data[i] = kind == 0 ? (char)r : kind == 1 ? text[r % (sizeof(text) - 1)] : json[r % (sizeof(json) - 1)];
	}
}

/* Noise may look a little like the loosest text formats, never more than that. */
static void check_noise(void)
{
	uint64_t state = 20260101;
	char data[2048];

	for (unsigned i = 0; i < NOISE_ROUNDS; i++) {
		unsigned kind = i % 3;
		size_t n = next_random(&state) % sizeof(data);
		struct pd_detected found = { 0 };
		struct pd_error err = { 0 };

		fill(data, n, kind, &state);
		checks++;
		case_watch("noise", "detection", 20);
		if (detect(data, n, &found, &err) == PD_OK && (kind == 0 ? n > 3 : found.level > PD_SNIFF_WEAK)) {
			fprintf(stderr, "noise %u of kind %u is taken for %s (level %d)\n", i, kind, found.format->name, found.level);
			failures++;
		}
	}
}

int main(int argc, char **argv)
{
	struct case_list list;

	if (argc != 2) {
		fprintf(stderr, "usage: run_detect ROOT\n");
		return 2;
	}
	list = cases_find(argv[1], NULL, ".in");
	for (size_t i = 0; i < list.n; i++) {
		case_watch("detection", list.v[i].path, 20);
		check_input(&list.v[i]);
	}
	cases_free(&list);
	check_noise();
	printf("%u checks, %u failures\n", checks, failures);
	return failures || !checks ? 1 : 0;
}
