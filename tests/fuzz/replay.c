/*
 * Replays inputs through all fuzz targets without an engine: the cases under
 * tests/formats, as their own format, results of benchmarks and saved crashers, as
 * every format and benchmark.
 *
 * usage: fuzz_replay FORMATS_ROOT [CORPUS_DIR_OR_FILE...]
 */
#include "cases.h"
#include "targets.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long runs;

static void replay(const char *path, const struct pd_format *format)
{
	size_t n = 0;
	char *data = case_read(path, &n);

	if (!data) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	case_watch(format ? format->name : "detected", path, 60);
	pd_fuzz_read(format, (const uint8_t *)data, n);
	pd_fuzz_detect(format, (const uint8_t *)data, n);
	pd_fuzz_roundtrip(format, (const uint8_t *)data, n);
	free(data);
	runs++;
}

static void replay_benchmarks(const char *path)
{
	const char *name, *summary;
	size_t n = 0;
	char *data = case_read(path, &n);

	if (!data)
		return; /* said already */
	pd_fuzz_bench(NULL, (const uint8_t *)data, n);
	for (size_t i = 0; pd_bench_reader_at(i, &name, &summary); i++)
		pd_fuzz_bench(name, (const uint8_t *)data, n);
	free(data);
}

static void replay_everywhere(const char *path)
{
	replay(path, NULL);
	for (size_t i = 0; pd_format_at(i); i++)
		replay(path, pd_format_at(i));
	replay_benchmarks(path);
}

static void replay_corpus(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char file[4096];

	if (!d) {
		replay_everywhere(path);
		return;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		replay_everywhere(file);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	struct case_list list;

	if (argc < 2) {
		fprintf(stderr, "usage: fuzz_replay FORMATS_ROOT [CORPUS...]\n");
		return 2;
	}
	list = cases_find(argv[1], NULL, ".in");
	for (size_t i = 0; i < list.n; i++)
		replay(list.v[i].path, pd_format_named(list.v[i].format));
	cases_free(&list);
	for (int i = 2; i < argc; i++)
		replay_corpus(argv[i]);
	printf("%lu inputs replayed\n", runs);
	return runs ? 0 : 1;
}
