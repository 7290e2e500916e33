/* Walking and emitting protobuf, against a walker that looks at one byte at a time. */
#include "cm.h"
#include "common/pb_wire.h"
#include "proto_emit.h"

static uint64_t rng = 88172645463325252u;

static uint64_t draw(uint64_t n)
{
	rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
	return (rng >> 8) % n;
}

/* A number of `bytes` encoded bytes. */
static uint64_t sized(unsigned bytes)
{
	uint64_t low = bytes > 1 ? (uint64_t)1 << (7 * (bytes - 1)) : 0;
	uint64_t high = bytes < 10 ? ((uint64_t)1 << (7 * bytes)) - 1 : UINT64_MAX;

	return low + (rng = rng * 6364136223846793005u + 1442695040888963407u) % (high - low) + (bytes > 1);
}

static void test_pb_wire_varint_of_every_size(void **state)
{
	static struct emit e;

	(void)state;
	for (unsigned bytes = 1; bytes <= 10; bytes++) {
		for (int i = 0; i < 100; i++) {
			uint64_t v = sized(bytes), got = 0;
			e.n = 0;
			emit_varint(&e, v);
			assert_int_equal(e.n, bytes);
			assert_int_equal(pd_pb_size(v), bytes);
			uint8_t stored[10];
			assert_int_equal(pd_pb_store(stored, v) - stored, bytes);
			assert_memory_equal(stored, e.b, bytes);
			const uint8_t *p = e.b;
			assert_int_equal(pd_pb_varint(&p, e.b + e.n, &got), PD_PB_OK);
			assert_true(got == v);
			assert_ptr_equal(p, e.b + e.n);
			for (unsigned cut = 0; cut < bytes; cut++) {
				p = e.b;
				assert_int_equal(pd_pb_varint(&p, e.b + cut, &got), PD_PB_CUT);
				assert_ptr_equal(p, e.b);
			}
		}
	}
}

static void test_pb_wire_varint_beyond_64_bits(void **state)
{
	uint8_t b[11] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0 };
	const uint8_t *p = b;
	uint64_t v;

	(void)state;
	assert_int_equal(pd_pb_varint(&p, b + 11, &v), PD_PB_TOO_BIG);
	b[9] = 0x81; /* an 11th byte */
	assert_int_equal(pd_pb_varint(&p, b + 11, &v), PD_PB_TOO_BIG);
	b[9] = 0x01;
	assert_int_equal(pd_pb_varint(&p, b + 11, &v), PD_PB_OK);
	assert_true(v == (uint64_t)1 << 63);
	assert_ptr_equal(p, b + 10);
}

/* Lists of all mixes of sizes, ending anywhere relative to the end of readable memory. */
static void test_pb_wire_unpack(void **state)
{
	static uint64_t want[4000], got[40000];
	enum pd_pb_fault fault;
	const uint8_t *at;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		static struct emit e;
		size_t n = draw(draw(20) ? 100 : 3000);
		unsigned most = 1 + (unsigned)draw(10);

		e.n = 0;
		for (size_t i = 0; i < n; i++) {
			want[i] = sized(1 + (unsigned)draw(draw(4) ? (most < 4 ? most : 4) : most));
			emit_varint(&e, want[i]);
		}
		size_t slack = draw(3) ? draw(100) : 0;
		uint8_t *copy = malloc(e.n + slack + 1);
		memcpy(copy, e.b, e.n);
		memset(copy + e.n, (int)draw(256), slack);
		assert_int_equal(pd_pb_unpack(copy, copy + e.n, copy + e.n + slack, got, &fault, &at), n);
		assert_memory_equal(want, got, n * sizeof *want);
		if (e.n > 1) { /* cut: a fault at the last number, or one number less */
			size_t cut = 1 + draw(e.n - 1);
			size_t k = pd_pb_unpack(copy, copy + cut, copy + e.n + slack, got, &fault, &at);
			if (copy[cut - 1] < 0x80) {
				assert_in_range(k, 1, n);
				assert_memory_equal(want, got, k * sizeof *want);
			} else {
				assert_true(k == SIZE_MAX);
				assert_int_equal(fault, PD_PB_CUT);
				assert_true(at < copy + cut && (at == copy || at[-1] < 0x80));
			}
		}
		free(copy);
	}
}

static void test_pb_wire_unpack_faults(void **state)
{
	uint64_t out[300];
	uint8_t b[200];
	enum pd_pb_fault fault;
	const uint8_t *at;

	(void)state;
	for (size_t lead = 0; lead < 150; lead++) { /* a number of 11 bytes behind `lead` small ones */
		memset(b, 5, sizeof b);
		memset(b + lead, 0xff, 10);
		assert_true(pd_pb_unpack(b, b + sizeof b, b + sizeof b, out, &fault, &at) == SIZE_MAX);
		assert_int_equal(fault, PD_PB_TOO_BIG);
		assert_ptr_equal(at, b + lead);
	}
	memset(b, 0xff, sizeof b);
	assert_true(pd_pb_unpack(b, b + sizeof b, b + sizeof b, out, &fault, &at) == SIZE_MAX);
	assert_int_equal(fault, PD_PB_TOO_BIG);
	assert_int_equal(pd_pb_unpack(b, b, b, out, &fault, &at), 0);
}

