#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "ra/base/atomic_file.h"
#include "ra/testing/temporary_folder.h"
#include "ra/tracking/replay.h"
#include "ra/tracking/run_trackers.h"
#include "ra/tracking/test_reader.h"

// A run with both sinks, and what its files hold, for the tests of this folder.
namespace ra {

// What read_tracked_picture() looks at: a signature and an IHDR of 30x20 RGB pixels; the rest tells pictures apart.
inline std::string picture(const std::string& rest) {
  return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1e\0\0\0\x14\x08\x02\0\0\0", 29) + rest;
}

// The only regular file below a folder whose name matches.
inline std::filesystem::path find_file(const std::filesystem::path& folder, const std::string& pattern) {
  std::filesystem::path found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || !std::regex_match(entry.path().filename().string(), std::regex(pattern))) continue;
    EXPECT_TRUE(found.empty()) << found << " and " << entry.path();
    found = entry.path();
  }
  EXPECT_FALSE(found.empty()) << pattern;
  return found;
}

class RunTrackersTest : public ::testing::Test {
 protected:
  RunTrackersTest() {
    run_.folder = folder_.path() / "run";
    run_.options = {{"tensorboard", "wandb"}, "brains", "first try"};
    run_.config_text = "seed: 3\nmodel:\n  latent_size: 8\n";
    run_.config = {{"seed", "3"}, {"model", "{\"latent_size\":8}"}};
    make_output_folder(run_.folder);
  }

  void write_epoch(RunTrackers& trackers, std::int64_t epoch, bool with_picture = false) {
    const std::filesystem::path path = example_picture_path(run_.folder, epoch);
    if (with_picture) {
      make_output_folder(path.parent_path());
      write_file(path, picture("epoch " + std::to_string(epoch)));
    }
    trackers.row(epoch, {{"epoch", epoch},
                         {"phase", "warmup"},
                         {"lr", 0.1 * static_cast<double>(epoch)},
                         {"Val/Val_loss_pl", std::monostate{}}});
  }

  std::string metrics() const { return read_text_file(run_.folder / "metrics.jsonl"); }
  std::vector<std::string> wandb_records() const {
    return read_block_log(read_text_file(find_file(run_.folder / "wandb", "run-.*\\.wandb")));
  }
  std::vector<std::string> events() const {
    return read_event_log(read_text_file(find_file(run_.folder / "tensorboard", "events\\..*")));
  }

  testing::TemporaryFolder folder_;
  TrackedRun run_;
};

// The number of the one field of a W&B record that says what it is.
inline int kind_of(const std::string& record) {
  const std::vector<ProtoField> fields = read_proto(record);
  EXPECT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields.at(0).number, 1);
  return fields.at(1).number;
}

enum Kind { kHistory = 2, kSummary = 3, kFiles = 6, kRun = 17, kExit = 18, kFinal = 20, kHeader = 21 };

// key -> JSON of a history or summary record.
inline nlohmann::json items_of(const std::string& record) {
  nlohmann::json items;
  for (const ProtoField& field : read_proto(read_proto(record).at(1).bytes)) {
    if (field.number != 1) continue;
    items[only(field.bytes, 1).bytes] = nlohmann::json::parse(only(field.bytes, 16).bytes);
  }
  return items;
}

}  // namespace ra
