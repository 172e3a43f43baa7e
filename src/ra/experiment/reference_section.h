#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ra/experiment/yaml_tree.h"

namespace ra {

// What a module and class of the reference stand for.
enum class ReferencePart {
  kConfigurator,
  kModel,
  kTrainer,
  kLoss,
  kDataLoader,
  kPlainDataset,      // no padding, no augmentation
  kAugmentedDataset,  // padding and augmentation
  kEvaluator,
};

// A section of a reference file: hands out the values of its keys and remembers which keys it was asked for.
class ReferenceSection {
 public:
  // `notes` collects what has no effect.
  ReferenceSection(const YamlNode& node, const std::string& origin, std::string path, std::vector<std::string>& notes);

  // The value of a key; nullptr if it is absent or null.
  const YamlNode* take(std::string_view key);
  // A section; empty where the key is absent or null, kUsage if it is something else or, with `required`, absent.
  ReferenceSection section(std::string_view key);
  ReferenceSection required_section(std::string_view key);

  std::optional<std::string> text(std::string_view key);
  std::optional<int> integer(std::string_view key);
  std::optional<double> number(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::vector<int> integers(std::string_view key);
  std::vector<std::string> texts(std::string_view key);

  // What module_name and class_name stand for; kUsage listing the known pairs unless it is one of `allowed`.
  ReferencePart part(std::initializer_list<ReferencePart> allowed);

  // Accepts keys that do nothing here, with a note for each that is given.
  void without_effect(std::initializer_list<std::string_view> keys);
  // To be called when every known key was taken: a key near to a known one is kUsage, any other is noted.
  void finish();

  const YamlNode& node() const { return node_; }
  const std::string& path() const { return path_; }
  std::string path(std::string_view key) const;
  [[noreturn]] void refuse(const std::string& reason) const;
  void note(const std::string& sentence);

 private:
  const YamlNode& node_;
  const std::string& origin_;
  std::string path_;
  std::vector<std::string>& notes_;
  std::vector<std::string> known_;
};

}  // namespace ra