static void test_pb_wire_fields_of_every_kind(void **state)
{
	static struct emit e;
	struct pd_pb_field f;

	(void)state;
	e.n = 0;
	emit_num(&e, 1, 5);
	emit_num(&e, 536870911, -1);
	emit_text(&e, 16, "abc");
	emit_tag(&e, 2, 1);
	for (unsigned i = 1; i <= 8; i++)
		emit_byte(&e, i);
	emit_tag(&e, 3, 5);
	for (unsigned i = 1; i <= 4; i++)
		emit_byte(&e, i);
	emit_text(&e, 4, "");
	struct pd_pb in = { .p = e.b, .end = e.b + e.n };
	assert_true(pd_pb_next(&in, &f));
	assert_true(f.number == 1 && f.wire == PD_PB_VARINT && f.value == 5 && f.at == e.b);
	assert_true(pd_pb_next(&in, &f));
	assert_true(f.number == 536870911 && f.wire == PD_PB_VARINT && f.value == UINT64_MAX);
	assert_true(pd_pb_next(&in, &f));
	assert_true(f.number == 16 && f.wire == PD_PB_BYTES && f.n == 3);
	assert_memory_equal(f.p, "abc", 3);
	assert_true(pd_pb_next(&in, &f));
	assert_true(f.number == 2 && f.wire == PD_PB_FIXED64 && f.value == 0x0807060504030201);
	assert_true(pd_pb_next(&in, &f));
	assert_true(f.number == 3 && f.wire == PD_PB_FIXED32 && f.value == 0x04030201);
	assert_true(pd_pb_next(&in, &f));
	assert_true(f.number == 4 && f.wire == PD_PB_BYTES && f.n == 0);
	assert_false(pd_pb_next(&in, &f));
	assert_int_equal(in.fault, PD_PB_OK);
}

static void expect_fault(const char *bytes, size_t n, enum pd_pb_fault fault)
{
	struct pd_pb in = { .p = (const uint8_t *)bytes, .end = (const uint8_t *)bytes + n };
	struct pd_pb_field f;

	while (pd_pb_next(&in, &f))
		;
	assert_int_equal(in.fault, fault);
	assert_ptr_equal(in.at, bytes);
}

static void test_pb_wire_faults(void **state)
{
	(void)state;
	expect_fault("\x08", 1, PD_PB_CUT);
	expect_fault("\x80", 1, PD_PB_CUT);
	expect_fault("\x09\1\2\3\4\5\6\7", 8, PD_PB_CUT);
	expect_fault("\x0d\1\2\3", 4, PD_PB_CUT);
	expect_fault("\x0a\x03" "ab", 4, PD_PB_LENGTH);
	expect_fault("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, PD_PB_LENGTH);
	expect_fault("\x0b", 1, PD_PB_GROUP);
	expect_fault("\x0c", 1, PD_PB_GROUP);
	expect_fault("\x0e", 1, PD_PB_WIRE);
	expect_fault("\x0f", 1, PD_PB_WIRE);
	expect_fault("\0\0", 2, PD_PB_NUMBER);
	expect_fault("\x80\x80\x80\x80\x10\0", 6, PD_PB_NUMBER);
	expect_fault("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, PD_PB_TOO_BIG);
}

static void test_pb_wire_emitter(void **state)
{
	static struct emit e;
	struct pd_pb_buf b = { 0 };

	(void)state;
	e.n = 0;
	for (int i = 0; i < 2000; i++) {
		uint64_t v = sized(1 + (unsigned)draw(10));
		pd_pb_put(&b, 1 + (uint32_t)i, v);
		emit_num(&e, 1 + (unsigned)i, (int64_t)v);
		pd_pb_put_opt(&b, 7, 0);
		pd_pb_put_varint(&b, v);
		emit_varint(&e, v);
		pd_pb_put_bytes(&b, 9, "some bytes", (size_t)i % 11);
		emit_bytes(&e, 9, "some bytes", (size_t)i % 11);
	}
	assert_false(b.failed);
	assert_int_equal(b.n, e.n);
	assert_memory_equal(b.v, e.b, e.n);
	pd_pb_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pb_wire_varint_of_every_size),
		cmocka_unit_test(test_pb_wire_varint_beyond_64_bits),
		cmocka_unit_test(test_pb_wire_unpack),
		cmocka_unit_test(test_pb_wire_unpack_faults),
		cmocka_unit_test(test_pb_wire_fields_of_every_kind),
		cmocka_unit_test(test_pb_wire_faults),
		cmocka_unit_test(test_pb_wire_emitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
