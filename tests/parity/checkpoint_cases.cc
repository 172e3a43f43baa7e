#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "ra/base/error.h"
#include "ra/model/checkpoint.h"
#include "topics.h"

namespace ra::parity {
namespace {

using nlohmann::json;

std::string dtype_name(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    case at::kLong:
      return "int64";
    case at::kInt:
      return "int32";
    case at::kShort:
      return "int16";
    case at::kChar:
      return "int8";
    case at::kByte:
      return "uint8";
    case at::kBool:
      return "bool";
    default:
      return "?";
  }
}

json describe_tensor(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().contiguous().reshape({-1});
  json first = json::array();
  for (std::int64_t k = 0; k < std::min<std::int64_t>(flat.numel(), 4); ++k) {
    if (flat.scalar_type() == at::kBool) {
      first.push_back(flat[k].item<bool>());
    } else if (flat.is_floating_point()) {
      first.push_back(flat[k].item<double>());
    } else {
      first.push_back(flat[k].item<std::int64_t>());
    }
  }
  json facts{{"shape", tensor.sizes().vec()}, {"dtype", dtype_name(tensor.scalar_type())}, {"first", first}};
  if (tensor.is_floating_point()) {
    facts["sum"] = flat.to(at::kDouble).sum().item<double>();
  } else {
    facts["sum"] = flat.to(at::kLong).sum().item<std::int64_t>();
  }
  return facts;
}

bool is_container(const CheckpointValue& value) {
  return std::holds_alternative<CheckpointValue::Dict>(value.value) || std::holds_alternative<at::Tensor>(value.value);
}

json plain(const CheckpointValue& value) {
  if (const auto* list = std::get_if<CheckpointValue::List>(&value.value)) {
    json items = json::array();
    for (const auto& item : *list) items.push_back(plain(item));
    return items;
  }
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) return *integer;
  if (const auto* real = std::get_if<double>(&value.value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  return nullptr;
}

std::string key_text(const CheckpointValue& key) {
  const json value = plain(key);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Flattens nested content into {path: facts}, as the sidecar files do.
void describe(const CheckpointValue& value, const std::string& name, json& facts) {
  const auto child = [&](const std::string& key) { return name.empty() ? key : name + "/" + key; };
  if (const auto* tensor = std::get_if<at::Tensor>(&value.value)) {
    facts[name] = describe_tensor(*tensor);
  } else if (const auto* dict = std::get_if<CheckpointValue::Dict>(&value.value)) {
    for (const auto& [key, item] : *dict) describe(item, child(key_text(key)), facts);
  } else if (const auto* list = std::get_if<CheckpointValue::List>(&value.value);
             list != nullptr && std::any_of(list->begin(), list->end(), is_container)) {
    for (std::size_t k = 0; k < list->size(); ++k) describe((*list)[k], child(std::to_string(k)), facts);
  } else {
    facts[name] = {{"value", plain(value)}};
  }
}

bool same_fact(const json& have, const json& want) {
  if (!want.contains("sum") || !have.contains("sum")) return have == want;
  // The sidecar's sums were added in another order.
  const double a = have.at("sum"), b = want.at("sum");
  const bool sums = std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
  return sums && have.at("shape") == want.at("shape") && have.at("dtype") == want.at("dtype") &&
         have.at("first") == want.at("first");
}

void check_loads(ParityCase& parity) {
  json have = json::object();
  describe(read_checkpoint(parity.input_path("checkpoint")).root, "", have);
  const json want = parity.input_json("facts");
  std::string difference;
  for (const auto& [key, fact] : want.items()) {
    if (!have.contains(key)) {
      difference = key + " is missing";
    } else if (!same_fact(have.at(key), fact)) {
      difference = fmt::format("{}: got {}, wanted {}", key, have.at(key).dump(), fact.dump());
    }
  }
  if (have.size() != want.size()) difference = fmt::format("{} entries, wanted {}", have.size(), want.size());
  parity.expect_true("content", difference.empty(), difference);
}

void check_refuses(ParityCase& parity) {
  try {
    read_checkpoint(parity.input_path("checkpoint"));
    parity.expect_true("refused", false, "a file that must be refused was read");
  } catch (const Error& error) {
    const std::string message = error.what();
    const bool readable = error.code() == ErrorCode::kBadInput && message.find('\n') == std::string::npos &&
                          message.find(parity.input_path("checkpoint").filename().string()) != std::string::npos;
    parity.expect_true("refused", readable, "not one readable line that names the file: " + message);
  }
}

}  // namespace

bool check_checkpoints(ParityCase& parity) {
  const std::string expect = parity.params().value("expect", "");
  if (expect == "load") {
    check_loads(parity);
  } else if (expect == "refuse") {
    check_refuses(parity);
  } else {
    return false;
  }
  return true;
}

}  // namespace ra::parity
