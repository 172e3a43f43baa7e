#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace ra::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

// kUsage for a name that is none of debug, info, warning, error, off (any case).
Level level_from_string(std::string_view name);

// Messages below the level are dropped. Everything goes to standard error; results go to standard output.
void set_level(Level level);

void write(Level level, const std::string& message);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace ra::log
