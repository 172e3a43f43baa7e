#include "ra/report/watch_view.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

std::vector<Json> falling_run(int epochs) {
  std::vector<Json> rows = {{{"epoch", 0}, {"phase", "yardsticks"}, {"Val/squared_error_mean_picture", 244.0}}};
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    rows.push_back({{"epoch", epoch},
                    {"phase", "warmup"},
                    {"Val/squared_error_mean", 200.0 - epoch},
                    {"Val/own_share_mean", 0.9},
                    {"Train/Loss_REAL", 100.0},
                    {"_runtime", 60.0 * epoch}});
  }
  return rows;
}

bool any_contains(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

std::size_t width(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(WatchView, SaysHowLongTheRestTakesAtThePaceOfTheLastEpochs) {
  const auto lines = watch_view(falling_run(10), {40, 12.0, 100});
  EXPECT_TRUE(any_contains(lines, "epoch 10/40, warmup, 10m00s so far, about 30m00s left; last row 12s ago"));
}

TEST(WatchView, ShowsTheCourseFallingFromLeftToRight) {
  const auto lines = watch_view(falling_run(8), {8, 0.0, 100});
  EXPECT_TRUE(any_contains(lines, "\u2588\u2587\u2586\u2585\u2584\u2583\u2582\u2581"));
  EXPECT_TRUE(any_contains(lines, "best 192 (8)"));
}

TEST(WatchView, KeepsToTheTerminalsWidth) {
  std::vector<Json> rows = falling_run(300);
  rows.back()["Train/Loss_REAL"] = 0.01;  // a warning, which is long
  for (const std::size_t columns : {40u, 80u, 200u}) {
    const auto lines = watch_view(rows, {500, 3.0, columns});
    EXPECT_TRUE(any_contains(lines, "! Posterior collapse"));
    for (const std::string& line : lines) {
      EXPECT_LE(width(line), std::max<std::size_t>(columns, 60)) << line;
    }
  }
}

TEST(WatchView, IsThereBeforeTheFirstEpoch) {
  EXPECT_EQ(watch_view({}, {}).size(), 1u);
  EXPECT_FALSE(is_finished({}, {10, 0.0, 80}));
}

TEST(WatchView, KnowsTheEnd) {
  EXPECT_TRUE(is_finished(falling_run(10), {10, 0.0, 80}));
  EXPECT_FALSE(is_finished(falling_run(9), {10, 0.0, 80}));
  EXPECT_FALSE(is_finished(falling_run(9), {0, 0.0, 80})) << "unknown number of epochs";
  std::vector<Json> stopped = falling_run(9);
  stopped.push_back({{"phase", "end"}, {"_exit_code", 143}});
  EXPECT_TRUE(is_finished(stopped, {10, 0.0, 80}));
  const auto lines = watch_view(stopped, {10, 0.0, 80});
  EXPECT_TRUE(any_contains(lines, "ended with exit code 143"));
  EXPECT_FALSE(any_contains(lines, "left"));
}

TEST(WatchPictures, AreLeftOutWhereTheTerminalWouldPrintThem) {
  EXPECT_EQ(terminal_pictures("xterm-256color", "", ""), TerminalPictures::kNone);
  EXPECT_EQ(terminal_pictures("xterm-kitty", "", "1"), TerminalPictures::kKitty);
  EXPECT_EQ(terminal_pictures("xterm-256color", "iTerm.app", ""), TerminalPictures::kIterm);
  EXPECT_EQ(terminal_pictures("tmux-256color", "iTerm.app", "1"), TerminalPictures::kNone);
}

TEST(WatchPictures, ComeInChunksThatTheProtocolAllows) {
  const testing::TemporaryFolder folder;
  write_file(folder.path() / "a.png", std::string(10000, 'x'));
  const std::string text = picture_sequence(TerminalPictures::kKitty, folder.path() / "a.png", 40);
  std::size_t chunks = 0;
  for (std::size_t begin = text.find("\x1b_G"); begin != std::string::npos; begin = text.find("\x1b_G", begin + 1)) {
    const std::size_t data = text.find(';', begin), end = text.find('\x1b', data);
    EXPECT_LE(end - data - 1, 4096u);
    const bool last = text.find("\x1b_G", end) == std::string::npos;
    EXPECT_EQ(text.substr(data - 3, 3), last ? "m=0" : "m=1");
    ++chunks;
  }
  EXPECT_EQ(chunks, 4u);  // 13336 characters of base64
  EXPECT_EQ(picture_sequence(TerminalPictures::kNone, folder.path() / "a.png", 40), "");
  EXPECT_THROW(picture_sequence(TerminalPictures::kIterm, folder.path() / "none.png", 40), Error);
}

}  // namespace
}  // namespace ra
