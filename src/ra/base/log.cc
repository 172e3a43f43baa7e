#include "ra/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>

#include "ra/base/error.h"

namespace ra::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("ra", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("ra: %l: %v");
    return made;
  }();
  return *instance;
}

}  // namespace

Level level_from_string(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "debug") return Level::kDebug;
  if (lower == "info") return Level::kInfo;
  if (lower == "warning") return Level::kWarning;
  if (lower == "error") return Level::kError;
  if (lower == "off") return Level::kOff;
  throw Error(ErrorCode::kUsage,
              "unknown log level '" + std::string(name) + "': use debug, info, warning, error or off");
}

void set_level(Level level) { logger().set_level(to_spdlog(level)); }

void write(Level level, const std::string& message) { logger().log(to_spdlog(level), message); }

}  // namespace ra::log
