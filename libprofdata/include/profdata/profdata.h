/* The whole public interface of libprofdata. */
#ifndef PROFDATA_PROFDATA_H
#define PROFDATA_PROFDATA_H
#include <profdata/base.h>
#include <profdata/bench.h>
#include <profdata/builder.h>
#include <profdata/calltree.h>
#include <profdata/diff.h>
#include <profdata/format.h>
#include <profdata/heat.h>
#include <profdata/io.h>
#include <profdata/metrics.h>
#include <profdata/opt.h>
#include <profdata/profile.h>
#include <profdata/quality.h>
#include <profdata/report.h>
#include <profdata/stats.h>
#include <profdata/symbols.h>
#include <profdata/trace.h>
#include <profdata/transform.h>
#include <profdata/unwind.h>
#include <profdata/wall.h>
#endif
