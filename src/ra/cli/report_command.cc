#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/report/page.h"

namespace ra {
namespace {

struct ReportVerbOptions {
  CommonOptions common;
  std::vector<std::string> runs;
  std::string output;
};

int report(const ReportVerbOptions& verb) {
  apply_common_options(verb.common);
  ReportOptions options;
  options.runs.assign(verb.runs.begin(), verb.runs.end());
  options.output = verb.output;
  if (verb.output.empty()) {
    options.output = options.runs.size() == 1 ? options.runs.front() / "report.html" : "report.html";
  }
  options.overwrite = verb.common.overwrite;
  options.generator = "ra " RA_VERSION;
  const ReportSummary summary = write_report(options);
  for (const std::string& problem : summary.problems) fmt::print(stderr, "ra: error: {}\n", problem);
  if (!verb.common.quiet) {
    fmt::print("Report: {} ({:.1f} MB, {} figures)\nResearch use only; not a medical device.\n",
               options.output.string(), static_cast<double>(summary.bytes) / 1e6, summary.figures);
  }
  return summary.problems.empty() ? kExitSuccess : kExitInputsFailed;
}

}  // namespace

void add_report_command(CLI::App& app) {
  auto options = std::make_shared<ReportVerbOptions>();
  CLI::App& command = add_verb(app, "report", "One page of what runs, evaluations or screenings came to",
                               "ra report runs/demo --output demo.html");
  command
      .add_option("RUN", options->runs,
                  "Output folders of run, train, evaluate or screen; differences are to the first")
      ->required();
  command.add_option("--output", options->output,
                     "The page; RUN/report.html where absent (report.html here for several)");
  add_overwrite_option(command, options->common);
  add_log_options(command, options->common);
  on_run(command, [options] { return report(*options); });
}

}  // namespace ra
