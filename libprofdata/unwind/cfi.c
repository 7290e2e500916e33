/*
 * The little programs of .eh_frame are run here, with everything checked; what came out is kept per pc, so that a stack seen before costs
 * two loads a frame. Where there is no such information (JIT code, hand-written assembly) the frame pointer is followed.
 */
#include "unwind/cfi.h"
#include <string.h>

enum how { SAME, AT_CFA, IS_CFA, REGISTER, AT_EXPRESSION, IS_EXPRESSION, UNDEFINED };

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

/* ---- numbers in .eh_frame ---- */

static bool has(struct cursor *c, size_t n)
{
	if ((size_t)(c->end - c->p) < n)
		c->bad = true;
	return !c->bad;
}

static uint64_t fixed(struct cursor *c, unsigned n)
{
	uint64_t v = 0;

	if (!has(c, n))
		return 0;
	memcpy(&v, c->p, n);
	c->p += n;
	return v;
}

static int64_t signed_fixed(struct cursor *c, unsigned n)
{
	unsigned shift = 64 - 8 * n;

	return (int64_t)(fixed(c, n) << shift) >> shift;
}

/* A number of 7 bits a byte; *sign gets those of the bits above that a negative one has. */
static uint64_t leb(struct cursor *c, uint64_t *sign)
{
	uint64_t v = 0, byte;
	unsigned shift = 0;

	do {
		byte = fixed(c, 1);
		if (shift < 64)
			v |= (byte & 127) << shift;
		shift += 7;
	} while (byte & 128 && !c->bad);
	*sign = shift < 64 && byte & 64 ? ~0ull << shift : 0;
	return v;
}

static uint64_t uleb(struct cursor *c)
{
	uint64_t sign;

	return leb(c, &sign);
}

static int64_t sleb(struct cursor *c)
{
	uint64_t sign, v = leb(c, &sign);

	return (int64_t)(v | sign);
}

/* DW_EH_PE_*: `at` is the program address of the field. */
static uint64_t encoded(struct cursor *c, uint8_t encoding, uint64_t at, uint64_t data)
{
	uint64_t v;

	switch (encoding & 15) {
	case 0:
	case 4:
	case 12: v = fixed(c, 8); break;
	case 1: v = uleb(c); break;
	case 2: v = fixed(c, 2); break;
	case 3: v = fixed(c, 4); break;
	case 9: v = (uint64_t)sleb(c); break;
	case 10: v = (uint64_t)signed_fixed(c, 2); break;
	case 11: v = (uint64_t)signed_fixed(c, 4); break;
	default: c->bad = true; return 0;
	}
	if ((encoding & 0x70) == 0x10)
		v += at;
	else if ((encoding & 0x70) == 0x30)
		v += data;
	else if (encoding & 0x70)
		c->bad = true;
	return v;
}

/* ---- expressions ---- */

#define EXPRESSION_DEPTH 16

static bool pure(uint8_t op, uint64_t *stack, unsigned *n)
{
	uint64_t a, b;

	if (*n < 2)
		return false;
	b = stack[--*n];
	a = stack[*n - 1];
	switch (op) {
	case 0x1a: a &= b; break;
	case 0x1c: a -= b; break;
	case 0x1e: a *= b; break;
	case 0x21: a |= b; break;
	case 0x22: a += b; break;
	case 0x24: a = b < 64 ? a << b : 0; break;
	case 0x25: a = b < 64 ? a >> b : 0; break;
	case 0x27: a ^= b; break;
	case 0x29: a = a == b; break;
	case 0x2a: a = (int64_t)a >= (int64_t)b; break;
	case 0x2b: a = (int64_t)a > (int64_t)b; break;
	case 0x2c: a = (int64_t)a <= (int64_t)b; break;
	case 0x2d: a = (int64_t)a < (int64_t)b; break;
	case 0x2e: a = a != b; break;
	default: return false;
	}
	stack[*n - 1] = a;
	return true;
}

