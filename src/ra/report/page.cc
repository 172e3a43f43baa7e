#include "ra/report/page.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <set>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/report/page_assets.h"
#include "ra/report/page_body.h"
#include "ra/report/page_comparison.h"
#include "ra/report/page_files.h"
#include "ra/report/page_html.h"
#include "ra/report/page_metrics.h"
#include "ra/report/page_pictures.h"
#include "ra/report/page_sections.h"
#include "ra/report/page_training.h"
#include "ra/report/training_warnings.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMark = "<meta name=\"generator\" content=\"ra report";
// Latent vectors beyond this are left out of the page (the principal components stay).
constexpr std::size_t kMaxLatentValues = std::size_t{1} << 21;

std::string dumped(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string now_text() {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

// Pictures and vectors that the script of the page takes out of the document when it needs them.
class Attachments {
 public:
  void add(const std::string& id, std::span<const std::byte> bytes) {
    html_ += "<script type=\"text/plain\" id=\"" + id + "\">" + base64(bytes) + "</script>\n";
  }
  const std::string& html() const { return html_; }

 private:
  std::string html_;
};

// cases.csv by columns, numbers as numbers.
Json columns_of(const CsvTable& table) {
  static const std::set<std::string> kTexts = {"set", "image", "subject", "class"};
  Json columns = Json::object();
  for (const std::string& column : table.columns) {
    Json values = Json::array();
    for (std::size_t k = 0; k < table.rows.size(); ++k) {
      const std::optional<double> number = kTexts.contains(column) ? std::nullopt : table.number(k, column);
      if (number) {
        values.push_back(*number);
      } else if (table.text(k, column).empty()) {
        values.push_back(nullptr);
      } else {
        values.push_back(table.text(k, column));
      }
    }
    columns[column] = std::move(values);
  }
  return columns;
}

// The vectors of latents.csv as float32, row after row; null where there are none or too many.
Json attach_latents(const CsvTable& table, const std::string& prefix, Attachments& attachments) {
  std::vector<std::string> names;
  for (const std::string& column : table.columns) {
    if (column.size() > 1 && column[0] == 'z' && std::isdigit(static_cast<unsigned char>(column[1])))
      names.push_back(column);
  }
  if (names.empty() || table.empty() || names.size() * table.rows.size() > kMaxLatentValues) return nullptr;
  std::vector<float> values;
  values.reserve(names.size() * table.rows.size());
  Json cases = Json::array(), kinds = Json::array();
  for (std::size_t k = 0; k < table.rows.size(); ++k) {
    for (const std::string& name : names) values.push_back(static_cast<float>(table.number(k, name).value_or(0.0)));
    cases.push_back(table.number(k, "case").value_or(-1));
    kinds.push_back(table.text(k, "kind"));
  }
  attachments.add(prefix + "-vectors", std::as_bytes(std::span(values)));
  return {{"size", names.size()}, {"case", cases}, {"kind", kinds}};
}

// What the script needs of one evaluation beyond its figures.
Json attach_evaluation(const EvaluationFiles& evaluation, const std::string& prefix, Attachments& attachments,
                       std::vector<std::string>& problems) {
  Json pictures = Json::array();
  for (std::size_t k = 0; k < evaluation.sheets.size(); ++k) {
    const std::string id = fmt::format("{}-sheet-{}", prefix, k);
    try {
      attachments.add(id, picture_as_jpeg(evaluation.sheets[k]));
      pictures.push_back(id);
    } catch (const Error& error) {
      problems.push_back(error.what());
      pictures.push_back(nullptr);
    }
  }
  return {{"prefix", prefix},
          {"cases", columns_of(evaluation.cases)},
          {"sheets", pictures},
          {"latents", attach_latents(evaluation.latents, prefix, attachments)}};
}

// What results.json of an evaluation, or screening.json, says that its reader must know.
void add_recorded_warnings(const Json& record, std::vector<std::string>& warnings) {
  if (record.value("overlap_allowed", Json(false)) == true) {
    warnings.push_back(
        "Subjects may overlap with those of training or calibration (--allow-overlap): these numbers may be too "
        "good.");
  }
  for (const char* member : {"warnings", "failures"}) {
    for (const Json& entry : record.value(member, Json::array())) {
      const std::string text = entry.is_string() ? entry.get<std::string>() : dumped(entry);
      warnings.push_back(std::string(member) == "failures" ? "Failed: " + text : text);
    }
  }
}

std::vector<std::string> warnings_of(const RunFiles& run) {
  std::vector<std::string> warnings = run.problems;
  for (const EvaluationFiles& evaluation : run.evaluations) add_recorded_warnings(evaluation.results, warnings);
  add_recorded_warnings(run.screening, warnings);
  const std::vector<std::string> training = training_warnings(run.training);
  warnings.insert(warnings.end(), training.begin(), training.end());
  std::vector<std::string> once;
  for (const std::string& warning : warnings) {
    if (std::find(once.begin(), once.end(), warning) == once.end()) once.push_back(warning);
  }
  return once;
}

void add_warnings(PageBody& body, const std::vector<RunFiles>& runs) {
  std::vector<std::string> items;
  for (const RunFiles& run : runs) {
    for (const std::string& warning : warnings_of(run))
      items.push_back(runs.size() > 1 ? run.name + ": " + warning : warning);
  }
  if (items.empty()) return;
  body.add_markup("<aside class=\"warnings\" role=\"note\"><h2>Read this first</h2>\n");
  body.add_list(items);
  body.add_markup("</aside>\n");
}

void flatten(const Json& value, const std::string& name, std::vector<std::vector<std::string>>& rows) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) flatten(member, name.empty() ? key : name + "." + key, rows);
  } else {
    rows.push_back({name, value.is_string() ? value.get<std::string>() : dumped(value)});
  }
}

