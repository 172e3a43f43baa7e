#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ra {

// A YAML document as a plain tree: aliases are copied out and `<<` merges resolved, so that changing one place
// never changes another. Only this file's source knows yaml-cpp.
struct YamlEntry;
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  int line = 0;                    // from 1; 0 where there is no file
  std::string text;                // of a scalar
  bool quoted = false;             // a scalar that is text whatever it looks like
  std::vector<YamlNode> items;     // of a sequence
  std::vector<YamlEntry> entries;  // of a map, in file order, keys distinct

  const YamlNode* find(std::string_view key) const;  // value of `key` in a map; nullptr if absent or no map
  std::vector<std::string> keys() const;             // of a map
};
struct YamlEntry {
  std::string key;
  int line = 0;
  YamlNode value;
};

// One document. `origin` (the file, or the option that holds the text) begins every message. kUsage with line and
// reason for: a syntax error, a second document, a duplicate key, an alias inside its own anchor, a merge of
// something that is no map, a tag other than the standard ones and !!python/tuple, more than 100,000 values or 64
// levels after aliases are copied out.
YamlNode parse_yaml(std::string_view text, const std::string& origin);
// The same of a file; kUsage too when it is missing, unreadable or larger than 4 MiB.
YamlNode read_yaml(const std::filesystem::path& path);

// "origin:line", or the origin alone without a line.
std::string yaml_place(const std::string& origin, int line);

// What a scalar means. kUsage "PLACE: NAME must be ..., not '...'". Numbers are read strictly: 017, 1_000, 1:30 and
// 0x10 mean different things to different YAML readers and are refused.
bool yaml_bool(const YamlNode& node, const std::string& origin, const std::string& name);
std::int64_t yaml_integer(const YamlNode& node, const std::string& origin, const std::string& name);
double yaml_number(const YamlNode& node, const std::string& origin, const std::string& name);
std::string yaml_text(const YamlNode& node, const std::string& origin, const std::string& name);  // "" for null
// A list of texts; a single text is a list of one, null is empty.
std::vector<std::string> yaml_texts(const YamlNode& node, const std::string& origin, const std::string& name);

}  // namespace ra