static bool constant(struct cursor *c, uint8_t op, uint64_t *out)
{
	if (op >= 0x30 && op <= 0x4f)
		*out = op - 0x30u;
	else if (op >= 0x08 && op <= 0x0f)
		*out = op & 1 ? (uint64_t)signed_fixed(c, 1u << ((op - 8) / 2)) : fixed(c, 1u << ((op - 8) / 2));
	else if (op == 0x10)
		*out = uleb(c);
	else if (op == 0x11)
		*out = (uint64_t)sleb(c);
	else
		return false;
	return true;
}

/* Straight-line expressions only: no branches, so they end. `first` is on the stack when they begin. */
static bool evaluate(struct cfi *s, struct cursor c, const uint64_t *first, uint64_t *out)
{
	uint64_t stack[EXPRESSION_DEPTH], v;
	unsigned n = 0;

	if (first)
		stack[n++] = *first;
	while (c.p < c.end && !c.bad) {
		uint8_t op = (uint8_t)fixed(&c, 1);

		if (op == 0x06 || op == 0x23) { /* deref, plus_uconst */
			if (!n || (op == 0x06 && !s->load(s, stack[n - 1], &stack[n - 1])))
				return false;
			if (op == 0x23)
				stack[n - 1] += uleb(&c);
			continue;
		}
		if (constant(&c, op, &v)) {
		} else if (op >= 0x70 && op <= 0x80) {
			v = s->reg[op - 0x70] + (uint64_t)sleb(&c);
		} else if (op == 0x12 && n) {
			v = stack[n - 1];
		} else if (pure(op, stack, &n)) {
			continue;
		} else {
			return false;
		}
		if (n == EXPRESSION_DEPTH)
			return false;
		stack[n++] = v;
	}
	if (c.bad || !n)
		return false;
	*out = stack[n - 1];
	return true;
}

/* ---- the little programs ---- */

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding;        /* of addresses in its FDEs */
	bool has_data, signal_frame;
	struct cursor program;
};

static bool parse_cie(struct cursor c, struct cie *out)
{
	const char *augmentation;
	uint64_t n;
	uint8_t version;

	memset(out, 0, sizeof(*out));
	n = fixed(&c, 4);
	if (!n || n >= 0xfffffff0u || !has(&c, n))
		return false;
	c.end = c.p + n;
	if (fixed(&c, 4) != 0)
		return false;
	version = (uint8_t)fixed(&c, 1);
	augmentation = (const char *)c.p;
	while (!c.bad && fixed(&c, 1))
		;
	if (c.bad || (version != 1 && version != 3))
		return false;
	out->code_align = uleb(&c);
	out->data_align = sleb(&c);
	if ((version == 1 ? fixed(&c, 1) : uleb(&c)) != CFI_RA)
		return false;
	if (*augmentation == 'z') {
		struct cursor data = c;

		out->has_data = true;
		n = uleb(&c);
		data.p = c.p;
		if (!has(&c, n))
			return false;
		data.end = c.p += n;
		for (const char *a = augmentation + 1; *a; a++) {
			if (*a == 'R')
				out->encoding = (uint8_t)fixed(&data, 1);
			else if (*a == 'L')
				fixed(&data, 1);
			else if (*a == 'P')
				encoded(&data, (uint8_t)fixed(&data, 1) & 15, 0, 0);
			else if (*a == 'S')
				out->signal_frame = true;
			else
				break; /* what follows cannot be told apart, nor is it needed */
		}
		if (data.bad)
			return false;
	} else if (*augmentation) {
		return false;
	}
	out->program = c;
	return !c.bad;
}

static void set(struct cfi_rules *r, uint64_t reg, enum how how, int64_t arg)
{
	if (reg >= CFI_REGISTERS)
		return; /* vector registers and the like do not lead to callers */
	r->how[reg] = (uint8_t)how;
	r->arg[reg] = (int32_t)arg;
}

/* A block: its place in the view, past it. */
static int64_t block_at(struct cursor *c, const uint8_t *view)
{
	int64_t at = c->p - view;
	uint64_t n = uleb(c);

	if (has(c, n))
		c->p += n;
	return at;
}

