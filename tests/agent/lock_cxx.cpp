// Locks of C++ with known waits: prints "TYPE KIND FUNCTION NANOSECONDS" by its own clock, as the profile has to have them.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <thread>

#define APART __attribute__((noinline, noclone))
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
static constexpr int rounds = 8;
static volatile long sink;
static std::atomic<Clock::time_point> began; // of the wait at hand

static long ns_since(Clock::time_point from) { return (long)std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - from).count(); }

namespace shop {

template <class M> inline void take(M &m) { m.lock(); }
template <class M> inline void give(M &m) { m.unlock(); }
inline void take(std::timed_mutex &m) { while (!m.try_lock_for(10s)) ; }
inline void take(std::shared_mutex &m) { m.lock_shared(); }
inline void give(std::shared_mutex &m) { m.unlock_shared(); }

// Who waits. What it does after that keeps the call from being its last.
template <class M> struct Till {
	APART long wait(M &m)
	{
		auto from = Clock::now();
		began = from;
		take(m);
		long ns = ns_since(from);
		give(m);
		return sink = ns;
	}
};

template <class M> struct Keeper {
	M &m;
	APART void keep() { m.lock(); }
	APART void give_back() { m.unlock(); sink = sink + 1; }
};

APART static long wait_for_news(std::condition_variable &c, std::mutex &m, bool &there)
{
	std::unique_lock<std::mutex> l(m);
	auto from = Clock::now();
	c.wait(l, [&] { return there; });
	return sink = ns_since(from);
}

APART static long wait_for_end(std::thread &t) { auto from = Clock::now(); t.join(); return sink = ns_since(from); }

}

template <class M> static void contended(const char *kind, const char *name)
{
	M m;
	long waited = 0, blamed = 0; // blamed: until it is given back; who waits has to get a CPU then
	for (int i = 0; i < rounds; i++) {
		shop::Keeper<M> k{m};
		long ns = 0;
		k.keep();
		std::thread t([&] { ns = shop::Till<M>().wait(m); });
		std::this_thread::sleep_for(30ms);
		blamed += ns_since(began);
		k.give_back();
		t.join();
		waited += ns;
	}
	std::printf("block_delay %s shop::Till<std::%s>::wait %ld\n", kind, name, waited);
	std::printf("mutex_delay %s shop::Keeper<std::%s>::give_back %ld\n", kind, name, blamed);
}

int main()
{
	contended<std::mutex>("mutex", "mutex");
	contended<std::recursive_mutex>("mutex", "recursive_mutex");
	contended<std::timed_mutex>("mutex", "timed_mutex");
	contended<std::shared_mutex>("rwlock", "shared_mutex");
	long news = 0, end = 0;
	for (int i = 0; i < rounds; i++) {
		std::condition_variable c;
		std::mutex m;
		bool there = false;
		std::thread t([&] { news += shop::wait_for_news(c, m, there); });
		std::this_thread::sleep_for(20ms);
		m.lock();
		there = true;
		m.unlock();
		c.notify_one();
		t.join();
		std::thread u([] { std::this_thread::sleep_for(20ms); });
		end += shop::wait_for_end(u);
	}
	std::printf("block_delay cond shop::wait_for_news %ld\n", news);
	std::printf("block_delay join shop::wait_for_end %ld\n", end);
	// these wait by system calls of libstdc++'s own: not seen, and none the worse for it
	std::once_flag once;
	int calls = 0;
	std::thread a([&] { std::call_once(once, [&] { std::this_thread::sleep_for(10ms); calls++; }); }), b([&] { std::call_once(once, [&] { calls++; }); });
	a.join();
	b.join();
	std::future<int> f = std::async(std::launch::async, [] { std::this_thread::sleep_for(10ms); return 7; });
	return calls == 1 && f.get() == 7 ? 0 : 1;
}
