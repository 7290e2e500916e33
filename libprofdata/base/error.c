#include "base/error.h"

#include <errno.h>

const char *pd_status_name(enum pd_status status)
{
	switch (status) {
	case PD_OK: return "ok";
	case PD_WARN: return "warn";
	case PD_ERR_IO: return "io";
	case PD_ERR_NOMEM: return "nomem";
	case PD_ERR_DATA: return "data";
	case PD_ERR_LIMIT: return "limit";
	case PD_ERR_UNKNOWN: return "unknown";
	case PD_ERR_AMBIGUOUS: return "ambiguous";
	case PD_ERR_UNSUPPORTED: return "unsupported";
	case PD_ERR_USAGE: return "usage";
	case PD_ERR_CANCELLED: return "cancelled";
	case PD_ERR_INTERNAL: return "internal";
	}
	return "internal";
}

enum pd_status pd_error_vset(struct pd_error *err, enum pd_status status, const char *fmt, va_list ap)
{
	if (err && err->status == PD_OK) {
		err->status = status;
		vsnprintf(err->text, sizeof err->text, fmt, ap);
	}
	return status;
}

enum pd_status pd_error_set(struct pd_error *err, enum pd_status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pd_error_vset(err, status, fmt, ap);
	va_end(ap);
	return status;
}

void pd_error_hint(struct pd_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->status == PD_OK || err->hint[0])
		return;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
}

void pd_error_path(struct pd_error *err, const char *path)
{
	if (err && err->status != PD_OK && !err->path[0])
		snprintf(err->path, sizeof err->path, "%s", path);
}

enum pd_status pd_error_errno(struct pd_error *err, int errnum, const char *what)
{
	char buf[128];

	return pd_error_set(err, errnum == ENOMEM ? PD_ERR_NOMEM : PD_ERR_IO, "%s: %s", what,
			    strerror_r(errnum, buf, sizeof buf));
}

enum pd_status pd_error_nomem(struct pd_error *err)
{
	return pd_error_set(err, PD_ERR_NOMEM, "out of memory");
}

const char *pd_size_text(char *buf, size_t size, uint64_t n)
{
	static const char *const unit[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned u = 0;
	uint64_t v = n, rest = 0;

	while (v >= 1024) {
		rest = v % 1024;
		v /= 1024;
		u++;
	}
	if (rest * 10 / 1024)
		snprintf(buf, size, "%u.%u %s", (unsigned)v, (unsigned)(rest * 10 / 1024), unit[u]);
	else
		snprintf(buf, size, "%u %s", (unsigned)v, unit[u]);
	return buf;
}

const char *pd_version(void)
{
	return PD_VERSION;
}
