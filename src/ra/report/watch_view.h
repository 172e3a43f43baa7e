#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "ra/report/page_files.h"

namespace ra {

// What a run folder does not say by itself.
struct WatchContext {
  int epochs = 0;                // that the run was asked for, warm-up included; 0: unknown
  double seconds_since_row = 0;  // since metrics.jsonl last grew
  std::size_t columns = 80;      // of the terminal
};

// What a training has come to, as lines of text no wider than `columns`: where it stands and how long it still takes
// (by the last epochs' pace), one line a quantity with its newest value, its best, and its course since the first
// epoch in block characters, then the warnings of training_warnings(). At least one line.
std::vector<std::string> watch_view(const std::vector<Json>& training, const WatchContext& context);

// Whether the last epoch that was asked for is among the rows, or the end of the training's process is logged.
bool is_finished(const std::vector<Json>& training, const WatchContext& context);

// How a terminal can show a picture.
enum class TerminalPictures { kNone, kKitty, kIterm };

// By what terminals say of themselves in TERM, TERM_PROGRAM and KITTY_WINDOW_ID; empty where unset. Inside tmux and
// screen none: they swallow the sequences.
TerminalPictures terminal_pictures(const std::string& term, const std::string& term_program,
                                   const std::string& kitty_window);

// The escape sequence that shows a PNG `columns` wide (kitty graphics protocol; iTerm2 inline images). kIo when the
// file cannot be read; "" for kNone.
std::string picture_sequence(TerminalPictures how, const std::filesystem::path& png, std::size_t columns);

}  // namespace ra
