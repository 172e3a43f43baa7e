#include "ra/experiment/config_schema.h"

#include <nlohmann/json.hpp>

#include "ra/experiment/config_fields.h"

namespace ra {
namespace {

using Json = nlohmann::ordered_json;

// Collects the schema of one section.
class SchemaWriter : public FieldVisitor {
 public:
  void value(const Field& field, bool& value) override { add(field, {{"type", "boolean"}, {"default", value}}); }
  void value(const Field& field, int& value) override { add(field, {{"type", "integer"}, {"default", value}}); }
  void value(const Field& field, std::uint64_t& value) override {
    add(field, {{"type", "integer"}, {"minimum", 0}, {"default", value}});
  }
  void value(const Field& field, double& value) override { add(field, {{"type", "number"}, {"default", value}}); }
  void value(const Field& field, std::string& value) override {
    add(field, {{"type", Json::array({"string", "null"})}, {"default", value}});
  }
  void value(const Field& field, std::vector<int>& value) override {
    add(field, {{"type", "array"}, {"items", {{"type", "integer"}}}, {"default", value}});
  }
  void value(const Field& field, std::vector<std::string>& value) override {
    // A single entry may stand without its brackets.
    add(field,
        {{"type", Json::array({"array", "string", "null"})}, {"items", {{"type", "string"}}}, {"default", value}});
  }
  void choice(const Field& field, const std::vector<std::string>& words, std::string& value) override {
    add(field, {{"enum", words}, {"default", value}});
  }
  void section(const Field& field, const std::function<void(FieldVisitor&)>& visit) override {
    SchemaWriter inner;
    visit(inner);
    add(field, inner.object({"object", "null"}));
  }
  void list(const Field& field, const SectionList& sections) override {
    sections.resize(1);
    SchemaWriter inner;
    sections.visit(inner, 0);
    add(field, {{"type", Json::array({"array", "null"})}, {"items", inner.object({"object"})}});
  }

  Json object(const std::vector<std::string>& types) const {
    return {{"type", types.size() == 1 ? Json(types.front()) : Json(types)},
            {"additionalProperties", false},
            {"properties", properties_}};
  }

 private:
  void add(const Field& field, Json schema) {
    schema["description"] = std::string(field.comment);
    properties_[std::string(field.key)] = std::move(schema);
  }

  Json properties_ = Json::object();
};

}  // namespace

std::string config_schema() {
  ExperimentConfig config;
  SchemaWriter writer;
  visit_fields(writer, config);
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "ra experiment file"}};
  schema.update(writer.object({"object"}));
  return schema.dump(2) + "\n";
}

}  // namespace ra
