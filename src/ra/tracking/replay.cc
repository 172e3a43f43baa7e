#include "ra/tracking/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/log.h"
#include "ra/tracking/evaluation_rows.h"
#include "ra/tracking/sinks.h"
#include "ra/tracking/tracked_picture.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExamplePicture = "Train/Example_";  // as the reference calls it

const LoggedValue* find(const TrackedRow& row, const char* key) {
  for (const auto& [name, value] : row.values) {
    if (name == key) return &value;
  }
  return nullptr;
}

template <class Work>
void or_leave_out(const char* what, Work work) {
  try {
    work();
  } catch (const Error& error) {
    log::warning("{} is not tracked: {}", what, error.what());
  }
}

}  // namespace

fs::path example_picture_path(const fs::path& run_folder, std::int64_t epoch) {
  return run_folder / "figures" / fmt::format("epoch_{:04}.png", epoch);
}

std::string evaluation_name(const fs::path& run_folder, const fs::path& evaluation) {
  const fs::path inside =
      fs::absolute(evaluation).lexically_normal().lexically_relative(fs::absolute(run_folder).lexically_normal());
  const bool is_inside = !inside.empty() && *inside.begin() != "..";
  return is_inside ? inside.generic_string() : fs::absolute(evaluation).lexically_normal().string();
}

MetricRow evaluation_row(const std::string& evaluation) {
  return {{"phase", "evaluation"}, {"evaluation", evaluation}};
}

// The name begins with a line, as those of `_step` and the clocks: it is no metric.
MetricRow end_row(int exit_code) { return {{"phase", "end"}, {"_exit_code", std::int64_t{exit_code}}}; }

std::optional<int> exit_code_of(const TrackedRow& row) {
  const LoggedValue* code = find(row, "_exit_code");
  if (code == nullptr || !std::holds_alternative<std::int64_t>(*code)) return std::nullopt;
  return static_cast<int>(std::get<std::int64_t>(*code));
}

void add_files(TrackedRow& row, const TrackedRun& run) {
  if (const LoggedValue* evaluation = find(row, "evaluation"); evaluation != nullptr) {
    const auto* name = std::get_if<std::string>(evaluation);
    if (name == nullptr) return;
    const fs::path folder = run.folder / *name;  // an absolute name stays as it is
    or_leave_out("an evaluation", [&] { add_evaluation(row, folder.filename().string(), folder); });
    return;
  }
  if (find(row, "epoch") == nullptr) return;
  const fs::path picture = example_picture_path(run.folder, row.step);
  if (!fs::exists(picture)) return;
  or_leave_out("a picture", [&] { row.pictures.push_back(read_tracked_picture(kExamplePicture, picture)); });
}

// Note [Identity of a run]: a hash of the first row, which holds the moment it was written. It says the same to a
// resumed run and to a later export, and no file can disagree with metrics.jsonl about it.
RunIdentity identity_of(const LoggedRows& rows) {
  static constexpr char kLetters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::uint64_t bits = std::stoull(sha256_hex(std::as_bytes(std::span(rows.first_line))).substr(0, 16), nullptr, 16);
  RunIdentity identity;
  for (int k = 0; k < 8; ++k, bits /= 36) identity.id += kLetters[bits % 36];
  identity.started = std::max(rows.rows.front().timestamp - rows.rows.front().runtime, 0.0);
  return identity;
}

std::unique_ptr<Tracker> make_sink_of(const std::string& name, const fs::path& output, const TrackedRun& run,
                                      const LoggedRows& rows) {
  std::unique_ptr<Tracker> sink = make_sink(name, output, run, identity_of(rows));
  for (const TrackedRow& logged : rows.rows) {
    if (exit_code_of(logged)) continue;
    TrackedRow row = logged;
    add_files(row, run);
    sink->row(row);
  }
  sink->publish();
  // An end that rows follow was that of an earlier part of the run.
  if (const auto exit_code = exit_code_of(rows.rows.back())) sink->finish(*exit_code);
  return sink;
}

}  // namespace ra
