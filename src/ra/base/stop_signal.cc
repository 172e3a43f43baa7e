#include "ra/base/stop_signal.h"

#include <unistd.h>

#include <csignal>
#include <ctime>
#include <initializer_list>

namespace ra {
namespace {

constexpr long kSameEventMilliseconds = 500;

volatile std::sig_atomic_t g_received = 0;
volatile long g_received_at = 0;

long milliseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void on_signal(int signal) {
  const long now = milliseconds_now();
  if (g_received == 0) {
    g_received = signal;
    g_received_at = now;
  } else if (now - g_received_at >= kSameEventMilliseconds) {
    ::_exit(128 + signal);
  }
}

void handle(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) {
    struct sigaction before{};
    ::sigaction(signal, nullptr, &before);
    // Under nohup the terminal may go.
    if (signal == SIGHUP && before.sa_handler == SIG_IGN) continue;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

StopSignal::StopSignal() {
  g_received = 0;
  handle(&on_signal);
}

StopSignal::~StopSignal() { handle(SIG_DFL); }

int StopSignal::received() { return g_received; }

}  // namespace ra