void add_provenance(PageBody& body, const RunFiles& run, const std::string& prefix, const std::string& heading) {
  body.begin_section(prefix + "-provenance", heading.empty() ? "Configuration and provenance"
                                                             : "Configuration and provenance \xE2\x80\x93 " + heading);
  std::vector<std::vector<std::string>> rows = {{"folder", run.folder.string()}};
  flatten(run.environment.is_null() ? Json::object() : run.environment, "", rows);
  for (const EvaluationFiles& evaluation : run.evaluations) {
    const std::string name = run.evaluations.size() > 1 ? evaluation.name + " " : "";
    flatten(evaluation.results.value("detector", Json::object()), name + "detector", rows);
    for (const char* member : {"seed", "training_subjects", "overlap_allowed"}) {
      if (evaluation.results.contains(member)) flatten(evaluation.results[member], name + member, rows);
    }
  }
  body.add_table({"what", "value"}, rows);
  if (!run.configuration.empty()) {
    body.begin_details("config.yaml, every value resolved");
    body.add_preformatted(run.configuration);
    body.end_details();
  }
  body.end_section();
}

// The page in the making: its middle, what is attached, and what its script reads.
struct Page {
  std::vector<RunFiles> runs;
  std::vector<RunDifference> differences;
  PageBody body;
  Attachments attachments;
  Json evaluations = Json::array();
};

void add_run(Page& page, std::size_t index) {
  RunFiles& run = page.runs[index];
  const std::string of_run = page.runs.size() > 1 ? run.name : "";
  const std::string prefix = fmt::format("r{}", index);
  for (std::size_t k = 0; k < run.evaluations.size(); ++k) {
    const EvaluationFiles& evaluation = run.evaluations[k];
    const std::string of_task = run.evaluations.size() > 1 ? evaluation.name : "";
    const std::string heading = of_run.empty() || of_task.empty() ? of_run + of_task : of_run + ", " + of_task;
    add_evaluation_sections(page.body, evaluation, fmt::format("{}e{}", prefix, k), heading);
  }
  if (run.evaluations.empty()) add_screening_section(page.body, run, prefix, of_run);
  add_training_section(page.body, run, prefix, of_run);
  add_provenance(page.body, run, prefix, of_run);
}

std::string title_of(const std::vector<RunFiles>& runs) {
  std::string title;
  for (const RunFiles& run : runs) title += (title.empty() ? "" : ", ") + run.name;
  return title;
}

// Only the page's own scripts run, none by text (no 'unsafe-eval'); nothing is fetched, sent or framed. Figures and the
// gallery set styles on elements, which a policy can only allow for all.
std::string content_policy(const PageAssets& assets) {
  std::string scripts;
  for (const std::string_view script : {assets.vega_script, assets.umap_script, assets.script}) {
    scripts += " " + script_hash_source(script);
  }
  return "default-src 'none'; script-src" + scripts +
         "; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";
}

constexpr const char* kFoot =
    "<footer><p><strong>Research use only, not a medical device.</strong></p><p>Made by {} on {}. Figures by Vega, "
    "Vega-Lite and Vega-Embed (BSD-3-Clause, University of Washington Interactive Data Lab and contributors) with D3 "
    "(ISC); UMAP by "
    "umap-js (Apache-2.0, Google). Colours: Okabe and Ito.</p></footer>\n";

std::string script_element(std::string_view script, const char* type) {
  return "<script" + std::string(type) + ">" + std::string(script) + "</script>\n";
}