/* One instruction beyond the three with an operand inside; false: not known. */
static bool instruction(struct cfi_work *w, struct cursor *c, uint8_t op, const struct cie *cie, const uint8_t *view, unsigned *kept)
{
	struct cfi_rules *r = &w->now;
	uint64_t reg;

	switch (op) {
	case 0x00: return true;
	case 0x05: reg = uleb(c); set(r, reg, AT_CFA, (int64_t)uleb(c) * cie->data_align); return true;
	case 0x06: reg = uleb(c); if (reg < CFI_REGISTERS) set(r, reg, (enum how)w->initial.how[reg], w->initial.arg[reg]); return true;
	case 0x07: set(r, uleb(c), UNDEFINED, 0); return true;
	case 0x08: set(r, uleb(c), SAME, 0); return true;
	case 0x09: reg = uleb(c); set(r, reg, REGISTER, (int64_t)(uleb(c) % CFI_REGISTERS)); return true;
	case 0x0a:
		if (*kept == CFI_REMEMBERED)
			return false;
		w->kept[(*kept)++] = *r;
		return true;
	case 0x0b:
		if (!*kept)
			return false;
		*r = w->kept[--*kept];
		return true;
	case 0x0c: r->cfa_register = (uint8_t)(uleb(c) % CFI_REGISTERS); r->cfa_offset = (int32_t)uleb(c); r->cfa_by_expression = 0; return true;
	case 0x0d: r->cfa_register = (uint8_t)(uleb(c) % CFI_REGISTERS); r->cfa_by_expression = 0; return true;
	case 0x0e: r->cfa_offset = (int32_t)uleb(c); return true;
	case 0x0f: r->cfa_by_expression = 1; r->cfa_offset = (int32_t)block_at(c, view); return true;
	case 0x10: reg = uleb(c); set(r, reg, AT_EXPRESSION, block_at(c, view)); return true;
	case 0x11: reg = uleb(c); set(r, reg, AT_CFA, sleb(c) * cie->data_align); return true;
	case 0x12: r->cfa_register = (uint8_t)(uleb(c) % CFI_REGISTERS); r->cfa_offset = (int32_t)(sleb(c) * cie->data_align); r->cfa_by_expression = 0; return true;
	case 0x13: r->cfa_offset = (int32_t)(sleb(c) * cie->data_align); return true;
	case 0x14: reg = uleb(c); set(r, reg, IS_CFA, (int64_t)uleb(c) * cie->data_align); return true;
	case 0x15: reg = uleb(c); set(r, reg, IS_CFA, sleb(c) * cie->data_align); return true;
	case 0x16: reg = uleb(c); set(r, reg, IS_EXPRESSION, block_at(c, view)); return true;
	case 0x2e: uleb(c); return true; /* GNU_args_size */
	default: return false;
	}
}

/* Runs a program up to the row of `target`; `pc` is where it begins. */
static bool run(struct cfi_work *w, struct cursor c, const struct cie *cie, const uint8_t *view, uint64_t pc, uint64_t target)
{
	unsigned kept = 0;

	while (c.p < c.end && !c.bad && pc <= target) {
		uint8_t op = (uint8_t)fixed(&c, 1), low = op & 63;

		switch (op >> 6) {
		case 1: pc += low * cie->code_align; continue;
		case 2: set(&w->now, low, AT_CFA, (int64_t)uleb(&c) * cie->data_align); continue;
		case 3:
			if (low < CFI_REGISTERS)
				set(&w->now, low, (enum how)w->initial.how[low], w->initial.arg[low]);
			continue;
		}
		if (op >= 0x02 && op <= 0x04)
			pc += fixed(&c, 1u << (op - 2)) * cie->code_align;
		else if (op == 0x01)
			return false; /* set_loc: no compiler for this machine writes it */
		else if (!instruction(w, &c, op, cie, view, &kept))
			return false;
	}
	return !c.bad;
}

/* ---- from pc to rules ---- */

struct place {
	const struct cfi_module *m;
	struct cursor all;       /* the bytes that may be read */
};

