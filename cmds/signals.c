/* Death by signal leaves no temporary file and the status a shell expects. */
#include "cli.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char bus_text[256]; /* written once before the handlers are in place */

/* Installed with SA_RESETHAND: raising again ends the process by the signal itself. */
static void on_stop(int sig)
{
	pd_out_abandon_all();
	cli_progress_erase();
	raise(sig);
}

/* A mapped file that shrinks while it is read. */
static void on_bus(int sig)
{
	(void)sig;
	pd_out_abandon_all();
	cli_progress_erase();
	cli_write(STDERR_FILENO, bus_text, strlen(bus_text));
	_exit(2);
}

void cli_fatal_names(const char *program)
{
	snprintf(bus_text, sizeof(bus_text),
		 "%.100s: error: an input became shorter while it was read, or its disk failed; hint: copy it first, or give it through a pipe\n", program);
}

void cli_signals(void)
{
	static const int stop[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_stop, .sa_flags = SA_RESETHAND | SA_NODEFER }, old;

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(stop) / sizeof(stop[0]); i++) {
		if (sigaction(stop[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) /* nohup stays in force */
			sigaction(stop[i], &sa, NULL);
	}
	sa.sa_handler = on_bus;
	sigaction(SIGBUS, &sa, NULL);
	sa = (struct sigaction){ .sa_handler = SIG_IGN };
	sigaction(SIGXFSZ, &sa, NULL); /* the write fails with EFBIG instead */
}
