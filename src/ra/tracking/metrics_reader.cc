#include "ra/tracking/metrics_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"

namespace ra {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostBytes = std::size_t{1} << 30;

LoggedValue value_of(const std::string& name, const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return std::monostate{};
    case Json::value_t::boolean:
      return std::int64_t{value.get<bool>()};
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return value.get<std::int64_t>();
    case Json::value_t::number_float:
      return value.get<double>();
    case Json::value_t::string:
      return value.get<std::string>();
    default:
      throw Error(ErrorCode::kBadInput, fmt::format("'{}' is neither a number nor a text", name));
  }
}

std::int64_t step_of(const Json& row, std::int64_t previous_step) {
  for (const char* key : {"_step", "epoch"}) {
    const auto found = row.find(key);
    if (found != row.end() && found->is_number_integer()) return std::max(found->get<std::int64_t>(), previous_step);
  }
  return previous_step + 1;
}

double clock_of(const Json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_number() ? found->get<double>() : 0.0;
}

}  // namespace

TrackedRow parse_metrics_line(std::string_view line, std::int64_t previous_step) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) throw Error(ErrorCode::kBadInput, "it is no JSON object");
  TrackedRow row;
  row.step = step_of(json, previous_step);
  row.timestamp = clock_of(json, "_timestamp");
  row.runtime = clock_of(json, "_runtime");
  for (const auto& [name, value] : json.items()) {
    if (name == "_step" || name == "_timestamp" || name == "_runtime") continue;
    row.values.emplace_back(name, value_of(name, value));
  }
  return row;
}

std::string read_metrics_text(const std::filesystem::path& path) { return read_text_file(path, kMostBytes); }

LoggedRows read_metrics(const std::filesystem::path& path) {
  const std::string text = read_metrics_text(path);
  LoggedRows result;
  std::int64_t previous_step = -1;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    ++number;
    const std::size_t end = text.find('\n', begin);
    // A process that was killed, or a machine that went down, leaves at most its last row unfinished.
    if (end == std::string::npos) {
      result.torn = true;
      break;
    }
    const std::string_view line(text.data() + begin, end - begin);
    try {
      result.rows.push_back(parse_metrics_line(line, previous_step));
    } catch (const Error& error) {
      if (end + 1 == text.size()) {
        result.torn = true;
        break;
      }
      throw error.with_context(fmt::format("'{}', line {} is damaged", path.string(), number));
    }
    if (number == 1) result.first_line = line;
    previous_step = result.rows.back().step;
    result.complete_bytes = static_cast<std::int64_t>(end + 1);
    begin = end + 1;
  }
  return result;
}

}  // namespace ra
