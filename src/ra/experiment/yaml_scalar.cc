#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "ra/base/error.h"
#include "ra/experiment/yaml_tree.h"

namespace ra {
namespace {

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "empty";
    case YamlNode::Kind::kScalar:
      return fmt::format("{}'{}'", node.quoted ? "the text " : "", node.text);
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a section";
  }
  return "";
}

[[noreturn]] void refuse(const YamlNode& node, const std::string& origin, const std::string& name,
                         std::string_view expected) {
  throw Error(ErrorCode::kUsage,
              fmt::format("{}: {} must be {}, not {}", yaml_place(origin, node.line), name, expected, describe(node)));
}

bool is_plain(const YamlNode& node) { return node.kind == YamlNode::Kind::kScalar && !node.quoted; }

// Decimal digits with an optional sign and no leading zero (017 is 15 to some readers, 17 to others).
bool is_decimal_integer(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Digits, at most one point, at most one exponent; the part before the point as for an integer.
bool is_decimal_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (power.empty() || power.find_first_not_of("0123456789") != std::string_view::npos) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (whole.empty() && fraction.empty()) return false;
  if (fraction.find_first_not_of("0123456789") != std::string_view::npos) return false;
  return whole.empty() || (whole.find_first_of("+-") == std::string_view::npos && is_decimal_integer(whole));
}

}  // namespace

bool yaml_bool(const YamlNode& node, const std::string& origin, const std::string& name) {
  static constexpr std::array<std::string_view, 9> kTrue{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 9> kFalse{"false", "False", "FALSE", "no", "No",
                                                          "NO",    "off",   "Off",   "OFF"};
  if (is_plain(node) && std::find(kTrue.begin(), kTrue.end(), node.text) != kTrue.end()) return true;
  if (is_plain(node) && std::find(kFalse.begin(), kFalse.end(), node.text) != kFalse.end()) return false;
  refuse(node, origin, name, "true or false");
}

std::int64_t yaml_integer(const YamlNode& node, const std::string& origin, const std::string& name) {
  std::int64_t value = 0;
  if (is_plain(node) && is_decimal_integer(node.text)) {
    const char* begin = node.text.data() + (node.text.front() == '+' ? 1 : 0);
    const char* end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error == std::errc() && stop == end) return value;
  }
  refuse(node, origin, name, "a whole number");
}

double yaml_number(const YamlNode& node, const std::string& origin, const std::string& name) {
  double value = 0.0;
  if (is_plain(node) && is_decimal_number(node.text)) {
    const char* begin = node.text.data() + (node.text.front() == '+' ? 1 : 0);
    const char* end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error == std::errc() && stop == end && std::isfinite(value)) return value;
  }
  refuse(node, origin, name, "a number");
}

std::string yaml_text(const YamlNode& node, const std::string& origin, const std::string& name) {
  if (node.kind == YamlNode::Kind::kNull) return "";
  if (node.kind != YamlNode::Kind::kScalar) refuse(node, origin, name, "a text");
  return node.text;
}

std::vector<std::string> yaml_texts(const YamlNode& node, const std::string& origin, const std::string& name) {
  if (node.kind == YamlNode::Kind::kMap) refuse(node, origin, name, "a list");
  if (node.kind == YamlNode::Kind::kNull) return {};
  if (node.kind == YamlNode::Kind::kScalar) return {node.text};
  std::vector<std::string> result;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const std::string item = fmt::format("{}[{}]", name, i);
    if (node.items[i].kind == YamlNode::Kind::kNull) refuse(node.items[i], origin, item, "a text");
    result.push_back(yaml_text(node.items[i], origin, item));
  }
  return result;
}

}  // namespace ra
