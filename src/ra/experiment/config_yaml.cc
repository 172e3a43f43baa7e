#include "ra/experiment/config_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "ra/base/error.h"
#include "ra/base/nearest_name.h"
#include "ra/experiment/config_fields.h"

namespace ra {
namespace {

// Reads one section of a document into the fields that it is shown.
class Reader : public FieldVisitor {
 public:
  Reader(const YamlNode& section, const std::string& origin, std::string prefix)
      : section_(section), origin_(origin), prefix_(std::move(prefix)) {}

  void value(const Field& field, bool& value) override {
    if (const YamlNode* node = take(field)) value = yaml_bool(*node, origin_, path(field));
  }
  void value(const Field& field, int& value) override {
    if (const YamlNode* node = take(field)) value = to_int(*node, path(field));
  }
  void value(const Field& field, std::uint64_t& value) override {
    const YamlNode* node = take(field);
    if (node == nullptr) return;
    const std::int64_t number = yaml_integer(*node, origin_, path(field));
    if (number < 0) refuse(*node, fmt::format("{} is {}, it must be at least 0", path(field), number));
    value = static_cast<std::uint64_t>(number);
  }
  void value(const Field& field, double& value) override {
    if (const YamlNode* node = take(field)) value = yaml_number(*node, origin_, path(field));
  }
  void value(const Field& field, std::string& value) override {
    if (const YamlNode* node = take(field)) value = yaml_text(*node, origin_, path(field));
  }
  void value(const Field& field, std::vector<int>& value) override {
    const YamlNode* node = take(field);
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::kSequence) refuse(*node, path(field) + " must be a list of whole numbers");
    value.clear();
    for (const YamlNode& item : node->items) value.push_back(to_int(item, path(field)));
  }
  void value(const Field& field, std::vector<std::string>& value) override {
    if (const YamlNode* node = take(field)) value = yaml_texts(*node, origin_, path(field));
  }
  void choice(const Field& field, const std::vector<std::string>& words, std::string& value) override {
    const YamlNode* node = take(field);
    if (node == nullptr) return;
    const std::string word = yaml_text(*node, origin_, path(field));
    if (std::find(words.begin(), words.end(), word) == words.end()) {
      refuse(*node, fmt::format("{} is '{}', it must be one of {}{}", path(field), word, fmt::join(words, ", "),
                                did_you_mean(word, words)));
    }
    value = word;
  }
  void section(const Field& field, const std::function<void(FieldVisitor&)>& visit) override {
    if (const YamlNode* node = take(field)) read_section(*node, path(field), visit);
  }
  void list(const Field& field, const SectionList& sections) override {
    const YamlNode* node = take(field);
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::kSequence && node->kind != YamlNode::Kind::kNull) {
      refuse(*node, path(field) + " must be a list of sections");
    }
    sections.resize(node->items.size());
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      read_section(node->items[i], fmt::format("{}[{}]", path(field), i),
                   [&](FieldVisitor& inner) { sections.visit(inner, i); });
    }
  }

  // To be called when every field was shown.
  void refuse_unknown_keys() const {
    for (const YamlEntry& entry : section_.entries) {
      if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
      throw Error(ErrorCode::kUsage,
                  fmt::format("{}: unknown key '{}'{}{}", yaml_place(origin_, entry.line), entry.key,
                              prefix_.empty() ? "" : " in " + prefix_, did_you_mean(entry.key, known_)));
    }
  }

 private:
  const YamlNode* take(const Field& field) {
    known_.emplace_back(field.key);
    return section_.find(field.key);
  }
  std::string path(const Field& field) const {
    return prefix_.empty() ? std::string(field.key) : fmt::format("{}.{}", prefix_, field.key);
  }
  [[noreturn]] void refuse(const YamlNode& node, const std::string& reason) const {
    throw Error(ErrorCode::kUsage, yaml_place(origin_, node.line) + ": " + reason);
  }
  int to_int(const YamlNode& node, const std::string& name) const {
    const std::int64_t number = yaml_integer(node, origin_, name);
    if (!std::in_range<int>(number)) refuse(node, fmt::format("{} is {}, which is out of range", name, number));
    return static_cast<int>(number);
  }
  void read_section(const YamlNode& node, const std::string& name,
                    const std::function<void(FieldVisitor&)>& visit) const {
    if (node.kind != YamlNode::Kind::kMap && node.kind != YamlNode::Kind::kNull) {
      refuse(node, name + " must be a section (keys with values)");
    }
    Reader inner(node, origin_, name);
    visit(inner);
    inner.refuse_unknown_keys();
  }

  const YamlNode& section_;
  const std::string& origin_;
  std::string prefix_;
  std::vector<std::string> known_;
};

}  // namespace

void apply_yaml(const YamlNode& document, const std::string& origin, ExperimentConfig& config) {
  if (document.kind != YamlNode::Kind::kMap && document.kind != YamlNode::Kind::kNull) {
    throw Error(ErrorCode::kUsage, yaml_place(origin, document.line) +
                                       ": an experiment file is a set of keys; see "
                                       "'ra config show --defaults'");
  }
  Reader reader(document, origin, "");
  visit_fields(reader, config);
  reader.refuse_unknown_keys();
}

void apply_setting(const std::string& setting, ExperimentConfig& config) {
  const std::string origin = "--set " + setting;
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(ErrorCode::kUsage, origin + ": write key.path=value, for example training.epochs=10");
  }
  YamlNode node = parse_yaml(setting.substr(equals + 1), origin);
  node.line = 0;
  for (YamlNode& item : node.items) item.line = 0;
  std::string path = setting.substr(0, equals);
  while (!path.empty()) {
    const std::size_t dot = path.rfind('.');
    const std::string key = dot == std::string::npos ? path : path.substr(dot + 1);
    YamlNode parent;
    parent.kind = YamlNode::Kind::kMap;
    parent.entries.push_back({key, 0, std::move(node)});
    node = std::move(parent);
    path = dot == std::string::npos ? "" : path.substr(0, dot);
  }
  apply_yaml(node, origin, config);
}

}  // namespace ra
