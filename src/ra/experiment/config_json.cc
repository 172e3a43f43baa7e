#include "ra/experiment/config_json.h"

#include <nlohmann/json.hpp>

#include "ra/experiment/config_fields.h"

namespace ra {
namespace {

using Json = nlohmann::ordered_json;

// Collects the fields of one section.
class JsonWriter : public FieldVisitor {
 public:
  void value(const Field& field, bool& value) override { add(field, value); }
  void value(const Field& field, int& value) override { add(field, value); }
  void value(const Field& field, std::uint64_t& value) override { add(field, value); }
  void value(const Field& field, double& value) override { add(field, value); }
  void value(const Field& field, std::string& value) override { add(field, value); }
  void value(const Field& field, std::vector<int>& value) override { add(field, value); }
  void value(const Field& field, std::vector<std::string>& value) override { add(field, value); }
  void choice(const Field& field, const std::vector<std::string>&, std::string& value) override { add(field, value); }
  void section(const Field& field, const std::function<void(FieldVisitor&)>& visit) override {
    JsonWriter inner;
    visit(inner);
    add(field, inner.json_);
  }
  void list(const Field& field, const SectionList& sections) override {
    Json items = Json::array();
    for (std::size_t k = 0; k < sections.size; ++k) {
      JsonWriter inner;
      sections.visit(inner, k);
      items.push_back(inner.json_);
    }
    add(field, items);
  }

  const Json& json() const { return json_; }

 private:
  void add(const Field& field, Json value) { json_[std::string(field.key)] = std::move(value); }

  Json json_ = Json::object();
};

}  // namespace

std::vector<std::pair<std::string, std::string>> config_json(const ExperimentConfig& config) {
  ExperimentConfig copy = config;  // visitors may write
  JsonWriter writer;
  visit_fields(writer, copy);
  std::vector<std::pair<std::string, std::string>> items;
  for (const auto& [key, value] : writer.json().items()) {
    items.emplace_back(key, value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return items;
}

}  // namespace ra
