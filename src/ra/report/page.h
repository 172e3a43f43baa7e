#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace ra {

struct ReportOptions {
  // Output folders of ra run, train, evaluate or screen; differences are to the first.
  std::vector<std::filesystem::path> runs;
  // The page. Beside it, <name>_files/ gets results.json, metrics.csv, curves.csv, differences.csv and the figures'
  // Vega-Lite specifications.
  std::filesystem::path output;
  bool overwrite = false;  // a file of another origin; an earlier report is replaced without it
  std::string generator;   // "ra 0.1.0"
};

struct ReportSummary {
  std::size_t bytes = 0;  // of the page
  std::size_t figures = 0;
  std::vector<std::string> problems;  // files that are broken or half-written
};

// Writes one HTML page that needs no network and no other file. kUsage when a run holds nothing known, or when
// `output` is a file that is no report and `overwrite` is not set; kIo when it cannot be written.
ReportSummary write_report(const ReportOptions& options);

}  // namespace ra
