/*
 * How honest `profdata diff` is: splits recordings at random into two halves that
 * differ by nothing but chance, many times, and counts the reports that claim any
 * change; then injects changes and counts how often they are found, and named.
 *
 *   diff_aa [-n SPLITS] [-q] [-p] [-s SEED] [RECORDING...]
 *
 * Files are split sample by sample. Made-up recordings come after them: Poisson
 * counts, recordings with times whose functions come and go by the second, and
 * sets of over-dispersed replicates dealt to both sides at random.
 */
#include <math.h>
#include <profdata/profdata.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS 200

static struct pd_rng rng = { 42 };

static void die(const char *what)
{
	fprintf(stderr, "diff_aa: %s\n", what);
	exit(1);
}

/* ---- chance ---- */

static int64_t poisson(double mean)
{
	double limit = exp(-(mean < 500 ? mean : 0)), p = 1;
	int64_t n = 0;

	if (mean >= 500) {
		double v = floor(mean + sqrt(mean) * pd_rng_normal(&rng) + 0.5);

		return v > 0 ? (int64_t)v : 0;
	}
	while ((p *= pd_rng_unit(&rng)) > limit)
		n++;
	return n;
}

/* Mean 1, variance 1/shape (Marsaglia and Tsang). */
static double gamma_one(double shape)
{
	double d, c, x, v, boost = 1, k = shape;

	if (shape < 1) {
		boost = pow(pd_rng_unit(&rng) + 1e-300, 1 / shape);
		shape += 1;
	}
	d = shape - 1.0 / 3;
	c = 1 / sqrt(9 * d);
	for (;;) {
		double u;

		do {
			x = pd_rng_normal(&rng);
			v = 1 + c * x;
		} while (v <= 0);
		v = v * v * v;
		u = pd_rng_unit(&rng);
		if (log(u + 1e-300) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v * boost / k;
	}
}

static int64_t half_of(int64_t n)
{
	int64_t k = 0;

	if (n > 20000) {
		k = (int64_t)floor((double)n / 2 + sqrt((double)n) / 2 * pd_rng_normal(&rng) + 0.5);
		return k < 0 ? 0 : k > n ? n : k;
	}
	for (; n >= 64; n -= 64)
		k += __builtin_popcountll(pd_rng_next(&rng));
	return k + (n ? __builtin_popcountll(pd_rng_next(&rng) >> (64 - n)) : 0);
}

/* ---- recordings ---- */

static struct pd_doc *load(const char *path)
{
	struct pd_error err = { 0 };
	struct pd_source *src = pd_source_path(path, NULL, &err);
	struct pd_doc *doc = src ? pd_load(src, NULL, &err) : NULL;

	pd_source_free(src);
	if (!doc)
		die(err.text);
	return doc;
}

/* What one sample weighs: 1 for counts, the period of a CPU profile. */
static int64_t weight_of(const struct pd_doc *doc, unsigned series, unsigned column, const struct pd_rows *r, size_t i)
{
	struct pd_value_type t;

	for (unsigned c = 0; c < pd_series_values(doc, series); c++) {
		pd_series_value_type(doc, series, c, &t);
		if (!strcmp(pd_doc_string(doc, t.unit).p, "count") && r->value[c][i] > 0 && r->value[column][i] % r->value[c][i] == 0)
			return r->value[c][i];
	}
	return 1;
}

/* Every sample goes to one side by the toss of a coin. */
static void split(const struct pd_doc *doc, struct pd_doc **a, struct pd_doc **b)
{
	struct pd_error err = { 0 };
	struct pd_builder *side[2];
	struct pd_rows r;

	for (int k = 0; k < 2; k++)
		side[k] = pd_builder_derive(doc, PD_DERIVE_STACKS | PD_DERIVE_LABELS | PD_DERIVE_SERIES, 0, &err);
	for (unsigned s = 0; s < pd_doc_series(doc); s++) {
		unsigned n = pd_series_values(doc, s);

		for (uint64_t at = 0; pd_series_rows(doc, s, at, &r); at += r.n)
			for (size_t i = 0; i < r.n; i++) {
				int64_t count = weight_of(doc, s, n - 1, &r, i), half[2];

				half[0] = half_of(count);
				half[1] = count - half[0];
				for (int k = 0; k < 2; k++) {
					struct pd_sample p = { .stack = r.stack[i], .labels = r.labels[i] };
					int64_t v[PD_MAX_VALUES];

					p.has_time = r.time && r.time[i] != PD_NO_TIME;
					p.time = p.has_time ? r.time[i] : 0;
					for (unsigned c = 0; c < n; c++)
						v[c] = r.value[c][i] / count * half[k];
					if (half[k])
						pd_sample_add(side[k], s, &p, v);
				}
			}
	}
	*a = pd_builder_finish(side[0], &err);
	*b = pd_builder_finish(side[1], &err);
	if (!*a || !*b)
		die(err.text);
	for (int k = 0; k < 2; k++)
		pd_builder_free(side[k]);
}

/* Shares of made-up functions: a few large ones, many small ones. */
static double share_of(int f)
{
	static double sum;

	if (sum == 0)
		for (int i = 0; i < FUNCTIONS; i++)
			sum += 1.0 / (i + 3);
	return 1.0 / (f + 3) / sum;
}

struct made {
	struct pd_builder *b;
	pd_stack stack[FUNCTIONS];
	unsigned series;
};

static void make(struct made *m)
{
	struct pd_error err = { 0 };
	pd_frame root;

	m->b = pd_builder_new(NULL, 0, &err);
	if (!m->b)
		die(err.text);
	m->series = pd_series_add(m->b, pd_intern_z(m->b, ""));
	pd_series_value(m->b, m->series, &(struct pd_value_type){ .type = pd_intern_z(m->b, "samples"), .unit = pd_intern_z(m->b, "count") });
	root = pd_frame_named(m->b, "main", 4);
	for (int f = 0; f < FUNCTIONS; f++) { /* three levels: main, one of 14 groups, the function */
		char name[32], group[32];
		pd_frame path[3] = { root };

		path[1] = pd_frame_named(m->b, group, (size_t)snprintf(group, sizeof group, "group%d", f % 14));
		path[2] = pd_frame_named(m->b, name, (size_t)snprintf(name, sizeof name, "f%d", f));
		m->stack[f] = pd_stack_of(m->b, path, 3, PD_ROOT_FIRST);
	}
}

static void add(struct made *m, int f, int64_t n, int64_t time)
{
	struct pd_sample s = { .stack = m->stack[f], .has_time = time >= 0, .time = time };

	if (n > 0)
		pd_sample_add(m->b, m->series, &s, &n);
}

static struct pd_doc *done(struct made *m)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_builder_finish(m->b, &err);

	pd_builder_free(m->b);
	if (!doc)
		die(err.text);
	return doc;
}

