#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ra/experiment/experiment_config.h"

namespace ra {

class FieldVisitor;

// A key of an experiment file and the comment that `ra config show` prints above it.
struct Field {
  std::string_view key;
  std::string_view comment;
};

// One word of a field that takes a fixed set of words.
template <class T>
struct Word {
  std::string_view word;
  T value;
};

// A list of sections as a visitor sees it.
struct SectionList {
  std::size_t size = 0;
  std::function<void(std::size_t)> resize;  // to default sections
  std::function<void(FieldVisitor&, std::size_t)> visit;
};

// Sees every field of an ExperimentConfig once, in file order. Reading, writing, the schema and --set are visitors
// of visit_fields(), so that a field stands in one place.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;

  virtual void value(const Field& field, bool& value) = 0;
  virtual void value(const Field& field, int& value) = 0;
  virtual void value(const Field& field, std::uint64_t& value) = 0;
  virtual void value(const Field& field, double& value) = 0;
  virtual void value(const Field& field, std::string& value) = 0;
  virtual void value(const Field& field, std::vector<int>& value) = 0;
  virtual void value(const Field& field, std::vector<std::string>& value) = 0;
  // A text that must be one of `words`.
  virtual void choice(const Field& field, const std::vector<std::string>& words, std::string& value) = 0;
  virtual void section(const Field& field, const std::function<void(FieldVisitor&)>& visit) = 0;
  virtual void list(const Field& field, const SectionList& sections) = 0;
};

void visit_fields(FieldVisitor& visitor, ExperimentConfig& config);

}  // namespace ra
