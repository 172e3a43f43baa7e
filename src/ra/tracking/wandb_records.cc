#include "ra/tracking/wandb_records.h"

#include <cmath>

#include "ra/tracking/proto_writer.h"

namespace ra {
namespace {

// Field numbers of the messages of wandb_internal.proto that are used. W&B promises to read older logs, so they stay.
enum RecordField {
  kNumber = 1,
  kHistory = 2,
  kSummary = 3,
  kFiles = 6,
  kRun = 17,
  kExit = 18,
  kFinal = 20,
  kHeader = 21
};
enum RunField { kRunId = 1, kProject = 3, kConfig = 4, kDisplayName = 8, kStartTime = 17 };
enum TimeField { kSeconds = 1, kNanoseconds = 2 };
enum UpdateField { kUpdate = 1 };  // of ConfigRecord and SummaryRecord
enum HistoryField { kItem = 1, kStep = 2 };
enum StepField { kStepNumber = 1 };
enum ItemField { kKey = 1, kValueJson = 16 };  // of ConfigItem, HistoryItem and SummaryItem
enum FilesField { kFile = 1 };
enum FileField { kPath = 1, kPolicy = 2, kType = 3 };
enum ExitField { kExitCode = 1, kRuntime = 2 };
enum HeaderField { kVersionInfo = 1 };
enum VersionField { kProducer = 1, kMinConsumer = 2 };
constexpr int kPolicyNow = 0, kTypeMedia = 2;
// The oldest wandb whose reader knows every field above.
constexpr const char* kOldestReader = "0.12.0";

ProtoWriter item(const std::string& key, const std::string& json) {
  ProtoWriter writer;
  writer.bytes(kKey, key).bytes(kValueJson, json);
  return writer;
}

ProtoWriter items(int field, const JsonItems& values) {
  ProtoWriter writer;
  for (const auto& [key, json] : values) writer.message(field, item(key, json));
  return writer;
}

std::string record(std::int64_t& number, int field, const ProtoWriter& content) {
  ProtoWriter writer;
  writer.integer(kNumber, ++number).message(field, content);
  return writer.data();
}

}  // namespace

std::string WandbRecords::header() {
  ProtoWriter version, header;
  version.bytes(kProducer, "ra").bytes(kMinConsumer, kOldestReader);
  header.message(kVersionInfo, version);
  return record(number_, kHeader, header);
}

std::string WandbRecords::run(const RunIdentity& identity, const TrackedRun& run) {
  const double seconds = std::floor(identity.started);
  ProtoWriter start, writer;
  start.integer(kSeconds, static_cast<std::int64_t>(seconds));
  start.integer(kNanoseconds, static_cast<std::int64_t>((identity.started - seconds) * 1e9));
  writer.bytes(kRunId, identity.id).bytes(kProject, run.options.project);
  writer.message(kConfig, items(kUpdate, run.config));
  writer.bytes(kDisplayName, run.options.name).message(kStartTime, start);
  return record(number_, kRun, writer);
}

std::string WandbRecords::history(std::int64_t step, const JsonItems& values) {
  ProtoWriter number, writer = items(kItem, values);
  number.integer(kStepNumber, step);
  writer.message(kStep, number);
  return record(number_, kHistory, writer);
}

std::string WandbRecords::summary(const JsonItems& values) { return record(number_, kSummary, items(kUpdate, values)); }

std::string WandbRecords::files(const std::vector<std::string>& paths) {
  ProtoWriter writer;
  for (const std::string& path : paths) {
    ProtoWriter file;
    file.bytes(kPath, path).integer(kPolicy, kPolicyNow).integer(kType, kTypeMedia);
    writer.message(kFile, file);
  }
  return record(number_, kFiles, writer);
}

std::string WandbRecords::exit(int exit_code, double runtime_seconds) {
  ProtoWriter writer;
  writer.integer(kExitCode, exit_code).integer(kRuntime, static_cast<std::int64_t>(runtime_seconds));
  return record(number_, kExit, writer);
}

std::string WandbRecords::final() { return record(number_, kFinal, ProtoWriter()); }

}  // namespace ra
