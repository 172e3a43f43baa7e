#include "ra/tracking/metrics_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "ra/base/error.h"

namespace ra {
namespace {

nlohmann::ordered_json to_json(const LoggedValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value); number != nullptr && std::isfinite(*number)) return *number;
  return nullptr;
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* what, int error = errno) {
  throw Error(ErrorCode::kIo, std::string("cannot ") + what + " '" + path.string() + "': " + std::strerror(error));
}

}  // namespace

MetricsLog::MetricsLog(std::filesystem::path path) : MetricsLog(std::move(path), 0.0) {}

MetricsLog::MetricsLog(std::filesystem::path path, double runtime_seconds)
    : path_(std::move(path)), runtime_before_(runtime_seconds) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(path_, "open");
  struct stat state{};
  if (::fstat(descriptor_, &state) == 0) position_ = state.st_size;
}

MetricsLog MetricsLog::resume(std::filesystem::path path, std::int64_t position, double runtime_seconds) {
  std::error_code absent;
  const std::uintmax_t size = std::filesystem::file_size(path, absent);
  if ((absent && position > 0) || (!absent && size < static_cast<std::uintmax_t>(position))) {
    throw Error(ErrorCode::kBadInput,
                fmt::format("'{}' has {} bytes, and the run had written {}: rows are missing, so it cannot go on",
                            path.string(), absent ? 0 : size, position));
  }
  if (!absent && ::truncate(path.c_str(), position) != 0) fail(path, "cut");
  return MetricsLog(std::move(path), runtime_seconds);
}

MetricsLog::~MetricsLog() { ::close(descriptor_); }

double MetricsLog::runtime_seconds() const {
  return runtime_before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - opened_).count();
}

std::string MetricsLog::write(const MetricRow& row) {
  nlohmann::ordered_json object;
  for (const auto& [name, value] : row) object[name] = to_json(value);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  object["_timestamp"] = now.count();
  object["_runtime"] = runtime_seconds();
  // Text that is no UTF-8 (a file name, say) is replaced rather than thrown on.
  std::string line = object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  const std::string bytes = line + "\n";
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::write(descriptor_, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int reason = count < 0 ? errno : ENOSPC;
      if (::ftruncate(descriptor_, position_) != 0) fail(path_, "cut");
      fail(path_, "write", reason);
    }
    written += static_cast<std::size_t>(count);
  }
  position_ += static_cast<std::int64_t>(bytes.size());
  return line;
}

}  // namespace ra
