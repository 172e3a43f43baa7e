#pragma once

#include <filesystem>

#include "ra/tracking/record_file.h"
#include "ra/tracking/tracker.h"

namespace ra {

// A TensorBoard event file in `folder`: numbers as scalars, pictures as images, tables and the configuration as text.
// Scalars are stored as 32-bit floats, which is what TensorBoard shows; other text is left out.
class TensorBoardSink : public Tracker {
 public:
  // What a sink of that run writes: a file in `folder`.
  static std::filesystem::path location(const std::filesystem::path& folder, const RunIdentity& identity);

  TensorBoardSink(const std::filesystem::path& folder, const TrackedRun& run, const RunIdentity& identity);

  void row(const TrackedRow& row) override;
  void publish() override { file_.publish(); }
  // An event file has no end of its own.
  void finish(int) override {}

 private:
  RecordFile file_;
};

}  // namespace ra
