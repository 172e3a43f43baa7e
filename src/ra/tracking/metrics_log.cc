#include "ra/tracking/metrics_log.h"

#include <fcntl.h>
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

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw Error(ErrorCode::kIo, std::string("cannot ") + what + " '" + path.string() + "': " + std::strerror(errno));
}

}  // namespace

MetricsLog::MetricsLog(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(path_, "open");
}

MetricsLog::~MetricsLog() { ::close(descriptor_); }

void MetricsLog::write(const MetricRow& row) {
  nlohmann::ordered_json object;
  for (const auto& [name, value] : row) object[name] = to_json(value);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  const std::chrono::duration<double> runtime = std::chrono::steady_clock::now() - opened_;
  object["_timestamp"] = now.count();
  object["_runtime"] = runtime.count();
  // Text that is no UTF-8 (a file name, say) is replaced rather than thrown on.
  const std::string line = object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t count = ::write(descriptor_, line.data() + written, line.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail(path_, "write");
    written += static_cast<std::size_t>(count);
  }
}

}  // namespace ra
