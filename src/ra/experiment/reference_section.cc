#include "ra/experiment/reference_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ra/base/error.h"
#include "ra/base/nearest_name.h"

namespace ra {
namespace {

// Every module and class that a reference file may name; `*` stands for the project's folder. To add one: its line
// here, and its meaning in reference_import.cc.
struct ReferenceClass {
  std::string_view module_start, module_end, class_name;
  ReferencePart part;
  std::string module_name() const {
    return fmt::format("{}{}{}", module_start, module_end.empty() ? "" : "*", module_end);
  }
  bool matches(std::string_view module, std::string_view name) const {
    if (name != class_name) return false;
    if (module_end.empty()) return module == module_start;
    return module.size() > module_start.size() + module_end.size() && module.starts_with(module_start) &&
           module.ends_with(module_end);
  }
};
constexpr ReferenceClass kClasses[] = {
    {"core.Configurator", "", "DLConfigurator", ReferencePart::kConfigurator},
    {"model_zoo.ra", "", "RA", ReferencePart::kModel},
    {"projects.", ".RA_Trainer", "PTrainer", ReferencePart::kTrainer},
    {"optim.losses.ln_losses", "", "L1", ReferencePart::kLoss},
    {"optim.losses.ln_losses", "", "L2", ReferencePart::kLoss},
    {"core.DataLoader", "", "DefaultDataLoader", ReferencePart::kDataLoader},
    {"core.DataLoader", "", "DefaultDataset", ReferencePart::kPlainDataset},
    {"data.loaders.fastmri_loader", "", "FastLoader", ReferencePart::kAugmentedDataset},
    {"projects.", ".DownstreamEvaluator", "PDownstreamEvaluator", ReferencePart::kEvaluator},
};

const YamlNode& empty_node() {
  static const YamlNode node;
  return node;
}

}  // namespace

ReferenceSection::ReferenceSection(const YamlNode& node, const std::string& origin, std::string path,
                                   std::vector<std::string>& notes)
    : node_(node), origin_(origin), path_(std::move(path)), notes_(notes) {
  if (node.kind != YamlNode::Kind::kMap && node.kind != YamlNode::Kind::kNull) {
    refuse("must be a section (keys with values)");
  }
}

std::string ReferenceSection::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void ReferenceSection::refuse(const std::string& reason) const {
  throw Error(ErrorCode::kUsage,
              fmt::format("{}: {}{}{}", yaml_place(origin_, node_.line), path_, path_.empty() ? "" : ": ", reason));
}

void ReferenceSection::note(const std::string& sentence) {
  if (std::find(notes_.begin(), notes_.end(), sentence) == notes_.end()) notes_.push_back(sentence);
}

const YamlNode* ReferenceSection::take(std::string_view key) {
  known_.emplace_back(key);
  const YamlNode* value = node_.find(key);
  return value == nullptr || value->kind == YamlNode::Kind::kNull ? nullptr : value;
}

ReferenceSection ReferenceSection::section(std::string_view key) {
  const YamlNode* value = take(key);
  return ReferenceSection(value != nullptr ? *value : empty_node(), origin_, path(key), notes_);
}

ReferenceSection ReferenceSection::required_section(std::string_view key) {
  if (node_.find(key) == nullptr) refuse(fmt::format("section '{}' is missing", key));
  return section(key);
}

std::optional<std::string> ReferenceSection::text(std::string_view key) {
  const YamlNode* value = take(key);
  if (value == nullptr) return std::nullopt;
  return yaml_text(*value, origin_, path(key));
}

std::optional<int> ReferenceSection::integer(std::string_view key) {
  const YamlNode* value = take(key);
  if (value == nullptr) return std::nullopt;
  const std::int64_t number = yaml_integer(*value, origin_, path(key));
  if (!std::in_range<int>(number)) refuse(fmt::format("{} is {}, which is out of range", key, number));
  return static_cast<int>(number);
}

std::optional<double> ReferenceSection::number(std::string_view key) {
  const YamlNode* value = take(key);
  if (value == nullptr) return std::nullopt;
  return yaml_number(*value, origin_, path(key));
}

std::optional<bool> ReferenceSection::boolean(std::string_view key) {
  const YamlNode* value = take(key);
  if (value == nullptr) return std::nullopt;
  return yaml_bool(*value, origin_, path(key));
}

std::vector<int> ReferenceSection::integers(std::string_view key) {
  const YamlNode* value = take(key);
  if (value == nullptr) return {};
  if (value->kind != YamlNode::Kind::kSequence) refuse(fmt::format("{} must be a list of whole numbers", key));
  std::vector<int> result;
  for (const YamlNode& item : value->items) {
    const std::int64_t number = yaml_integer(item, origin_, path(key));
    if (!std::in_range<int>(number)) refuse(fmt::format("{} holds {}, which is out of range", key, number));
    result.push_back(static_cast<int>(number));
  }
  return result;
}

std::vector<std::string> ReferenceSection::texts(std::string_view key) {
  const YamlNode* value = take(key);
  if (value == nullptr) return {};
  return yaml_texts(*value, origin_, path(key));
}

ReferencePart ReferenceSection::part(std::initializer_list<ReferencePart> allowed) {
  const std::string module = text("module_name").value_or("");
  const std::string name = text("class_name").value_or("");
  const auto is_allowed = [&](const ReferenceClass& known) {
    return std::find(allowed.begin(), allowed.end(), known.part) != allowed.end();
  };
  std::vector<std::string> pairs;
  for (const ReferenceClass& known : kClasses) {
    if (!is_allowed(known)) continue;
    if (known.matches(module, name)) return known.part;
    pairs.push_back(fmt::format("{} {}", known.module_name(), known.class_name));
  }
  refuse(fmt::format("module_name '{}' with class_name '{}' is not known here; known: {}", module, name,
                     fmt::join(pairs, ", ")));
}

void ReferenceSection::without_effect(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (take(key) != nullptr) note(path(key) + " has no effect");
  }
}

void ReferenceSection::finish() {
  for (const YamlEntry& entry : node_.entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    // At the top of the file stand the values that anchors are made of, under any name.
    if (path_.empty() && entry.value.kind != YamlNode::Kind::kMap) continue;
    if (const auto nearest = nearest_name(entry.key, known_)) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("{}: unknown key '{}'{} (did you mean '{}'?)", yaml_place(origin_, entry.line), entry.key,
                              path_.empty() ? "" : " in " + path_, *nearest));
    }
    if (!path_.empty()) note(path(entry.key) + " is not known and has no effect");
  }
}

}  // namespace ra