/* One profile of about `n` samples; variance phi times that of counting; function `grown` times `factor`. */
static struct pd_doc *simulate(double n, double phi, int grown, double factor)
{
	struct made m;

	make(&m);
	for (int f = 0; f < FUNCTIONS; f++) {
		double mean = n * share_of(f) * (f == grown ? factor : 1);

		/* Poisson of a gamma: variance mean + mean^2 / shape; phi < 0: a third of the functions has -phi, the rest none */
		if (phi > 1 || (phi < 0 && f % 3 == 0))
			mean *= gamma_one(n * share_of(f) / (fabs(phi) - 1));
		add(&m, f, poisson(mean), -1);
	}
	return done(&m);
}

/* Spells of time with other functions busy in each, dealt to two recordings of about n / 2 samples. */
static void timed_pair(double n, double phi, int spells, int64_t length, struct pd_doc **a, struct pd_doc **b)
{
	struct made m[2];

	make(&m[0]);
	make(&m[1]);
	for (int spell = 0; spell < spells; spell++) {
		int side = (int)pd_rng_below(&rng, 2);

		for (int f = 0; f < FUNCTIONS; f++) {
			double mean = n / spells * share_of(f) * gamma_one(n / spells * share_of(f) / (phi - 1));

			for (int64_t k = poisson(mean); k > 0; k--)
				add(&m[side], f, 1, spell * length + (int64_t)pd_rng_below(&rng, (uint64_t)length));
		}
	}
	*a = done(&m[0]);
	*b = done(&m[1]);
}

/* Two recordings of many stacks with a handful of samples each, as long ones of large programs are. */
static void sparse_pair(int stacks, double each, struct pd_doc **a, struct pd_doc **b)
{
	struct made m[2];

	for (int side = 0; side < 2; side++) {
		pd_frame name[30];
		char text[32];

		make(&m[side]);
		for (int i = 0; i < 30; i++)
			name[i] = pd_frame_named(m[side].b, text, (size_t)snprintf(text, sizeof text, "s%d", i));
		for (int i = 0; i < stacks; i++) {
			const pd_frame path[3] = { name[i % 30], name[i / 30 % 30], name[i / 900 % 30] };

			m[side].stack[0] = pd_stack_of(m[side].b, path, 3, PD_ROOT_FIRST);
			add(&m[side], 0, poisson(each), -1);
		}
	}
	*a = done(&m[0]);
	*b = done(&m[1]);
}

