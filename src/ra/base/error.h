#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace ra {

// What went wrong, coarse enough to choose an exit code by.
enum class ErrorCode {
  kUsage,        // the command line or the configuration is wrong, or named data is missing: exit code 2
  kBadInput,     // a file is missing, broken or not of the stated kind: exit code 1 for a batch of inputs
  kIo,           // reading or writing failed for a reason outside the program (permissions, disk full): 3
  kUnsupported,  // understood, but not possible here (CUDA without a GPU): 2
  kFailed,       // a run could not go on (non-finite loss): 3
};

// The only exception that ra throws on purpose. what() is one readable sentence: place, reason, remedy.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ErrorCode code() const { return code_; }

  // A copy that says what was being done: "CONTEXT: message".
  Error with_context(std::string_view context) const;

 private:
  ErrorCode code_;
};

// The exit code of the command line for an error that ended the program.
int exit_code(ErrorCode code);

// Runs work(), and adds CONTEXT to an ra::Error that leaves it.
template <class Work>
auto in_context(std::string_view context, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const Error& error) {
    throw error.with_context(context);
  }
}

}  // namespace ra
