#include "ra/experiment/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"

namespace ra {
namespace {

constexpr int kMaxValues = 100000;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

[[noreturn]] void refuse(const std::string& origin, int line, const std::string& reason) {
  throw Error(ErrorCode::kUsage, yaml_place(origin, line) + ": " + reason);
}

bool is_known_tag(const std::string& tag) {
  static constexpr std::array<std::string_view, 10> kKnown{"",
                                                           "?",
                                                           "!",
                                                           "tag:yaml.org,2002:python/tuple",
                                                           "tag:yaml.org,2002:str",
                                                           "tag:yaml.org,2002:int",
                                                           "tag:yaml.org,2002:float",
                                                           "tag:yaml.org,2002:bool",
                                                           "tag:yaml.org,2002:seq",
                                                           "tag:yaml.org,2002:map"};
  return std::find(kKnown.begin(), kKnown.end(), tag) != kKnown.end();
}

// Copies a yaml-cpp document out. yaml-cpp shares the node of an alias with its anchor and leaves duplicate keys,
// merges and loops to the reader.
class Copier {
 public:
  explicit Copier(const std::string& origin) : origin_(origin) {}

  YamlNode copy(const YAML::Node& source) {
    const int line = source.Mark().line + 1;
    if (++values_ > kMaxValues) refuse(origin_, line, fmt::format("more than {} values", kMaxValues));
    if (open_.size() > kMaxDepth) refuse(origin_, line, fmt::format("more than {} levels", kMaxDepth));
    if (!is_known_tag(source.Tag())) refuse(origin_, line, fmt::format("unknown tag '{}'", source.Tag()));
    const bool nested = source.IsMap() || source.IsSequence();
    if (nested && std::any_of(open_.begin(), open_.end(), [&](const YAML::Node& node) { return node.is(source); })) {
      refuse(origin_, line, "an alias inside its own anchor: the value would contain itself");
    }
    YamlNode result;
    result.line = line;
    if (source.IsScalar()) {
      result.kind = YamlNode::Kind::kScalar;
      result.text = source.Scalar();
      result.quoted = source.Tag() == "!" || source.Tag() == "tag:yaml.org,2002:str";
    } else if (nested) {
      open_.push_back(source);
      source.IsMap() ? copy_map(source, result) : copy_sequence(source, result);
      open_.pop_back();
    }
    return result;
  }

 private:
  void copy_sequence(const YAML::Node& source, YamlNode& result) {
    result.kind = YamlNode::Kind::kSequence;
    for (const auto& item : source) result.items.push_back(copy(item));
  }

  void copy_map(const YAML::Node& source, YamlNode& result) {
    result.kind = YamlNode::Kind::kMap;
    std::vector<YamlNode> merged;
    for (const auto& entry : source) {
      const int line = entry.first.Mark().line + 1;
      if (!entry.first.IsScalar()) refuse(origin_, line, "a key that is not plain text");
      const std::string key = entry.first.Scalar();
      if (key == "<<" && entry.first.Tag() != "!") {
        add_merged(copy(entry.second), line, merged);
        continue;
      }
      for (const YamlEntry& other : result.entries) {
        if (other.key == key) {
          refuse(origin_, line, fmt::format("key '{}' stands twice, first in line {}", key, other.line));
        }
      }
      result.entries.push_back({key, line, copy(entry.second)});
    }
    // The map's own keys win over merged ones, earlier merges over later ones.
    for (YamlNode& map : merged) {
      for (YamlEntry& entry : map.entries) {
        if (result.find(entry.key) == nullptr) result.entries.push_back(std::move(entry));
      }
    }
  }

  void add_merged(YamlNode value, int line, std::vector<YamlNode>& merged) {
    std::vector<YamlNode> maps;
    if (value.kind == YamlNode::Kind::kSequence) {
      maps = std::move(value.items);
    } else {
      maps.push_back(std::move(value));
    }
    for (YamlNode& map : maps) {
      if (map.kind != YamlNode::Kind::kMap) refuse(origin_, line, "'<<' merges only maps");
      merged.push_back(std::move(map));
    }
  }

  const std::string& origin_;
  std::vector<YAML::Node> open_;  // the maps and sequences that the current value lies in
  int values_ = 0;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::vector<std::string> YamlNode::keys() const {
  std::vector<std::string> result;
  for (const YamlEntry& entry : entries) result.push_back(entry.key);
  return result;
}

std::string yaml_place(const std::string& origin, int line) {
  return line > 0 ? fmt::format("{}:{}", origin, line) : origin;
}

YamlNode parse_yaml(std::string_view text, const std::string& origin) {
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(std::string(text));
  } catch (const YAML::Exception& error) {
    // yaml-cpp says "bad file" when the nesting is too deep for it.
    refuse(origin, error.mark.is_null() ? 0 : error.mark.line + 1,
           error.msg == "bad file" ? "not YAML, or nested too deeply" : "not YAML: " + error.msg);
  }
  if (documents.size() > 1) refuse(origin, 0, fmt::format("{} documents in one file; keep one", documents.size()));
  if (documents.empty()) return {};
  try {
    return Copier(origin).copy(documents.front());
  } catch (const YAML::Exception& error) {
    refuse(origin, error.mark.is_null() ? 0 : error.mark.line + 1, "not YAML: " + error.msg);
  }
}

YamlNode read_yaml(const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_text_file(path, kMaxBytes);
  } catch (const Error& error) {
    throw Error(ErrorCode::kUsage, fmt::format("experiment file: {}", error.what()));
  }
  return parse_yaml(text, path.string());
}

}  // namespace ra