std::string html_of(const Page& page, const ReportOptions& options) {
  const PageAssets assets = page_assets();
  Json figures = Json::array();
  for (const Figure& figure : page.body.figures()) figures.push_back(figure.spec);
  const std::string title = escaped(title_of(page.runs));
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  html += "<meta http-equiv=\"Content-Security-Policy\" content=\"" + content_policy(assets) + "\">\n";
  html += std::string(kMark) + ", " + escaped(options.generator) + "\">\n";
  html +=
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" "
      "content=\"light dark\">\n";
  html += "<title>" + title + "</title><link rel=\"icon\" href=\"data:,\"><style>" + std::string(assets.style) +
          "</style></head>\n<body>\n";
  html += "<header><p class=\"eyebrow\">ra report</p><h1>" + title +
          "</h1><p>Research use only, not a medical device.</p></header>\n";
  html += "<nav aria-label=\"Sections\"><ul>";
  for (const auto& [id, name] : page.body.contents())
    html += "<li><a href=\"#" + escaped(id) + "\">" + escaped(name) + "</a></li>";
  html += "</ul></nav>\n<main>\n" + page.body.html() + "</main>\n";
  html += fmt::format(kFoot, escaped(options.generator), now_text());
  html += "<script type=\"application/json\" id=\"page-figures\">" + script_json(dumped(figures)) + "</script>\n";
  html += "<script type=\"application/json\" id=\"page-evaluations\">" + script_json(dumped(page.evaluations)) +
          "</script>\n";
  html += page.attachments.html();
  html += script_element(assets.vega_script, " type=\"module\"");
  html += script_element(assets.umap_script, "");
  html += script_element(assets.script, " type=\"module\"");
  return html + "</body></html>\n";
}

Json results_of(const Page& page, const ReportOptions& options) {
  Json runs = Json::array();
  for (const RunFiles& run : page.runs) {
    Json evaluations = Json::array();
    for (const EvaluationFiles& evaluation : run.evaluations) {
      evaluations.push_back({{"name", evaluation.name}, {"results", evaluation.results}});
    }
    runs.push_back({{"name", run.name},
                    {"folder", run.folder.string()},
                    {"warnings", warnings_of(run)},
                    {"environment", run.environment},
                    {"evaluations", evaluations},
                    {"training", run.training}});
  }
  Json figures = Json::array();
  for (const Figure& figure : page.body.figures())
    figures.push_back({{"title", figure.title}, {"caption", figure.caption}});
  return {{"note", "Research use only; not a medical device."},
          {"format", 1},
          {"generator", options.generator},
          {"runs", runs},
          {"differences", differences_json(page.differences)},
          {"figures", figures}};
}

void write_files_beside(const Page& page, const ReportOptions& options) {
  const fs::path folder = options.output.parent_path() / (options.output.stem().string() + "_files");
  fs::remove_all(folder / "figures");
  make_output_folder(folder / "figures");
  write_file(folder / "results.json", dumped(results_of(page, options), 1) + "\n");
  write_file(folder / "metrics.csv", metrics_csv(page.runs));
  write_file(folder / "curves.csv", curves_csv(page.runs));
  if (page.runs.size() > 1) write_file(folder / "differences.csv", differences_csv(page.differences));
  for (std::size_t k = 0; k < page.body.figures().size(); ++k) {
    Json spec = page.body.figures()[k].spec;
    spec["title"] = page.body.figures()[k].title;
    spec["width"] = 480;
    write_file(folder / "figures" / fmt::format("figure_{:03}.vl.json", k), dumped(spec) + "\n");
  }
}

void refuse_foreign_file(const ReportOptions& options) {
  if (options.overwrite || !fs::exists(options.output)) return;
  const std::string start = read_text_file(options.output, std::size_t{1} << 30).substr(0, 4096);
  if (start.find(kMark) == std::string::npos) {
    throw Error(ErrorCode::kUsage, "'" + options.output.string() +
                                       "' exists and is no report of ra; use --overwrite, or another --output");
  }
}

}  // namespace

ReportSummary write_report(const ReportOptions& options) {
  refuse_foreign_file(options);
  Page page;
  for (const fs::path& folder : options.runs) page.runs.push_back(read_run_files(folder));
  for (std::size_t r = 0; r < page.runs.size(); ++r) {
    RunFiles& run = page.runs[r];
    for (std::size_t k = 0; k < run.evaluations.size(); ++k) {
      page.evaluations.push_back(
          attach_evaluation(run.evaluations[k], fmt::format("r{}e{}", r, k), page.attachments, run.problems));
    }
  }
  page.differences = run_differences(page.runs);
  add_warnings(page.body, page.runs);
  add_comparison_section(page.body, page.runs, page.differences);
  for (std::size_t r = 0; r < page.runs.size(); ++r) add_run(page, r);
  const std::string html = html_of(page, options);
  const fs::path parent = options.output.parent_path();
  make_output_folder(parent.empty() ? fs::path(".") : parent);
  write_files_beside(page, options);
  write_file(options.output, html);
  ReportSummary summary{html.size(), page.body.figures().size(), {}};
  for (const RunFiles& run : page.runs)
    summary.problems.insert(summary.problems.end(), run.problems.begin(), run.problems.end());
  return summary;
}

}  // namespace ra
