#include "ra/base/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>

#include <fmt/format.h>

namespace ra {
namespace {

// Characters that fit on one line of the terminal, so that rewriting in place works.
std::size_t line_width(std::FILE* stream) {
  winsize size{};
  if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 79;
  return size.ws_col - 1u;
}

}  // namespace

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

ProgressLine::ProgressLine(std::FILE* stream, bool quiet, std::chrono::seconds interval)
    : stream_(stream), quiet_(quiet), terminal_(::isatty(::fileno(stream)) == 1) {
  interval_ = terminal_ ? std::chrono::steady_clock::duration(std::chrono::milliseconds(100))
                        : std::chrono::steady_clock::duration(interval);
}

ProgressLine::~ProgressLine() {
  if (open_) std::fputc('\n', stream_);
}

void ProgressLine::update(const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (quiet_ || now - last_ < interval_) return;
  last_ = now;
  if (terminal_) {
    fmt::print(stream_, "\r\x1b[K{}", text.substr(0, line_width(stream_)));
    open_ = true;
  } else {
    fmt::print(stream_, "{}\n", text);
  }
  std::fflush(stream_);
}

void ProgressLine::finish(const std::string& text) {
  if (quiet_) return;
  fmt::print(stream_, "{}{}\n", terminal_ ? "\r\x1b[K" : "", text);
  std::fflush(stream_);
  open_ = false;
}

}  // namespace ra
