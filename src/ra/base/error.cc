#include "ra/base/error.h"

namespace ra {

Error Error::with_context(std::string_view context) const { return Error(code_, std::string(context) + ": " + what()); }

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadInput:
      return 1;
    case ErrorCode::kUsage:
    case ErrorCode::kUnsupported:
      return 2;
    case ErrorCode::kIo:
    case ErrorCode::kFailed:
      return 3;
  }
  return 3;
}

}  // namespace ra