static bool at(const struct place *pl, uint64_t address, struct cursor *c)
{
	*c = pl->all;
	if (address < pl->m->lo || address >= pl->m->hi)
		return false;
	c->p = pl->m->view + (address - pl->m->lo);
	return true;
}

/* The FDE that could cover pc, by the sorted table, and where its function begins; 0 none. */
static uint64_t fde_of(const struct place *pl, uint64_t pc, uint64_t *start)
{
	uint64_t hdr = pl->m->hdr, count, table, lo = 0, hi;
	struct cursor c;
	uint8_t encoding[4];

	if (!hdr || !at(pl, hdr, &c) || !has(&c, 4))
		return 0;
	memcpy(encoding, c.p, 4);
	c.p += 4;
	if (encoding[0] != 1 || encoding[3] != 0x3b)
		return 0;
	encoded(&c, encoding[1], hdr + 4, hdr);
	count = encoded(&c, encoding[2], 0, hdr);
	if (c.bad || !count || count > UINT32_MAX || !has(&c, count * 8))
		return 0;
	table = hdr + (uint64_t)(c.p - (pl->m->view + (hdr - pl->m->lo)));
	hi = count;
	while (lo < hi) { /* first entry that begins above pc */
		uint64_t mid = lo + (hi - lo) / 2;
		int32_t begins;

		memcpy(&begins, c.p + mid * 8, 4);
		if (hdr + (uint64_t)(int64_t)begins <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || !at(pl, table + (lo - 1) * 8, &c))
		return 0;
	*start = hdr + (uint64_t)signed_fixed(&c, 4);
	return hdr + (uint64_t)signed_fixed(&c, 4);
}

static bool rules_of(const struct place *pl, struct cfi_work *w, uint64_t pc, bool *signal_frame)
{
	uint64_t start = 0, fde = fde_of(pl, pc, &start), n, cie_at, range;
	struct cursor c, cc;
	struct cie cie;

	if (!fde || !at(pl, fde, &c))
		return false;
	n = fixed(&c, 4);
	if (!n || n >= 0xfffffff0u || !has(&c, n))
		return false;
	c.end = c.p + n;
	cie_at = fde + 4 - fixed(&c, 4);
	if (!at(pl, cie_at, &cc) || !parse_cie(cc, &cie))
		return false;
	start = encoded(&c, cie.encoding, fde + 8, 0);
	range = encoded(&c, cie.encoding & 15, 0, 0);
	if (cie.has_data) {
		n = uleb(&c);
		if (has(&c, n))
			c.p += n;
	}
	if (c.bad || pc < start || pc - start >= range)
		return false;
	memset(&w->now, 0, sizeof(w->now));
	w->now.how[CFI_RA] = UNDEFINED;
	memset(&w->initial, 0, sizeof(w->initial));
	if (!run(w, cie.program, &cie, pl->m->view, 0, 0))
		return false;
	w->initial = w->now;
	*signal_frame = cie.signal_frame;
	return run(w, c, &cie, pl->m->view, start, pc);
}

/* ---- one step ---- */

static const uint8_t saved_register[6] = { CFI_RBX, CFI_RBP, CFI_R12, 13, 14, CFI_R15 };

/* Simple rules into a row that is kept; false: they are not simple. */
static bool keep(const struct cfi_rules *r, bool signal_frame, struct cfi_row *row)
{
	if (signal_frame || r->cfa_by_expression || r->how[CFI_RA] != AT_CFA || r->how[CFI_RSP] != SAME)
		return false;
	row->cfa_register = r->cfa_register;
	row->framed = 0;
	row->cfa_offset = r->cfa_offset;
	row->ra = r->arg[CFI_RA];
	for (unsigned i = 0; i < 6; i++) {
		uint8_t reg = saved_register[i];

		if (r->how[reg] == SAME)
			row->saved[i] = CFI_SAME;
		else if (r->how[reg] == AT_CFA && r->arg[reg] > INT16_MIN && r->arg[reg] <= INT16_MAX)
			row->saved[i] = (int16_t)r->arg[reg];
		else
			return false;
	}
	return true;
}

/*
 * A register that was saved there. In an epilogue the tables go on saying where it was when it has been popped already: whoever has only a copy of the
 * stack from its pointer on cannot look there, and need not, because the register is itself again.
 */
static bool saved_at(struct cfi *s, uint64_t address, uint64_t *out) { return s->load(s, address, out) || address < s->reg[CFI_RSP]; }

static enum cfi_step by_row(struct cfi *s, const struct cfi_row *row)
{
	uint64_t cfa = s->reg[row->cfa_register] + (uint64_t)(int64_t)row->cfa_offset;

	if (cfa <= s->reg[CFI_RSP] || !s->load(s, cfa + (uint64_t)(int64_t)row->ra, &s->reg[CFI_RA]))
		return CFI_STUCK;
	for (unsigned i = 0; i < 6; i++)
		if (row->saved[i] != CFI_SAME && !saved_at(s, cfa + (uint64_t)(int64_t)row->saved[i], &s->reg[saved_register[i]]))
			return CFI_STUCK;
	if (row->framed && s->reg[CFI_RBP] == cfa - 16 && !s->load(s, cfa - 16, &s->reg[CFI_RBP]))
		return CFI_STUCK;
	s->reg[CFI_RSP] = cfa;
	s->exact = false;
	return s->reg[CFI_RA] ? CFI_ON : CFI_END;
}

static bool expression_at(const struct place *pl, int32_t offset, struct cursor *c)
{
	uint64_t n;

	*c = pl->all;
	c->p += offset;
	n = uleb(c);
	if (!has(c, n))
		return false;
	c->end = c->p + n;
	return true;
}

static bool by_rule(struct cfi *s, const struct place *pl, const struct cfi_rules *r, unsigned reg, uint64_t cfa, uint64_t *out)
{
	struct cursor c;

	switch ((enum how)r->how[reg]) {
	case SAME: *out = reg == CFI_RSP ? cfa : s->reg[reg]; return true;
	case AT_CFA: *out = s->reg[reg]; return saved_at(s, cfa + (uint64_t)(int64_t)r->arg[reg], out);
	case IS_CFA: *out = cfa + (uint64_t)(int64_t)r->arg[reg]; return true;
	case REGISTER: *out = s->reg[r->arg[reg]]; return true;
	case AT_EXPRESSION: return expression_at(pl, r->arg[reg], &c) && evaluate(s, c, &cfa, out) && s->load(s, *out, out);
	case IS_EXPRESSION: return expression_at(pl, r->arg[reg], &c) && evaluate(s, c, &cfa, out);
	case UNDEFINED: break;
	}
	*out = 0;
	return true;
}

static enum cfi_step by_rules(struct cfi *s, const struct place *pl, const struct cfi_rules *r, bool signal_frame)
{
	uint64_t cfa, next[CFI_REGISTERS];
	struct cursor c;

	if (r->how[CFI_RA] == UNDEFINED)
		return CFI_END; /* that is how the first function of a thread is marked */
	if (!r->cfa_by_expression)
		cfa = s->reg[r->cfa_register] + (uint64_t)(int64_t)r->cfa_offset;
	else if (!expression_at(pl, r->cfa_offset, &c) || !evaluate(s, c, NULL, &cfa))
		return CFI_STUCK;
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		if (!by_rule(s, pl, r, i, cfa, &next[i]))
			return CFI_STUCK;
	/* a signal may have come on another stack; else the way leads upwards */
	if (!signal_frame && next[CFI_RSP] <= s->reg[CFI_RSP])
		return CFI_STUCK;
	memcpy(s->reg, next, sizeof(next));
	s->exact = signal_frame;
	return s->reg[CFI_RA] ? CFI_ON : CFI_END;
}

static enum cfi_step by_frame_pointer(struct cfi *s)
{
	uint64_t fp = s->reg[CFI_RBP], caller, ra;
	struct cfi_module m = { 0 };

	if (!fp)
		return CFI_END;
	if (fp < s->reg[CFI_RSP] || fp - s->reg[CFI_RSP] > (1u << 24) || !s->load(s, fp, &caller) || !s->load(s, fp + 8, &ra))
		return CFI_STUCK;
	if (!ra)
		return CFI_END;
	if (ra < 4096)
		return CFI_STUCK;
	/* code with tables may have kept anything in that register, and goes on by its tables */
	if (caller && caller <= fp && (!s->module(s, ra - 1, &m) || (!m.hdr && !m.frame)))
		return CFI_STUCK;
	s->reg[CFI_RA] = ra;
	s->reg[CFI_RSP] = fp + 16;
	s->reg[CFI_RBP] = caller;
	s->exact = false;
	return CFI_ON;
}

/* Does a call end at this address? */
static bool behind_call(const struct cfi_module *m)
{
	const uint8_t *p = m->before ? m->before + 7 : NULL;

	if (!p)
		return true;
	return p[-5] == 0xe8 || (p[-6] == 0xff && p[-5] == 0x15) || (p[-2] == 0xff && (p[-1] & 0x38) == 0x10) || (p[-3] == 0xff && (p[-2] & 0x38) == 0x10) ||
	       (p[-4] == 0xff && (p[-3] & 0x38) == 0x10) || (p[-6] == 0xff && (p[-5] & 0x38) == 0x10) || (p[-7] == 0xff && (p[-6] & 0x38) == 0x10);
}

/*
 * A stack that was made by hand (makecontext) begins with "return to the first instruction of this function": nobody called,
 * and the byte in front of it belongs to another function, whose rules would lead nowhere.
 */
static bool made_by_hand(const struct cfi *s, const struct place *pl, uint64_t address)
{
	uint64_t start = 0;

	return !s->exact && !behind_call(pl->m) && fde_of(pl, address, &start) && start == address;
}

/* Into a row that is kept: every function has been called, and no register but the frame pointer is kept for callers. */
static void keep_depth(struct cfi *s, int32_t depth, uint64_t pc, struct cfi_row *row)
{
	*row = (struct cfi_row){ .pc = pc, .generation = s->generation, .cfa_register = CFI_RSP, .framed = depth > 0, .cfa_offset = depth + 8, .ra = -8 };
	for (unsigned i = 0; i < 6; i++)
		row->saved[i] = CFI_SAME;
}

enum cfi_step cfi_step(struct cfi *s)
{
	uint64_t pc = cfi_pc(s);
	struct cfi_row *row = &s->rows[(pc ^ pc >> 8) % CFI_ROWS];
	struct cfi_work *w = s->work;
	struct cfi_module m = { 0 };
	struct place pl = { .m = &m };
	struct cfi_frame frame = { 0 };
	bool signal_frame = false;

	if (row->pc == pc && row->generation == s->generation)
		return by_row(s, row);
	if (!s->module(s, pc, &m) || (!m.hdr && !m.frame))
		return by_frame_pointer(s);
	if (m.frame && m.frame(&m, pc, &frame)) {
		s->moved = frame.lost;
		if (frame.top || frame.lost)
			return frame.top ? CFI_END : by_frame_pointer(s);
		keep_depth(s, frame.depth, pc, row);
		return by_row(s, row);
	}
	if (!m.hdr)
		return by_frame_pointer(s);
	if (m.hi <= m.lo || m.hi - m.lo > INT32_MAX) /* offsets into the view are kept in 31 bits */
		return CFI_STUCK;
	pl.all = (struct cursor){ .p = m.view, .end = m.view + (m.hi - m.lo) };
	if (made_by_hand(s, &pl, pc + 1))
		return CFI_END;
	if (!rules_of(&pl, w, pc, &signal_frame))
		return by_frame_pointer(s);
	row->generation = 0;
	if (keep(&w->now, signal_frame, row)) {
		row->pc = pc;
		row->generation = s->generation;
		return by_row(s, row);
	}
	return by_rules(s, &pl, &w->now, signal_frame);
}