/* ---- counting ---- */

struct tally {
	int reports, claims, found, only; /* found: the function that was changed; only: and no other */
};

static void judge(struct pd_doc **before, size_t k1, struct pd_doc **after, size_t k2, const char *target, enum pd_diff_per per, struct tally *t)
{
	struct pd_diff_input a[16] = { { 0 } }, b[16] = { { 0 } };
	struct pd_diff_opts o = { .size = sizeof o, .per = per };
	struct pd_error err = { 0 };
	struct pd_diff *d;
	size_t others = 0;
	bool hit = false, any = false;

	for (size_t i = 0; i < k1; i++)
		a[i].doc = before[i];
	for (size_t i = 0; i < k2; i++)
		b[i].doc = after[i];
	d = pd_diff_new(a, k1, b, k2, &o, &err);
	if (!d)
		die(err.text);
	for (size_t i = 0; i < pd_diff_rows(d); i++) {
		struct pd_diff_row row;
		bool is;

		pd_diff_row(d, i, &row);
		if (row.klass < PD_DIFF_NEW)
			continue;
		any = true;
		is = target && row.function.n == strlen(target) && !memcmp(row.function.p, target, row.function.n) && row.klass == PD_DIFF_GROWN;
		hit |= is;
		others += !is;
	}
	any |= pd_diff_summary(d)->shape_differs;
	t->reports++;
	t->claims += any;
	t->found += hit;
	t->only += hit && !others;
	pd_diff_free(d);
	for (size_t i = 0; i < k1; i++)
		pd_doc_unref(before[i]);
	for (size_t i = 0; i < k2; i++)
		pd_doc_unref(after[i]);
}

static int worst;

static void line(const char *what, const struct tally *t)
{
	double part = 100.0 * t->claims / t->reports;

	printf("| %s | %d | %d | %.1f %% |\n", what, t->reports, t->claims, part);
	fflush(stdout);
	if (t->claims * 1000 / t->reports > worst)
		worst = t->claims * 1000 / t->reports;
}

static void sparse(int splits)
{
	struct tally t = { 0 };

	for (int k = 0; k < splits; k++) {
		struct pd_doc *a, *b;

		sparse_pair(20000, 8, &a, &b);
		judge(&a, 1, &b, 1, NULL, PD_DIFF_PER_AUTO, &t);
	}
	line("two Poisson recordings of 20000 stacks, 8 samples each", &t);
}

static void deal(struct pd_doc **all, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = pd_rng_below(&rng, i);
		struct pd_doc *d = all[i - 1];

		all[i - 1] = all[k];
		all[k] = d;
	}
}

