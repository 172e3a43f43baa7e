#include "ra/training/run_state.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ra/base/error.h"

namespace ra {
namespace {

using Json = nlohmann::ordered_json;

// Of the text below. Raise it when a program of today could not go on from the text.
constexpr int kFormat = 1;

Json json_of(const Validation& validation) {
  Json errors = Json::array();
  for (const RuleError& error : validation.errors) {
    errors.push_back(
        {{"rule", error.rule.text()}, {"squared_error", error.squared_error}, {"own_share", error.own_share}});
  }
  return {{"errors", errors},
          {"pixels", validation.pixels},
          {"input_contrast", validation.input_contrast},
          {"output_contrast", validation.output_contrast},
          {"output_level", validation.output_level},
          {"kl_per_latent", validation.kl_per_latent}};
}

Json json_of(const std::optional<Validation>& validation) { return validation ? json_of(*validation) : Json(nullptr); }

std::optional<Validation> validation_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  Validation validation;
  for (const Json& error : json.at("errors")) {
    validation.errors.push_back({LatentRule::parse(error.at("rule").get<std::string>()),
                                 error.at("squared_error").get<double>(), error.at("own_share").get<double>()});
  }
  validation.pixels = json.at("pixels");
  validation.input_contrast = json.at("input_contrast");
  validation.output_contrast = json.at("output_contrast");
  validation.output_level = json.at("output_level");
  validation.kl_per_latent = json.at("kl_per_latent").get<std::vector<double>>();
  return validation;
}

Json json_of(const Standing::Record& record) {
  // JSON has no infinity: null before the first introspective epoch.
  const bool any = std::isfinite(record.best_introspective_error);
  return {{"latest", json_of(record.latest)},
          {"best", json_of(record.best)},
          {"best_epoch", record.best_epoch},
          {"best_introspective_error", any ? Json(record.best_introspective_error) : Json(nullptr)},
          {"best_introspective_epoch", record.best_introspective_epoch},
          {"collapsed_epochs", record.collapsed_epochs}};
}

Standing::Record record_of(const Json& json) {
  Standing::Record record;
  record.latest = validation_of(json.at("latest"));
  record.best = validation_of(json.at("best"));
  record.best_epoch = json.at("best_epoch");
  if (!json.at("best_introspective_error").is_null()) {
    record.best_introspective_error = json.at("best_introspective_error");
  }
  record.best_introspective_epoch = json.at("best_introspective_epoch");
  record.collapsed_epochs = json.at("collapsed_epochs");
  return record;
}

Json json_of(const TrainingOrigin& origin) {
  Json data = Json::array();
  for (const DataIdentity& list : origin.data) {
    data.push_back({{"list", list.list}, {"files", list.files}, {"sha256", list.sha256}});
  }
  return {{"settings", origin.settings},
          {"data", data},
          {"program_version", origin.program_version},
          {"libtorch_version", origin.libtorch_version},
          {"threads", origin.threads}};
}

TrainingOrigin origin_of(const Json& json) {
  TrainingOrigin origin;
  origin.settings = json.at("settings").get<std::map<std::string, std::string>>();
  for (const Json& list : json.at("data")) {
    origin.data.push_back({list.at("list"), list.at("files"), list.at("sha256")});
  }
  origin.program_version = json.at("program_version");
  origin.libtorch_version = json.at("libtorch_version");
  origin.threads = json.at("threads");
  return origin;
}

RunState state_of(const Json& json) {
  const int format = json.at("format");
  if (format != kFormat) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("its run state has format {}, this program reads {}; use the version "
                            "of ra that wrote it",
                            format, kFormat));
  }
  RunState state;
  state.position = {json.at("epochs"), json.at("steps")};
  state.means = {json.at("means").at("sums").get<std::vector<double>>(),
                 json.at("means").at("counts").get<std::vector<std::int64_t>>()};
  state.standing = record_of(json.at("standing"));
  state.bad_steps = json.at("bad_steps");
  state.metric_rows = json.at("metric_rows");
  state.origin = origin_of(json.at("origin"));
  if (state.position.epochs < 0 || state.position.steps < 0 || state.metric_rows < 0) {
    throw Error(ErrorCode::kBadInput, "its run state has a position below 0");
  }
  return state;
}

}  // namespace

std::string RunState::to_json() const {
  const Json json = {{"format", kFormat},
                     {"epochs", position.epochs},
                     {"steps", position.steps},
                     {"means", {{"sums", means.sums}, {"counts", means.counts}}},
                     {"standing", json_of(standing)},
                     {"bad_steps", bad_steps},
                     {"metric_rows", metric_rows},
                     {"origin", json_of(origin)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

RunState RunState::from_json(const std::string& text) {
  try {
    return state_of(Json::parse(text));
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kBadInput, fmt::format("its run state cannot be read: {}", error.what()));
  }
}

}  // namespace ra
