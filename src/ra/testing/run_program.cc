#include "ra/testing/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace ra::testing {
namespace {

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    ::close(read_end);
    close_write_end();
  }
  void close_write_end() {
    if (write_end >= 0) ::close(write_end);
    write_end = -1;
  }
};

[[noreturn]] void become(const std::vector<std::string>& command, const ProgramOptions& options, int out, int err) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  if (options.folder.empty() || ::chdir(options.folder.c_str()) == 0) ::execvp(arguments[0], arguments.data());
  const std::string message = command[0] + ": " + std::strerror(errno) + "\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message.data(), message.size());
  ::_exit(127);
}

// Reads both pipes until the program closes them or the time is over; false in the second case.
bool collect(int out, int err, std::chrono::steady_clock::time_point end, ProgramResult& result) {
  std::array<pollfd, 2> streams{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  std::array<std::string*, 2> texts{&result.out, &result.err};
  int open = 2;
  while (open > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    if (::poll(streams.data(), streams.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (streams[i].fd < 0 || streams[i].revents == 0) continue;
      std::array<char, 4096> buffer;
      const ssize_t count = ::read(streams[i].fd, buffer.data(), buffer.size());
      if (count > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(count));
      } else {
        streams[i].fd = -1;
        --open;
      }
    }
  }
  return true;
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& command, const ProgramOptions& options) {
  Pipe out, err;
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot start " + command[0]);
  if (child == 0) become(command, options, out.write_end, err.write_end);
  out.close_write_end();
  err.close_write_end();
  ProgramResult result;
  result.timed_out = !collect(out.read_end, err.read_end, std::chrono::steady_clock::now() + options.timeout, result);
  if (result.timed_out) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

ProgramResult run_ra(const std::vector<std::string>& arguments, const ProgramOptions& options) {
  const char* binary = std::getenv("RA_BINARY");
  if (binary == nullptr) throw std::runtime_error("set RA_BINARY to the program ra (ctest does)");
  std::vector<std::string> command{binary};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command, options);
}

}  // namespace ra::testing
