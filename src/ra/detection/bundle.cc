#include "ra/detection/bundle.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/random.h"
#include "ra/detection/calibration_json.h"
#include "ra/detection/detection_options.h"
#include "ra/image/slices.h"
#include "ra/model/safetensors.h"
#include "ra/model/stored_zip_writer.h"
#include "ra/model/untrusted_bytes.h"
#include "ra/model/zip_records.h"

namespace ra {
namespace {

using nlohmann::json;

// Format 1 had one calibration, with its canary in the manifest.
constexpr int kFormat = 2;
constexpr const char* kManifest = "manifest.json";
constexpr const char* kWeights = "weights.safetensors";
constexpr const char* kArrays = "arrays.safetensors";
constexpr const char* kCalibration = "calibration.json";
constexpr const char* kBackbone = "perceptual_backbone.safetensors";
constexpr const char* kHeads = "perceptual_heads.safetensors";
constexpr int kCanaryGrid = 8;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// What a bundle holds beside its manifest, by name.
using Entries = std::vector<std::pair<std::string, std::string>>;

// Of the healthy maps of calibration k.
std::string map_name(const char* name, std::size_t k) { return k == 0 ? name : fmt::format("{}.{}", name, k); }

Entries entries_of(const Bundle& bundle) {
  StateDict arrays;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    if (tensor.defined()) arrays.push_back({name, tensor});
  };
  add("latent_noise", bundle.model.latent_noise);
  json calibrations = json::array();
  for (std::size_t k = 0; k < bundle.calibrations.size(); ++k) {
    const Calibration& one = bundle.calibrations[k];
    add(map_name("map_mean", k), one.map_mean);
    add(map_name("map_spread", k), one.map_spread);
    calibrations.push_back(to_json(one));
  }
  Entries entries = {{kWeights, safetensors_bytes(bundle.model.model->state())},
                     {kArrays, safetensors_bytes(arrays)},
                     {kCalibration, calibrations.dump(1)}};
  if (bundle.model.squeezenet) {
    entries.emplace_back(kBackbone, safetensors_bytes(bundle.model.squeezenet->backbone));
    entries.emplace_back(kHeads, safetensors_bytes(bundle.model.squeezenet->heads));
  }
  return entries;
}

json training_of(const std::optional<SeenSubjects>& seen) {
  if (!seen) return nullptr;
  return {{"training_subjects", seen->training},
          {"validation_subjects", seen->validation},
          {"overlap_allowed", seen->overlap_allowed}};
}

json manifest_of(const Bundle& bundle, const Entries& entries) {
  const InputOptions& input = bundle.model.input;
  json files = json::object();
  for (const auto& [name, content] : entries) files[name] = sha256_hex(bytes_of(content));
  return {{"format", kFormat},
          {"program_version", RA_VERSION},
          {"note", "research use only, not a medical device"},
          {"licence", bundle.licence},
          {"input",
           {{"image_size", input.image_size},
            {"image_channels", input.image_channels},
            {"scaling", std::string(to_string(input.scaling))}}},
          {"slices", bundle.calibrations.front().slices},
          {"latent", bundle.model.latent_rule->text()},
          {"perceptual", bundle.model.perceptual},
          {"backend", bundle.calibrations.front().detector.backend},
          {"precision", bundle.calibrations.front().detector.precision},
          {"training", training_of(bundle.model.subjects)},
          {"files", files}};
}

// The records of a bundle, hashes checked.
class Records {
 public:
  explicit Records(std::span<const std::byte> archive) {
    for (const ZipRecord& record : read_stored_zip(archive)) records_.emplace(record.name, record.bytes);
    manifest_ = parse(kManifest);
    format_ = manifest_.at("format").get<int>();
    if (format_ < 1 || format_ > kFormat) {
      refuse(
          fmt::format("its format version is {}, this program reads 1 to {}: use the program that wrote it, or "
                      "calibrate the model again",
                      format_, kFormat));
    }
    check_hashes();
  }

  const json& manifest() const { return manifest_; }
  int format() const { return format_; }
  bool has(const char* name) const { return records_.contains(name); }

  std::span<const std::byte> bytes(const std::string& name) const {
    const auto found = records_.find(name);
    if (found == records_.end()) refuse(fmt::format("it has no entry {}", printable(name)));
    return found->second;
  }

  json parse(const char* name) const {
    const auto content = bytes(name);
    const auto* text = reinterpret_cast<const char*>(content.data());
    return json::parse(text, text + content.size());
  }

  StateDict tensors(const char* name) const {
    const Checkpoint checkpoint = in_context(name, [&] { return read_safetensors(bytes(name)); });
    const auto* dict = std::get_if<CheckpointValue::Dict>(&checkpoint.root.value);
    return dict == nullptr || dict->empty() ? StateDict{} : checkpoint.weights();
  }

 private:
  void check_hashes() const {
    const auto files = manifest_.at("files").get<std::unordered_map<std::string, std::string>>();
    for (const auto& [name, hash] : files) {
      if (sha256_hex(bytes(name)) != hash) refuse(fmt::format("the hash of its entry {} is wrong", printable(name)));
    }
    for (const auto& [name, content] : records_) {
      if (name != kManifest && !files.contains(name)) {
        refuse(fmt::format("its manifest does not name the entry {}", printable(name)));
      }
    }
  }