static void aa(int splits, char **files, int n_files)
{
	static const double phis[] = { 2, 4, 10, -6 };
	static const int sizes[] = { 1000, 10000, 100000 }, sets[] = { 2, 3, 5, 8 };
	char what[256];

	printf("| recording | reports | with any claim | |\n|---|---|---|---|\n");
	for (int i = 0; i < n_files; i++) {
		struct pd_doc *doc = load(files[i]);
		struct tally t = { 0 };
		const char *slash = strrchr(files[i], '/');

		for (int k = 0; k < splits; k++) {
			struct pd_doc *a, *b;

			split(doc, &a, &b);
			judge(&a, 1, &b, 1, NULL, PD_DIFF_PER_AUTO, &t);
		}
		pd_doc_unref(doc);
		snprintf(what, sizeof what, "%s, split by sample", slash ? slash + 1 : files[i]);
		line(what, &t);
	}
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
		for (int per = 0; per < 2; per++) {
			struct tally t = { 0 };

			for (int k = 0; k < splits; k++) {
				struct pd_doc *a = simulate(sizes[s], 1, -1, 1), *b = simulate(sizes[s], 1, -1, 1);

				judge(&a, 1, &b, 1, NULL, per ? PD_DIFF_PER_NONE : PD_DIFF_PER_AUTO, &t);
			}
			snprintf(what, sizeof what, "two Poisson recordings of %d samples, %s", sizes[s], per ? "rates" : "shares");
			line(what, &t);
		}
	sparse(splits);
	for (int brief = 0; brief < 2; brief++)
		for (size_t p = 0; p < sizeof phis / sizeof *phis && phis[p] > 0; p++) {
			struct tally t = { 0 };

			for (int k = 0; k < splits; k++) {
				struct pd_doc *a, *b;

				timed_pair(brief ? 4000 : 20000, phis[p], brief ? 40 : 120, brief ? 100000000 : 1000000000, &a, &b);
				judge(&a, 1, &b, 1, NULL, PD_DIFF_PER_AUTO, &t);
			}
			snprintf(what, sizeof what, "over-dispersed recording with times (phi %g), %s dealt to two sides", phis[p], brief ? "40 tenths of a second" : "120 seconds");
			line(what, &t);
		}
	for (size_t p = 0; p < sizeof phis / sizeof *phis; p++)
		for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
			struct tally t = { 0 };

			for (int k = 0; k < splits; k++) {
				struct pd_doc *all[16];

				for (int i = 0; i < 2 * sets[s]; i++)
					all[i] = simulate(5000, phis[p], -1, 1);
				deal(all, 2 * (size_t)sets[s]);
				judge(all, (size_t)sets[s], all + sets[s], (size_t)sets[s], NULL, PD_DIFF_PER_AUTO, &t);
			}
			snprintf(what, sizeof what, "%d over-dispersed profiles (phi %g%s) dealt to two sides", 2 * sets[s], fabs(phis[p]), phis[p] < 0 ? " of every third function" : "");
			line(what, &t);
		}
}

static void power(int splits)
{
	static const double growth[] = { 0.05, 0.1, 0.2, 0.5, 1, 9 };
	static const int sizes[] = { 1000, 10000, 100000 };
	static const int functions[] = { 0, 7, 40 };

	printf("\n| function, share | samples | profiles | +5 %% | +10 %% | +20 %% | +50 %% | +100 %% | named alone at +100 %% | at +900 %% |\n|---|---|---|---|---|---|---|---|---|---|\n");
	for (size_t f = 0; f < 3; f++)
		for (size_t s = 0; s < 4; s++) {
			bool sets = s == 3; /* 5 and 5 profiles with phi 4 */
			char name[32];

			snprintf(name, sizeof name, "f%d", functions[f]);
			printf("| %s, %.2f %% | %d | %s |", name, 100 * share_of(functions[f]), sets ? 50000 : sizes[s], sets ? "5 + 5, phi 4" : "1 + 1");
			for (size_t g = 0; g < sizeof growth / sizeof *growth; g++) {
				struct tally t = { 0 };

				for (int k = 0; k < splits / 2; k++) {
					struct pd_doc *a[5], *b[5];
					size_t n = sets ? 5 : 1;

					for (size_t i = 0; i < n; i++) {
						a[i] = simulate(sets ? 10000 : sizes[s], sets ? 4 : 1, -1, 1);
						b[i] = simulate(sets ? 10000 : sizes[s], sets ? 4 : 1, functions[f], 1 + growth[g]);
					}
					judge(a, n, b, n, name, PD_DIFF_PER_AUTO, &t);
				}
				if (g <= 4)
					printf(" %.0f %% |", 100.0 * t.found / t.reports);
				if (g >= 4)
					printf(" %.0f %% |", 100.0 * t.only / t.reports);
				fflush(stdout);
			}
			printf("\n");
		}
}

int main(int argc, char **argv)
{
	int splits = 1000, first = 1;
	bool quick = false, power_only = false;

	for (; first < argc && argv[first][0] == '-'; first++) {
		if (!strcmp(argv[first], "-n") && first + 1 < argc)
			splits = atoi(argv[++first]);
		else if (!strcmp(argv[first], "-q"))
			quick = true;
		else if (!strcmp(argv[first], "-p"))
			power_only = true;
		else if (!strcmp(argv[first], "-s") && first + 1 < argc)
			rng = (struct pd_rng){ strtoull(argv[++first], NULL, 10) };
		else
			die("usage: diff_aa [-n SPLITS] [-q] [-p] [-s SEED] [RECORDING...]");
	}
	if (splits < 1)
		die("no splits");
	if (!power_only)
		aa(splits, argv + first, argc - first);
	if (!quick)
		power(splits < 400 ? splits : 400);
	printf("\nworst: %.1f %%\n", worst / 10.0);
	return worst > 60;
}
