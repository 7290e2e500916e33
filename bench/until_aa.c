/*
 * How honest `overhead run --until decided` is: simulated experiments that end as soon as their verdict is in. Of a
 * thing compared with itself it counts those that find a difference, with the levels of pd_stat_look_levels() and with
 * 0.05 at every look; with a real effect, how often it is found, after how many blocks, and whether the interval holds.
 *
 *   cc -std=c17 -O2 -Ilibprofdata/include bench/until_aa.c -Lbuild -lprofdata -lm && ./a.out [EXPERIMENTS]
 */
#include <math.h>
#include <profdata/stats.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 60
#define LEAST 6 /* looks before are skipped */
#define MARGIN 0.02

static struct pd_rng rng = { 42 };

/* Log ratio of two runs of one block, standard deviation about 1.1 % (as of two runs that vary by 0.8 %). */
static double normal(void) { return 0.011 * pd_rng_normal(&rng); }

/* Student's t with 3 degrees of freedom: now and then a run is far off. */
static double heavy(void)
{
	double s = 0;

	for (unsigned i = 0; i < 3; i++)
		s += pow(pd_rng_normal(&rng), 2);
	return 0.011 * pd_rng_normal(&rng) / sqrt(s);
}

/* Both runs are quick or slow by 3 %, at random. */
static double modes(void) { return 0.003 * pd_rng_normal(&rng) + 0.03 * ((double)pd_rng_below(&rng, 2) - (double)pd_rng_below(&rng, 2)); }

/* A clock that ticks: many ratios are equal, or 1. */
static double ticks(void) { return 0.01 * round(normal() / 0.01); }

struct outcome {
	unsigned found, within, covered; /* experiments; of all: whose interval has the truth */
	double blocks;
};

/* Blocks at the looks and their levels. */
struct plan {
	size_t looks, blocks[PD_MAX_LOOKS];
	double level[PD_MAX_LOOKS];
};

static struct plan plan(unsigned looks, bool naive)
{
	struct plan p = { 0 };
	double t[PD_MAX_LOOKS];

	for (unsigned k = 1; k <= looks; k++) {
		size_t n = (MOST * k + looks - 1) / looks;

		if (n < LEAST)
			continue;
		t[p.looks] = (double)n / MOST;
		p.blocks[p.looks++] = n;
	}
	if (pd_stat_look_levels(t, p.looks, 0.05, p.level) != PD_STAT_OK)
		exit(1);
	for (size_t k = 0; k < p.looks && naive; k++)
		p.level[k] = 0.05;
	return p;
}

/* One experiment: ends when the interval is on one side of 1 or within the margin (0: never). */
static void experiment(double (*noise)(void), double effect, double margin, const struct plan *p, struct outcome *o)
{
	double d[MOST], truth = log1p(effect);
	size_t n = 0;

	for (size_t k = 0; k < p->looks; k++) {
		struct pd_location l;
		bool found, within;

		for (; n < p->blocks[k]; n++)
			d[n] = noise() + truth;
		if (pd_stat_walsh(d, n, 1 - p->level[k], &l) != PD_STAT_OK)
			exit(1);
		found = l.ci.lo > 0 || l.ci.hi < 0;
		within = l.ci.lo > -log1p(margin) && l.ci.hi < log1p(margin);
		if (!found && !within && k + 1 < p->looks)
			continue;
		o->found += found;
		o->within += within && !found;
		o->covered += l.ci.lo <= truth && truth <= l.ci.hi;
		o->blocks += (double)n;
		return;
	}
}

static struct outcome many(unsigned times, double (*noise)(void), double effect, double margin, const struct plan *p)
{
	struct outcome o = { 0 };

	for (unsigned i = 0; i < times; i++)
		experiment(noise, effect, margin, p, &o);
	o.blocks /= times;
	return o;
}

static const unsigned looks[] = { 1, 5, 10, 20 };
#define LOOKS (sizeof(looks) / sizeof(looks[0]))

static void same_with_same(unsigned times)
{
	static const struct { const char *name; double (*noise)(void); } kinds[] = {
		{ "normal", normal }, { "heavy tails", heavy }, { "two modes", modes }, { "coarse clock", ticks },
	};

	printf("| noise | looks | false alarms | and without a margin | at 0.05 per look, without a margin | interval has the truth | blocks, mean |\n"
	       "|---|---|---|---|---|---|---|\n");
	for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (unsigned i = 0; i < LOOKS; i++) {
			struct plan p = plan(looks[i], false), naive = plan(looks[i], true);
			struct outcome o = many(times, kinds[k].noise, 0, MARGIN, &p), hard = many(times, kinds[k].noise, 0, 0, &p),
				       bad = many(times, kinds[k].noise, 0, 0, &naive);

			printf("| %s | %u | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.0f |\n", kinds[k].name, looks[i], 100.0 * o.found / times, 100.0 * hard.found / times,
			       100.0 * bad.found / times, 100.0 * hard.covered / times, o.blocks);
		}
}

static void with_effect(unsigned times)
{
	static const double effects[] = { 0.005, 0.01, 0.03 };

	printf("\n| effect, normal noise | looks | found | within the margin | interval has the truth | blocks, mean |\n|---|---|---|---|---|---|\n");
	for (unsigned k = 0; k < sizeof(effects) / sizeof(effects[0]); k++)
		for (unsigned i = 0; i < LOOKS; i++) {
			struct plan p = plan(looks[i], false);
			struct outcome o = many(times, normal, effects[k], MARGIN, &p);

			printf("| %+.1f %% | %u | %.1f %% | %.1f %% | %.1f %% | %.0f |\n", 100 * effects[k], looks[i], 100.0 * o.found / times, 100.0 * o.within / times,
			       100.0 * o.covered / times, o.blocks);
		}
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 1000;

	if (times < 1)
		return 2;
	printf("%d experiments each, at most %d blocks, margin %.0f %%\n\n", times, MOST, 100 * MARGIN);
	same_with_same((unsigned)times);
	with_effect((unsigned)times);
	return 0;
}
