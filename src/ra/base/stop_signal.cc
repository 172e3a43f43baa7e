#include "ra/base/stop_signal.h"

#include <unistd.h>

#include <csignal>

namespace ra {
namespace {

volatile std::sig_atomic_t g_received = 0;

void on_signal(int signal) {
  if (g_received != 0) ::_exit(128 + signal);
  g_received = signal;
}

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

StopSignal::StopSignal() {
  g_received = 0;
  handle(&on_signal);
}

StopSignal::~StopSignal() { handle(SIG_DFL); }

int StopSignal::received() { return g_received; }

}  // namespace ra
