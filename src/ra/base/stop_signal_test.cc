#include "ra/base/stop_signal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "ra/base/available_memory.h"

namespace ra {
namespace {

// The exit code of a process that does `work`.
int exit_code_of_child(void (*work)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(StopSignal, RemembersTheSignalThatAskedToStop) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) {
    const StopSignal stop;
    EXPECT_EQ(StopSignal::received(), 0);
    ::raise(signal);
    EXPECT_EQ(StopSignal::received(), signal);
  }
}

TEST(StopSignal, TakesOneEventDeliveredTwiceForOne) {
  EXPECT_EQ(exit_code_of_child([] {
              const StopSignal stop;
              ::raise(SIGTERM);
              ::raise(SIGTERM);
            }),
            0);
}

TEST(StopSignal, EndsTheProcessAtOnceWhenAskedAgain) {
  EXPECT_EQ(exit_code_of_child([] {
              const StopSignal stop;
              ::raise(SIGTERM);
              ::usleep(600000);
              ::raise(SIGINT);
            }),
            128 + SIGINT);
}

TEST(StopSignal, LetsAHangUpBeIgnoredUnderNohup) {
  EXPECT_EQ(exit_code_of_child([] {
              ::signal(SIGHUP, SIG_IGN);
              const StopSignal stop;
              ::raise(SIGHUP);
              if (StopSignal::received() != 0) ::_exit(1);
            }),
            0);
}

TEST(StopSignal, LeavesSignalsAloneOutsideItsLife) {
  EXPECT_EQ(exit_code_of_child([] {
              {
                const StopSignal stop;
              }
              ::raise(SIGTERM);
            }),
            -SIGTERM);
}

TEST(AvailableMemory, IsSomethingButNotMoreThanTheMachineHas) {
  const auto available = available_memory();
  if (!available) GTEST_SKIP() << "the system does not say";
  EXPECT_GT(*available, std::uint64_t{1} << 20);
  const auto all =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  EXPECT_LE(*available, all);
}

}  // namespace
}  // namespace ra
