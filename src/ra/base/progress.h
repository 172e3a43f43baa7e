#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace ra {

// "1h02m", "3m07s", "12s": a duration as a person reads it.
std::string format_duration(double seconds);

// One line of progress on a stream. On a terminal the line is rewritten in place; elsewhere a plain line is
// printed at most every `interval`. Used by the command line only; libraries report through callbacks.
class ProgressLine {
 public:
  explicit ProgressLine(std::FILE* stream, bool quiet = false,
                        std::chrono::seconds interval = std::chrono::seconds(10));
  ~ProgressLine();

  // Shows `text`; may be skipped when the last one was shown a moment ago.
  void update(const std::string& text);
  // Shows `text` in any case and ends the line.
  void finish(const std::string& text);

  bool is_terminal() const { return terminal_; }

 private:
  std::FILE* stream_;
  bool quiet_;
  bool terminal_;
  bool open_ = false;
  std::chrono::steady_clock::duration interval_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace ra
