#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "ra/tracking/block_log.h"
#include "ra/tracking/record_file.h"
#include "ra/tracking/tracker.h"
#include "ra/tracking/wandb_records.h"

namespace ra {

// A W&B run made without network, offline-run-<UTC time>-<id> in `folder`, for `wandb sync` to upload, while it grows
// too: run-<id>.wandb, and files/ with media, config.yaml, wandb-metadata.json and wandb-summary.json. One history
// record a row; nulls are left out.
class WandbSink : public Tracker {
 public:
  // What a sink of that run writes: a folder in `folder`.
  static std::filesystem::path location(const std::filesystem::path& folder, const RunIdentity& identity);

  WandbSink(const std::filesystem::path& folder, const TrackedRun& run, const RunIdentity& identity);

  void row(const TrackedRow& row) override;
  void publish() override;
  void finish(int exit_code) override;

 private:
  void append(const std::string& record) { file_.append(log_.frame(record)); }
  // The value of a history item, after the file was written and its path added to `paths`.
  std::string add_picture(const TrackedPicture& picture, std::int64_t step, std::vector<std::string>& paths) const;
  std::string add_table(const TrackedTable& table, std::int64_t step, std::vector<std::string>& paths) const;
  void write_summary() const;

  std::filesystem::path folder_;
  RecordFile file_;
  BlockLog log_;
  WandbRecords records_;
  std::map<std::string, std::string> summary_;  // the newest value of every key, in JSON
  double runtime_ = 0.0;
};

}  // namespace ra