  std::unordered_map<std::string, std::span<const std::byte>> records_;
  json manifest_;
  int format_ = 0;
};

at::Tensor array_of(const StateDict& arrays, const std::string& name, at::IntArrayRef shape) {
  const at::Tensor tensor = find_tensor(arrays, name);
  if (!tensor.defined()) return tensor;
  if (tensor.sizes() != shape || tensor.scalar_type() != at::kFloat || !tensor.isfinite().all().item<bool>()) {
    refuse(
        fmt::format("{} of {} has another shape or type than it must, or values that are not finite", name, kArrays));
  }
  return tensor;
}

ModelFile model_of(const Records& records, const StateDict& arrays) {
  const json& manifest = records.manifest();
  ModelFile file = in_context(kWeights, [&] { return model_file_of(records.tensors(kWeights)); });
  const json& input = manifest.at("input");
  if (input.at("image_size").get<int>() != file.input.image_size ||
      input.at("image_channels").get<int>() != file.input.image_channels) {
    refuse("its manifest describes another input than its weights");
  }
  file.input.scaling = input_scaling_from_string(input.at("scaling").get<std::string>());
  file.latent_rule = LatentRule::parse(manifest.at("latent").get<std::string>());
  file.latent_noise = array_of(arrays, "latent_noise", {file.latent_rule->draws(), file.model->options().latent_size});
  if (file.latent_rule->uses_noise() && !file.latent_noise.defined()) refuse("it lacks the noise of its latent rule");
  file.perceptual = manifest.at("perceptual").get<std::string>();
  if (records.has(kBackbone)) file.squeezenet = {records.tensors(kBackbone), records.tensors(kHeads)};
  if (const json& training = manifest.at("training"); !training.is_null()) {
    file.subjects = {training.at("training_subjects").get<std::vector<std::string>>(),
                     training.at("validation_subjects").get<std::vector<std::string>>(),
                     training.at("overlap_allowed").get<bool>()};
  }
  return file;
}

// calibration.json as the list that it is today.
json calibration_list(const Records& records) {
  json content = records.parse(kCalibration);
  if (records.format() > 1) return content;
  content["canary"] = records.manifest().at("canary");
  return json::array({content});
}

std::vector<Calibration> calibrations_of(const Records& records, const StateDict& arrays, std::int64_t side) {
  std::vector<Calibration> calibrations;
  for (const json& item : calibration_list(records)) {
    Calibration one = calibration_from_json(item);
    one.map_mean = array_of(arrays, map_name("map_mean", calibrations.size()), {side, side});
    one.map_spread = array_of(arrays, map_name("map_spread", calibrations.size()), {side, side});
    SliceRule::parse(one.slices);
    if (!knows_engine(one.detector.backend, one.detector.precision)) {
      refuse(fmt::format("it is calibrated for the backend {} in {}, which this program does not have",
                         printable(one.detector.backend), printable(one.detector.precision)));
    }
    calibrations.push_back(std::move(one));
  }
  if (calibrations.empty()) refuse("it holds no calibration");
  return calibrations;
}

Bundle parse_bundle(std::span<const std::byte> archive) {
  const Records records(archive);
  const StateDict arrays = records.tensors(kArrays);
  ModelFile model = model_of(records, arrays);
  const std::int64_t side = model.input.image_size;
  return {std::move(model), calibrations_of(records, arrays, side),
          records.manifest().at("licence").get<std::string>()};
}

}  // namespace

at::Tensor canary_image(std::uint64_t seed, const InputOptions& input) {
  at::Tensor grid = at::empty({1, input.image_channels, kCanaryGrid, kCanaryGrid});
  CounterRandom random(seed, 0, 0, Purpose::kCanary);
  for (std::int64_t k = 0; k < grid.numel(); ++k) grid.data_ptr<float>()[k] = static_cast<float>(random.uniform());
  return at::upsample_bilinear2d(grid, {input.image_size, input.image_size}, false);
}

bool is_bundle(const std::filesystem::path& path) {
  // A zip's first record begins so: mark, 26 bytes, name.
  constexpr std::size_t kNameAt = 30;
  const std::string name = kManifest;
  std::string head(kNameAt + name.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(head.data(), static_cast<std::streamsize>(head.size()))) return false;
  return head.starts_with(std::string("PK\x03\x04")) && head.substr(kNameAt) == name;
}

Bundle read_bundle(const std::filesystem::path& path) {
  const std::vector<std::byte> archive = read_file(path);
  auto hash = std::async(std::launch::async, [&] { return sha256_hex(archive); });
  return in_context(fmt::format("bundle '{}'", path.string()), [&] {
    try {
      Bundle bundle = parse_bundle(archive);
      bundle.model.sha256 = hash.get();
      return bundle;
    } catch (const json::exception& error) {
      refuse(fmt::format("its manifest or calibration is not what it must be ({})", printable(error.what(), 160)));
    } catch (const Error& error) {
      throw Error(ErrorCode::kBadInput, error.what());
    }
  });
}

void write_bundle(const std::filesystem::path& path, const Bundle& bundle) {
  const Entries entries = entries_of(bundle);
  const std::string manifest = manifest_of(bundle, entries).dump(1);
  AtomicFile file(path);
  StoredZipWriter writer(file);
  writer.add(kManifest, bytes_of(manifest));
  for (const auto& [name, content] : entries) writer.add(name, bytes_of(content));
  writer.finish();
  file.commit([](const std::filesystem::path& written) { read_bundle(written); });
}

}  // namespace ra
