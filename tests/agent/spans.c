/* A program that says what it does: spans.sh compares what it has said with what was recorded. Also compiled as C++. */
#include <profdata/agent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile unsigned long sink;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) void add_up(unsigned long n);
void add_up(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		sink += i;
}

__attribute__((noinline)) void work(unsigned long n);
void work(unsigned long n)
{
	PDA_SPAN("work");
	add_up(n);
}

__attribute__((noinline)) void handle(const char *route, unsigned long n);
void handle(const char *route, unsigned long n)
{
	PDA_SPAN_CATEGORY("handle", "http");
	pda_label_set("route", route);
	pthread_mutex_lock(&lock);
	work(n);
	pthread_mutex_unlock(&lock);
	pda_instant("handled", "http");
	pda_label_unset("route");
}

static void *serve(void *route)
{
	for (int i = 0; i < 50; i++) {
		handle((const char *)route, strcmp((const char *)route, "/slow") == 0 ? 1200000 : 300000);
		pda_counter("served", i);
		pda_counter_real("share", i / 50.0);
	}
	return NULL;
}

static void server(void)
{
	static char slow[] = "/slow", fast[] = "/fast";
	pthread_t t[2];

	pthread_create(&t[0], NULL, serve, slow);
	pthread_create(&t[1], NULL, serve, fast);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	pda_flow_begin("handover", 7);
	pda_async_begin("request", "http", 9);
	pda_async_end("request", "http", 9);
}

/* The program switches the recording itself: two of three rounds are in the file. */
static int switched(const char *path)
{
	int status[5];

	status[0] = pda_start("cpu=0,trace=1", path);
	handle("/first", 1000);
	status[1] = pda_start("cpu=0,trace=1", path); /* already */
	status[2] = pda_stop();
	handle("/between", 1000);
	status[3] = pda_start("cpu=0,trace=1", path);
	handle("/second", 1000);
	status[4] = pda_stop();
	printf("%d %d %d %d %d\n", status[0], status[1], status[2], status[3], status[4]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "switched") == 0)
		return switched(argv[2]);
	if (argc > 1 && strcmp(argv[1], "fork") == 0) {
		pid_t pid = fork();

		if (pid == 0) {
			handle("/child", 1000);
			exit(0);
		}
		waitpid(pid, NULL, 0);
		handle("/parent", 1000);
	} else {
		server();
	}
	puts("done");
	return 0;
}
