#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace ra::parity {

// One case of the manifest of golden vectors, and the record of what a test compared with it.
class ParityCase {
 public:
  ParityCase(std::filesystem::path folder, nlohmann::json entry)
      : folder_(std::move(folder)), entry_(std::move(entry)) {}

  std::string id() const { return entry_.at("id"); }
  const nlohmann::json& params() const;
  bool has_input(const std::string& key) const;
  std::filesystem::path input_path(const std::string& key) const;
  // An .npy input with its own dtype and shape.
  at::Tensor input(const std::string& key) const;
  nlohmann::json input_json(const std::string& key) const;
  bool has_output(const std::string& key) const;
  at::Tensor output(const std::string& key) const;

  // Compares with an expected array: every element within atol + rtol |want|.
  void expect_array(const std::string& key, const at::Tensor& got);
  // Compares with an expected scalar; nullopt stands for "undefined" (null in the manifest).
  void expect_scalar(const std::string& key, std::optional<double> got);
  // Records a comparison that has no array: a file loaded or refused as it must be.
  void expect_true(const std::string& what, bool fine, const std::string& explanation);
  // Fails for every expected array or scalar that was not compared.
  void expect_all_compared() const;

 private:
  void record(const std::string& key, double largest, double atol, double rtol, double worst_ratio);

  std::filesystem::path folder_;
  nlohmann::json entry_;
  std::set<std::string> compared_;
};

// What GoogleTest prints for a case.
inline void PrintTo(const ParityCase& parity, std::ostream* stream) { *stream << parity.id(); }

// All cases, in file order; empty where the shared folder is absent.
std::vector<ParityCase> load_cases();

// The .npy file as a tensor of its own dtype.
at::Tensor load_npy(const std::filesystem::path& path);

// One row of docs/parity.md.
struct ParityRow {
  std::string id, key;
  double largest, atol, rtol, worst_ratio;
};
const std::vector<ParityRow>& recorded_rows();

}  // namespace ra::parity
