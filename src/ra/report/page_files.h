#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ra/report/page_csv.h"

namespace ra {

using Json = nlohmann::ordered_json;

// What an evaluation folder holds (`ra evaluate`, or one downstream task of `ra run`).
struct EvaluationFiles {
  std::string name;  // the folder's
  std::filesystem::path folder;
  Json results = Json::object();  // results.json; its lists are there, and are lists of objects
  CsvTable cases, boxes, latents, latents_pca;
  std::vector<std::filesystem::path> sheets;  // gallery/sheet_*.png, in order

  const Json& metrics() const { return results.at("metrics"); }
  const Json& curves() const { return results.at("curves"); }
};

// What the output folder of `ra run`, `train`, `evaluate` or `screen` holds of what a report shows.
struct RunFiles {
  std::string name;  // the folder's
  std::filesystem::path folder;
  std::string configuration;   // config.yaml as it is
  Json environment;            // environment.json, null where absent
  std::vector<Json> training;  // rows of metrics.jsonl
  std::vector<EvaluationFiles> evaluations;
  CsvTable scores;                              // scores.csv of a screening
  Json screening = Json::object();              // screening.json beside it
  std::vector<std::filesystem::path> overlays;  // of a screening
  std::vector<std::filesystem::path> examples;  // figures/epoch_*.png, in order
  std::vector<std::string> problems;  // files that are broken, half-written or hold numbers that are not finite
};

// Reads a folder; a broken file becomes a problem, and the rest is read. An unfinished last line of metrics.jsonl is
// no problem: the run is writing. kUsage, saying what is expected, when the folder is missing or holds nothing known.
RunFiles read_run_files(const std::filesystem::path& folder);

// The member if it is a finite number.
std::optional<double> finite_number(const Json& object, const char* member);
// The member if it is text, "" otherwise.
std::string text_of(const Json& object, const char* member);

}  // namespace ra
