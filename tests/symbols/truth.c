/* Inlined functions two deep, a static function, names of C++ and Rust, compiled with -O2 -g. */
int mangled(int) __asm__("_ZN3app3runILi3EEEii");
int rusty(int) __asm__("_ZN4core3fmt5write17h0123456789abcdefE");

static inline __attribute__((always_inline)) int inner(int a)
{
	for (int i = 0; i < 8; i++)
		a = a * 31 + (a >> 3);
	return a;
}

static inline __attribute__((always_inline)) int middle(int a)
{
	return inner(a + 1) ^ inner(a + 2);
}

static __attribute__((noinline)) int lone(int a)
{
	return middle(a) - 5;
}

__attribute__((noinline)) int mangled(int a) { return lone(a) + inner(a); }
__attribute__((noinline)) int rusty(int a) { return mangled(a) * 3; }

int main(int argc, char **argv)
{
	(void)argv;
	return rusty(argc) & 1;
}
