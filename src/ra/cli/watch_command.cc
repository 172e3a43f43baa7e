#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/experiment/load_config.h"
#include "ra/report/page_files.h"
#include "ra/report/watch_view.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDefaultColumns = 100, kPictureColumns = 80;
// A signal is noticed this soon.
constexpr std::chrono::milliseconds kNap{100};

struct WatchVerbOptions {
  CommonOptions common;
  std::string run;
  double interval = 2.0;
  bool once = false;
  bool pictures = true;
};

std::size_t terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kDefaultColumns;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Epochs that the run was asked for; 0 where its configuration cannot be read, which no watcher should die of.
int epochs_of(const fs::path& run) {
  try {
    const ExperimentConfig config = load_config((run / "config.yaml").string(), {}).config;
    return config.training.warmup.epochs + config.training.epochs;
  } catch (const Error&) {
    return 0;
  }
}

double seconds_since_change(const fs::path& file) {
  std::error_code error;
  const auto changed = fs::last_write_time(file, error);
  if (error) return 0.0;
  return std::max(0.0, std::chrono::duration<double>(fs::file_time_type::clock::now() - changed).count());
}

class Watcher {
 public:
  explicit Watcher(const WatchVerbOptions& options)
      : run_(options.run), terminal_(isatty(STDOUT_FILENO) != 0), epochs_(epochs_of(run_)) {
    if (options.pictures && terminal_) {
      pictures_ = terminal_pictures(variable("TERM"), variable("TERM_PROGRAM"), variable("KITTY_WINDOW_ID"));
    }
  }

  // Draws the run as it is now; returns whether its training is over.
  bool draw() {
    const RunFiles run = read_run_files(run_);
    const WatchContext context{epochs_, seconds_since_change(run_ / "metrics.jsonl"), terminal_columns()};
    std::string screen;
    if (terminal_ && drawn_) screen += "\x1b[H\x1b[J";
    if (terminal_ && !drawn_) screen += "\x1b[2J\x1b[H";
    screen += fmt::format("{}\n", run_.string());
    for (const std::string& line : watch_view(run.training, context)) screen += line + "\n";
    if (!run.examples.empty()) screen += examples(run.examples.back(), context.columns);
    std::fwrite(screen.data(), 1, screen.size(), stdout);
    std::fflush(stdout);
    drawn_ = true;
    return is_finished(run.training, context);
  }

  bool is_terminal() const { return terminal_; }

 private:
  std::string examples(const fs::path& picture, std::size_t columns) const {
    return fmt::format("newest reconstructions: {}\n{}", picture.string(),
                       picture_sequence(pictures_, picture, std::min(columns, kPictureColumns)));
  }

  fs::path run_;
  bool terminal_, drawn_ = false;
  int epochs_;
  TerminalPictures pictures_ = TerminalPictures::kNone;
};

int watch(const WatchVerbOptions& options) {
  apply_common_options(options.common);
  if (!fs::exists(fs::path(options.run) / "metrics.jsonl")) {
    throw Error(ErrorCode::kUsage, fmt::format("'{}' has no metrics.jsonl, so no training has written there; give the "
                                               "folder that ra train or ra run was told by --output",
                                               options.run));
  }
  const StopSignal stop;
  Watcher watcher(options);
  while (!watcher.draw() && watcher.is_terminal() && !options.once) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(options.interval);
    while (std::chrono::steady_clock::now() < until) {
      if (StopSignal::received() != 0) return kExitSuccess;  // main() makes 130 of it
      std::this_thread::sleep_for(kNap);
    }
  }
  return kExitSuccess;
}

}  // namespace

void add_watch_command(CLI::App& app) {
  const auto options = std::make_shared<WatchVerbOptions>();
  CLI::App& command = add_verb(
      app, "watch", "Where a training stands: losses, pace, time left, warnings, newest pictures", "ra watch runs/ixi");
  command.add_option("RUN", options->run, "Run folder of ra train or ra run; the training may be running")->required();
  command.add_option("--interval", options->interval, "Seconds between two looks")->check(CLI::Range(0.1, 3600.0));
  command.add_flag("--once", options->once, "Print once and end, as without a terminal");
  command.add_flag("!--no-pictures", options->pictures,
                   "No pictures, even where the terminal can show them (kitty, ghostty, WezTerm, iTerm2)");
  add_log_options(command, options->common);
  on_run(command, [options] { return watch(*options); });
}

}  // namespace ra
