/* Bodies to come: refuse until they do. */
#include <math.h>
#include <profdata/stats.h>

const char *pd_stat_reason(enum pd_stat status)
{
	(void)status;
	return "not implemented";
}

double pd_normal_tail(double z)
{
	(void)z;
	return (double)NAN;
}

double pd_normal_p(double z)
{
	(void)z;
	return (double)NAN;
}

double pd_normal_quantile(double p)
{
	(void)p;
	return (double)NAN;
}

double pd_t_p(double t, double df)
{
	(void)t;
	(void)df;
	return (double)NAN;
}

double pd_t_quantile(double p, double df)
{
	(void)p;
	(void)df;
	return (double)NAN;
}

double pd_chi2_tail(double x, double df)
{
	(void)x;
	(void)df;
	return (double)NAN;
}

double pd_chi2_quantile(double p, double df)
{
	(void)p;
	(void)df;
	return (double)NAN;
}

double pd_beta_inc(double a, double b, double x, bool upper)
{
	(void)a;
	(void)b;
	(void)x;
	(void)upper;
	return (double)NAN;
}

double pd_gamma_inc(double a, double x, bool upper)
{
	(void)a;
	(void)x;
	(void)upper;
	return (double)NAN;
}

double pd_binomial_pmf(double k, double n, double p)
{
	(void)k;
	(void)n;
	(void)p;
	return (double)NAN;
}

double pd_binomial_cdf(double k, double n, double p)
{
	(void)k;
	(void)n;
	(void)p;
	return (double)NAN;
}

double pd_binomial_sf(double k, double n, double p)
{
	(void)k;
	(void)n;
	(void)p;
	return (double)NAN;
}

double pd_poisson_cdf(double k, double mean)
{
	(void)k;
	(void)mean;
	return (double)NAN;
}

void pd_sum_add(struct pd_sum *s, double x)
{
	(void)s;
	(void)x;
}

double pd_sum_value(const struct pd_sum *s)
{
	(void)s;
	return (double)NAN;
}

void pd_stat_sort(double *x, size_t n)
{
	(void)x;
	(void)n;
}

double pd_sorted_median(const double *x, size_t n)
{
	(void)x;
	(void)n;
	return (double)NAN;
}

double pd_sorted_quantile(const double *x, size_t n, double q)
{
	(void)x;
	(void)n;
	(void)q;
	return (double)NAN;
}

double pd_stat_mean(const double *x, size_t n)
{
	(void)x;
	(void)n;
	return (double)NAN;
}

double pd_stat_sd(const double *x, size_t n)
{
	(void)x;
	(void)n;
	return (double)NAN;
}

uint64_t pd_rng_next(struct pd_rng *r)
{
	(void)r;
	return 0;
}

uint64_t pd_rng_below(struct pd_rng *r, uint64_t n)
{
	(void)r;
	(void)n;
	return 0;
}

double pd_rng_unit(struct pd_rng *r)
{
	(void)r;
	return (double)NAN;
}

double pd_rng_normal(struct pd_rng *r)
{
	(void)r;
	return (double)NAN;
}

unsigned pd_rng_poisson1(uint64_t seed, uint64_t replicate, uint64_t event)
{
	(void)seed;
	(void)replicate;
	(void)event;
	return 0;
}

enum pd_stat pd_stat_wilson(double x, double n, double conf, struct pd_interval *ci)
{
	(void)x;
	(void)n;
	(void)conf;
	(void)ci;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_clopper_pearson(double x, double n, double conf, struct pd_interval *ci)
{
	(void)x;
	(void)n;
	(void)conf;
	(void)ci;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_garwood(double x, double conf, struct pd_interval *ci)
{
	(void)x;
	(void)conf;
	(void)ci;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_shares(double x1, double n1, double x2, double n2, double conf, struct pd_shares *out)
{
	(void)x1;
	(void)n1;
	(void)x2;
	(void)n2;
	(void)conf;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_rates(double x1, double e1, double x2, double e2, double conf, struct pd_rates *out)
{
	(void)x1;
	(void)e1;
	(void)x2;
	(void)e2;
	(void)conf;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_homogeneity(const double *a, const double *b, size_t n, double min_expected, struct pd_homogeneity *out)
{
	(void)a;
	(void)b;
	(void)n;
	(void)min_expected;
	(void)out;
	return PD_STAT_NOMEM;
}

double pd_stat_samples_needed(double share, double change, double alpha, double power)
{
	(void)share;
	(void)change;
	(void)alpha;
	(void)power;
	return (double)NAN;
}

enum pd_stat pd_stat_dispersion(enum pd_exposure kind, const double *x, const double *n, size_t k, double *phi)
{
	(void)kind;
	(void)x;
	(void)n;
	(void)k;
	(void)phi;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_replicates(enum pd_exposure kind, const double *x1, const double *n1, size_t k1, const double *x2, const double *n2, size_t k2, double phi, double conf, struct pd_replicates *out)
{
	(void)kind;
	(void)x1;
	(void)n1;
	(void)k1;
	(void)x2;
	(void)n2;
	(void)k2;
	(void)phi;
	(void)conf;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_pool_phi(const double *count, const double *phi, size_t n, size_t width, double *out)
{
	(void)count;
	(void)phi;
	(void)n;
	(void)width;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_mann_whitney(const double *a, size_t n1, const double *b, size_t n2, struct pd_mann_whitney *out)
{
	(void)a;
	(void)n1;
	(void)b;
	(void)n2;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_shift(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_location *out)
{
	(void)a;
	(void)n1;
	(void)b;
	(void)n2;
	(void)conf;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_ratio(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_location *out)
{
	(void)a;
	(void)n1;
	(void)b;
	(void)n2;
	(void)conf;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_signed_rank(const double *d, size_t n, struct pd_signed_rank *out)
{
	(void)d;
	(void)n;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_walsh(const double *d, size_t n, double conf, struct pd_location *out)
{
	(void)d;
	(void)n;
	(void)conf;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_welch(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_t_test *out)
{
	(void)a;
	(void)n1;
	(void)b;
	(void)n2;
	(void)conf;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_paired_t(const double *d, size_t n, double conf, struct pd_t_test *out)
{
	(void)d;
	(void)n;
	(void)conf;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_adjust(enum pd_adjust kind, const double *p, size_t n, double *out)
{
	(void)kind;
	(void)p;
	(void)n;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_effective(const double *w, size_t n, struct pd_effective *out)
{
	(void)w;
	(void)n;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_effective_of(double sum, double sum_squares, struct pd_effective *out)
{
	(void)sum;
	(void)sum_squares;
	(void)out;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_heap_total(double size, double count, double rate, double *total, double *variance)
{
	(void)size;
	(void)count;
	(void)rate;
	(void)total;
	(void)variance;
	return PD_STAT_NOMEM;
}

enum pd_stat pd_stat_poisson_bootstrap(const double *a, size_t n1, double e1, const double *b, size_t n2, double e2, unsigned replicates, uint64_t seed, double conf, double *ratio, struct pd_interval *ci)
{
	(void)a;
	(void)n1;
	(void)e1;
	(void)b;
	(void)n2;
	(void)e2;
	(void)replicates;
	(void)seed;
	(void)conf;
	(void)ratio;
	(void)ci;
	return PD_STAT_NOMEM;
}
