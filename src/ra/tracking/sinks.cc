#include "ra/tracking/sinks.h"

#include <fmt/format.h>

#include <set>

#include "ra/base/error.h"
#include "ra/base/nearest_name.h"
#include "ra/tracking/tensorboard_sink.h"
#include "ra/tracking/wandb_sink.h"

namespace ra {
namespace {

template <class Sink>
std::unique_ptr<Tracker> make(const std::filesystem::path& folder, const TrackedRun& run, const RunIdentity& identity) {
  return std::make_unique<Sink>(folder, run, identity);
}

struct SinkKind {
  const char* name;
  std::unique_ptr<Tracker> (*make)(const std::filesystem::path&, const TrackedRun&, const RunIdentity&);
  std::filesystem::path (*location)(const std::filesystem::path&, const RunIdentity&);
};

// To add a sink: a class that is a Tracker, and its line here. It is then a word of `tracking.sinks`; `ra track export`
// wants an option of its own in cli/track_command.cc.
constexpr SinkKind kSinks[] = {{"tensorboard", &make<TensorBoardSink>, &TensorBoardSink::location},
                               {"wandb", &make<WandbSink>, &WandbSink::location}};

[[noreturn]] void refuse(const std::string& name) {
  throw Error(ErrorCode::kUsage, fmt::format("tracking.sinks holds '{}', which is no sink{}; there are {}", name,
                                             did_you_mean(name, sink_names()), fmt::join(sink_names(), ", ")));
}

const SinkKind& kind_of(const std::string& name) {
  for (const SinkKind& kind : kSinks) {
    if (name == kind.name) return kind;
  }
  refuse(name);
}

}  // namespace

std::vector<std::string> sink_names() {
  std::vector<std::string> names;
  for (const SinkKind& kind : kSinks) names.emplace_back(kind.name);
  return names;
}

std::filesystem::path sink_location(const std::string& name, const std::filesystem::path& output,
                                    const RunIdentity& identity) {
  return kind_of(name).location(output / name, identity);
}

std::unique_ptr<Tracker> make_sink(const std::string& name, const std::filesystem::path& output, const TrackedRun& run,
                                   const RunIdentity& identity) {
  return kind_of(name).make(output / name, run, identity);
}

void TrackingOptions::validate() const {
  std::set<std::string> seen;
  for (const std::string& sink : sinks) {
    kind_of(sink);
    if (!seen.insert(sink).second) throw Error(ErrorCode::kUsage, "tracking.sinks holds '" + sink + "' twice");
  }
}

}  // namespace ra
