/* Lines of stacks as bpftrace prints them, see bpf_maps.h. */
#include "base/span.h"
#include "common/bpf_maps.h"

#define KERNEL_HALF 0xffff800000000000u
#define BUILD_ID_DIGITS 40

bool pd_bpf_is_kernel_name(struct pd_span name)
{
	static const char *const starts[] = { "entry_SYSCALL", "entry_INT80", "asm_", "ret_from_fork", "do_syscall_64", "__schedule", "finish_task_switch",
					      "el0t_64_", "el0_svc", "el1h_64_", "secondary_startup_64", "kthread", "syscall_return_via", "common_startup_64" };

	for (size_t i = 0; i < PD_ARRAY_LEN(starts); i++)
		if (span_starts(name, starts[i]))
			return true;
	return span_is(name, "schedule");
}

static bool is_user_name(struct pd_span name)
{
	static const char *const names[] = { "_start", "__libc_start_main", "__libc_start_call_main", "start_thread", "clone", "clone3", "__clone", "__clone3",
					     "main", "runtime.goexit", "runtime.goexit.abi0", "runtime.main", "runtime.mcall", "_dl_start_user" };

	for (size_t i = 0; i < PD_ARRAY_LEN(names); i++)
		if (span_is(name, names[i]))
			return true;
	return false;
}

static enum pd_bpf_hint hint_of(struct pd_span name, uint64_t address)
{
	if (address >= KERNEL_HALF)
		return PD_BPF_KERNEL;
	if (address)
		return PD_BPF_USER;
	return pd_bpf_is_kernel_name(name) ? PD_BPF_KERNEL : is_user_name(name) ? PD_BPF_USER : PD_BPF_EITHER;
}

/* "NAME+12" or "NAME+12@DIR/FILE:34" → name, file, line. */
static void split_symbol(struct pd_span s, struct pd_span *name, struct pd_span *file, int64_t *line)
{
	struct pd_span offset, number;
	const char *at;
	uint64_t n;

	*name = s;
	*file = SPAN("");
	*line = 0;
	for (struct pd_span head = s; (at = span_rfind(head, '@')); head.n = (size_t)(at - head.p)) {
		struct pd_span before = span_between(s.p, at), source = span_between(at + 1, s.p + s.n);

		if (!span_rcut(&before, '+', &offset) || !span_u64(offset, &n) || !span_rcut(&source, ':', &number) || !span_u64(number, &n) || n > INT64_MAX)
			continue;
		*name = before;
		*file = source;
		*line = (int64_t)n;
		return;
	}
	if (span_rcut(&s, '+', &offset) && span_u64(offset, &n) && s.n)
		*name = s;
}

static bool is_hex(struct pd_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n != 0;
}

/* "BUILD-ID 0xOFFSET" */
static bool parse_build_id(struct pd_span s, struct pd_span *id, uint64_t *offset)
{
	return s.n > BUILD_ID_DIGITS + 3 && s.p[BUILD_ID_DIGITS] == ' ' && is_hex(*id = (struct pd_span){ s.p, BUILD_ID_DIGITS }) &&
	       span_hex(span_skip(s, BUILD_ID_DIGITS + 1), offset);
}

bool pd_bpf_is_bare(struct pd_span s)
{
	struct pd_span id;
	uint64_t offset;

	s = span_rtrim(s);
	return (is_hex(s) && s.n <= 16) || parse_build_id(s, &id, &offset);
}

/* Only an address is known. */
static pd_frame bare_frame(struct pd_builder *b, uint64_t address, enum pd_bpf_hint *hint)
{
	*hint = hint_of(SPAN(""), address);
	return pd_frame_add(b, &(struct pd_frame_desc){ .address = address, .flags = *hint == PD_BPF_KERNEL ? PD_FRAME_KERNEL : 0 });
}

pd_frame pd_bpf_parse_frame(struct pd_builder *b, struct pd_span text, bool params, enum pd_bpf_hint *hint)
{
	struct pd_span s = span_trim(text), name, file, id;
	struct pd_frame_desc f = { 0 };
	struct pd_symbol symbol;
	struct pd_line line = { 0 };
	uint64_t address;
	bool inlined;

	if ((is_hex(s) || span_starts(s, "0x")) && span_hex(s, &address))
		return bare_frame(b, address, hint);
	if (parse_build_id(s, &id, &address)) {
		f.mapping = pd_mapping_add(b, &(struct pd_mapping_desc){ .build_id = pd_intern(b, id.p, id.n) });
		f.address = address;
		*hint = PD_BPF_USER;
		return pd_frame_add(b, &f);
	}
	inlined = span_eat(&s, "[inlined] ") || span_eat(&s, "[inlined]"); /* without blanks in keys of JSON */
	if (text.n && text.p[0] == '\t' && pd_symbol_parse(s, &symbol)) {
		f.address = symbol.address;
		f.flags = pd_object_flags(symbol.object);
		if (symbol.object.n)
			f.mapping = pd_mapping_add(b, &(struct pd_mapping_desc){ .file = pd_intern(b, symbol.object.p, symbol.object.n) });
		s = symbol.name;
		inlined |= symbol.inlined;
		if (span_starts(s, "0x"))
			s.n = 0;
	}
	split_symbol(s, &name, &file, &line.line);
	*hint = hint_of(name, f.address);
	if (!params)
		name = pd_symbol_no_params(name);
	if (*hint == PD_BPF_KERNEL && f.address)
		f.flags |= PD_FRAME_KERNEL;
	if (inlined)
		f.flags |= PD_FRAME_INLINED;
	if (name.n || file.n) {
		line.func = pd_func_add(b, &(struct pd_func_desc){ .name = pd_intern(b, name.p, name.n), .file = pd_intern(b, file.p, file.n) });
		f.n_lines = 1;
		f.lines = &line;
	}
	if (!f.n_lines && !f.address)
		return (pd_frame){ 0 };
	return pd_frame_add(b, &f);
}

pd_frame pd_bpf_kernel_frame(struct pd_builder *b, pd_frame frame)
{
	struct pd_frame_desc f;
	struct pd_line line;

	if (!frame.v)
		return frame;
	pd_doc_frame(pd_builder_view(b), frame, &f);
	f.flags |= PD_FRAME_KERNEL;
	if (f.n_lines) { /* there is one, and tables move when they grow */
		line = f.lines[0];
		f.lines = &line;
		f.n_lines = 1;
	}
	return pd_frame_add(b, &f);
}
