#include "ra/model/section_text.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ra/base/error.h"

namespace ra {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSection = "ra";

Json tensor_to_json(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kFloat).contiguous();
  const float* first = values.data_ptr<float>();
  return {{"shape", values.sizes().vec()}, {"values", std::vector<float>(first, first + values.numel())}};
}

Json to_json(const CheckpointValue& value) {
  if (const auto* dict = std::get_if<CheckpointValue::Dict>(&value.value)) {
    Json object = Json::object();
    for (const auto& [key, item] : *dict) object[std::get<std::string>(key.value)] = to_json(item);
    return object;
  }
  if (const auto* list = std::get_if<CheckpointValue::List>(&value.value)) {
    Json array = Json::array();
    for (const CheckpointValue& item : *list) array.push_back(to_json(item));
    return array;
  }
  if (const auto* tensor = std::get_if<at::Tensor>(&value.value)) return tensor_to_json(*tensor);
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) return *integer;
  // JSON knows no NaN; a value that is not known is null.
  if (const auto* real = std::get_if<double>(&value.value); real != nullptr && std::isfinite(*real)) return *real;
  return nullptr;
}

at::Tensor tensor_from_json(const Json& object) {
  const auto shape = object.at("shape").get<std::vector<std::int64_t>>();
  const auto values = object.at("values").get<std::vector<float>>();
  return at::tensor(values).reshape(shape);
}

CheckpointValue from_json(const Json& json) {
  if (json.is_object()) {
    if (json.size() == 2 && json.contains("shape") && json.contains("values")) return {tensor_from_json(json)};
    CheckpointValue::Dict dict;
    for (const auto& [key, item] : json.items()) dict.emplace_back(CheckpointValue{key}, from_json(item));
    return {std::move(dict)};
  }
  if (json.is_array()) {
    CheckpointValue::List list;
    for (const Json& item : json) list.push_back(from_json(item));
    return {std::move(list)};
  }
  if (json.is_string()) return {json.get<std::string>()};
  if (json.is_boolean()) return {json.get<bool>()};
  if (json.is_number_integer()) return {json.get<std::int64_t>()};
  if (json.is_number()) return {json.get<double>()};
  return {};
}

}  // namespace

std::string section_to_text(const CheckpointValue& section) { return to_json(section).dump(); }

CheckpointValue section_from_text(const std::string& text) {
  try {
    return from_json(Json::parse(text));
  } catch (const std::exception&) {
    throw Error(ErrorCode::kBadInput, "its metadata `ra` is no section that ra wrote");
  }
}

std::optional<CheckpointValue> find_section(const Checkpoint& checkpoint) {
  if (const CheckpointValue* section = checkpoint.root.find(kSection)) return *section;
  const auto found = checkpoint.metadata.find(kSection);
  if (found == checkpoint.metadata.end()) return std::nullopt;
  return section_from_text(found->second);
}

}  // namespace ra
