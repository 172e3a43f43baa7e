#include "parity_case.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "ra/io/npy.h"
#include "ra/testing/shared_data.h"

namespace ra::parity {
namespace {

std::vector<ParityRow>& rows() {
  static std::vector<ParityRow> rows;
  return rows;
}

at::ScalarType scalar_type(const std::string& dtype) {
  if (dtype == "f4") return at::kFloat;
  if (dtype == "f8") return at::kDouble;
  if (dtype == "i8") return at::kLong;
  if (dtype == "i4") return at::kInt;
  if (dtype == "u1") return at::kByte;
  if (dtype == "u2") return at::kUInt16;
  throw std::runtime_error("parity file with dtype " + dtype);
}

}  // namespace

at::Tensor load_npy(const std::filesystem::path& path) {
  const NpyArray array = read_npy(path);
  at::Tensor tensor = at::empty(array.shape, at::TensorOptions().dtype(scalar_type(array.dtype)));
  std::memcpy(tensor.data_ptr(), array.data.data(), array.data.size());
  return tensor;
}

const nlohmann::json& ParityCase::params() const {
  static const nlohmann::json kNone = nlohmann::json::object();
  return entry_.contains("params") ? entry_.at("params") : kNone;
}

bool ParityCase::has_input(const std::string& key) const {
  return entry_.contains("inputs") && entry_.at("inputs").contains(key);
}

std::filesystem::path ParityCase::input_path(const std::string& key) const {
  return folder_ / entry_.at("inputs").at(key).at("file").get<std::string>();
}

at::Tensor ParityCase::input(const std::string& key) const { return load_npy(input_path(key)); }

nlohmann::json ParityCase::input_json(const std::string& key) const {
  std::ifstream file(input_path(key));
  return nlohmann::json::parse(file);
}

bool ParityCase::has_output(const std::string& key) const {
  return entry_.contains("outputs") && entry_.at("outputs").contains(key);
}

at::Tensor ParityCase::output(const std::string& key) const {
  return load_npy(folder_ / entry_.at("outputs").at(key).at("file").get<std::string>());
}

void ParityCase::expect_array(const std::string& key, const at::Tensor& got) {
  compared_.insert(key);
  ASSERT_TRUE(has_output(key)) << id() << " has no output " << key;
  const auto& entry = entry_.at("outputs").at(key);
  const double atol = entry.at("atol"), rtol = entry.at("rtol");
  const at::Tensor want = output(key).to(at::kDouble);
  const at::Tensor have = got.detach().to(at::kDouble).reshape(want.sizes());
  ASSERT_EQ(have.numel(), want.numel()) << id() << " " << key;
  const at::Tensor difference = (have - want).abs();
  const at::Tensor allowed = want.abs().mul(rtol).add(atol);
  const double largest = difference.max().item<double>();
  const std::int64_t outside = (difference <= allowed).logical_not().sum().item<std::int64_t>();
  const double ratio =
      allowed.min().item<double>() > 0 ? (difference / allowed).max().item<double>() : (largest == 0 ? 0.0 : INFINITY);
  record(key, largest, atol, rtol, ratio);
  EXPECT_EQ(outside, 0) << id() << " " << key << ": " << outside << " of " << want.numel()
                        << " values outside the tolerance, largest difference " << largest;
}

void ParityCase::expect_scalar(const std::string& key, std::optional<double> got) {
  compared_.insert(key);
  ASSERT_TRUE(entry_.contains("expected") && entry_.at("expected").contains(key)) << id() << " expects no " << key;
  const auto& entry = entry_.at("expected").at(key);
  if (entry.at("value").is_null()) {
    EXPECT_FALSE(got.has_value()) << id() << " " << key << " must be undefined";
    record(key, 0, 0, 0, 0);
    return;
  }
  const double want = entry.at("value"), atol = entry.at("atol"), rtol = entry.at("rtol");
  ASSERT_TRUE(got.has_value()) << id() << " " << key << " is undefined, wanted " << want;
  const double difference = std::abs(*got - want), allowed = atol + rtol * std::abs(want);
  record(key, difference, atol, rtol, difference == 0 ? 0 : difference / allowed);
  EXPECT_LE(difference, allowed) << id() << " " << key << ": got " << *got << ", wanted " << want;
}

void ParityCase::expect_true(const std::string& what, bool fine, const std::string& explanation) {
  record(what, fine ? 0 : INFINITY, 0, 0, fine ? 0 : INFINITY);
  EXPECT_TRUE(fine) << id() << ": " << explanation;
}

void ParityCase::expect_all_compared() const {
  for (const char* group : {"outputs", "expected"}) {
    if (!entry_.contains(group)) continue;
    for (const auto& [key, value] : entry_.at(group).items()) {
      EXPECT_TRUE(compared_.contains(key)) << id() << ": nothing was compared with " << group << " " << key;
    }
  }
}

void ParityCase::record(const std::string& key, double largest, double atol, double rtol, double worst_ratio) {
  rows().push_back({id(), key, largest, atol, rtol, worst_ratio});
}

std::vector<ParityCase> load_cases() {
  const auto shared = testing::shared_folder();
  std::vector<ParityCase> cases;
  if (!shared || !std::filesystem::exists(*shared / "parity" / "manifest.json")) return cases;
  std::ifstream file(*shared / "parity" / "manifest.json");
  const auto manifest = nlohmann::json::parse(file);
  for (const auto& entry : manifest.at("cases")) cases.emplace_back(*shared / "parity", entry);
  return cases;
}

const std::vector<ParityRow>& recorded_rows() { return rows(); }

}  // namespace ra::parity
