#include "ra/training/checkpoint_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <thread>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/stop_signal.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;

// A disk that was full a moment ago is asked again after this long.
constexpr Seconds kRetry{30.0};
constexpr std::chrono::milliseconds kPause{50};

void remove_older_states(const fs::path& folder, int keep) {
  const std::vector<SavedState> states = saved_states(folder);
  std::error_code ignored;
  for (std::size_t k = static_cast<std::size_t>(keep); k < states.size(); ++k) fs::remove(states[k].path, ignored);
}

std::chrono::steady_clock::time_point after(Seconds seconds) {
  constexpr Seconds kNever{1e9};  // the clock's own numbers end not much later
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::min(seconds, kNever));
}

}  // namespace

fs::path state_path(const fs::path& checkpoints, const TrainingPosition& position) {
  return checkpoints / fmt::format("state_{:05}_{:06}.pt", position.epochs, position.steps);
}

std::vector<SavedState> saved_states(const fs::path& checkpoints) {
  static const std::regex kName(R"(state_([0-9]{1,9})_([0-9]{1,9})\.pt)");
  std::vector<SavedState> states;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(checkpoints, missing)) {
    const std::string name = entry.path().filename().string();
    std::smatch match;
    if (std::regex_match(name, match, kName))
      states.push_back({{std::stol(match[1]), std::stol(match[2])}, entry.path()});
  }
  std::sort(states.begin(), states.end(),
            [](const SavedState& a, const SavedState& b) { return a.position > b.position; });
  return states;
}

CheckpointKeeper::CheckpointKeeper(fs::path checkpoints, const CheckpointOptions& options, fs::path metrics,
                                   std::function<void()> on_first_best)
    : folder_(std::move(checkpoints)),
      options_(options),
      metrics_(std::move(metrics)),
      on_first_best_(std::move(on_first_best)),
      due_(after(Seconds(60.0 * options.minutes))) {
  make_output_folder(folder_);
}

std::chrono::duration<double> CheckpointKeeper::retry_interval() const {
  return std::min(kRetry, Seconds(60.0 * options_.give_up_minutes / 4.0));
}

bool CheckpointKeeper::is_due() const { return !is_writing() && !state_ && !best_ && Clock::now() >= due_; }

void CheckpointKeeper::save_state(const TrainingPosition& position, CheckpointValue content) {
  state_ = std::make_shared<Job>(Job{state_path(folder_, position), position, std::move(content)});
  due_ = after(Seconds(60.0 * options_.minutes));
  poll();
}

void CheckpointKeeper::wait() {
  if (is_writing()) take_result();
}

void CheckpointKeeper::save_best(CheckpointValue content) {
  best_ = std::make_shared<Job>(Job{best_path(), std::nullopt, std::move(content)});
  poll();
}

void CheckpointKeeper::poll() {
  if (is_writing()) {
    if (writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    take_result();
  }
  start_next();
}

void CheckpointKeeper::start_next() {
  if (Clock::now() < next_try_ || (!best_ && !state_)) return;
  job_ = std::move(best_ ? best_ : state_);
  started_ = Clock::now();
  writing_ = std::async(std::launch::async, [job = job_, folder = folder_, metrics = metrics_, keep = options_.keep] {
    sync_file(metrics);
    write_torch_checkpoint(job->path, job->content);
    if (!job->position) return;
    replace_link(folder / "latest.pt", job->path.filename());
    remove_older_states(folder, keep);
  });
}

void CheckpointKeeper::take_result() {
  const std::shared_ptr<Job> job = std::move(job_);
  try {
    writing_.get();
    note_success(*job);
  } catch (const std::exception& error) {
    note_failure(job, error);
  }
}

void CheckpointKeeper::note_success(const Job& job) {
  if (failing_since_) log::info("checkpoints are saved again: '{}'", job.path.string());
  failing_since_.reset();
  if (job.position) saved_ = job.position;
  log::debug("saved '{}' in {:.2f} s", job.path.string(), Seconds(Clock::now() - started_).count());
  if (job.position || !on_first_best_) return;
  on_first_best_();
  on_first_best_ = {};
}

void CheckpointKeeper::note_failure(std::shared_ptr<Job> job, const std::exception& error) {
  next_try_ = after(retry_interval());
  if (job->position && !keep_states_) due_ = next_try_;
  std::shared_ptr<Job>& slot = job->position ? state_ : best_;
  if (!slot && (keep_states_ || !job->position)) slot = std::move(job);
  if (!failing_since_) {
    failing_since_ = Clock::now();
    log::warning(
        "{}. Training goes on and saving is tried again; it stops when nothing could be saved for {:g} minutes "
        "(training.checkpoints.give_up_minutes)",
        error.what(), options_.give_up_minutes);
  }
  if (Clock::now() - *failing_since_ >= Seconds(60.0 * options_.give_up_minutes)) {
    throw Error(ErrorCode::kIo, fmt::format("{}; nothing could be saved for {:g} minutes, so the training stops. What "
                                            "was saved before is in '{}'",
                                            error.what(), options_.give_up_minutes, folder_.string()));
  }
}

void CheckpointKeeper::finish(const TrainingPosition& position, const std::function<CheckpointValue()>& content,
                              bool patiently) {
  keep_states_ = true;
  if (is_writing()) take_result();
  if (saved_ != position) {
    state_ = std::make_shared<Job>(Job{state_path(folder_, position), position, content()});
  }
  next_try_ = Clock::now();
  while (best_ || state_) {
    start_next();
    if (!is_writing()) {  // waits for its next try
      std::this_thread::sleep_for(kPause);
      continue;
    }
    take_result();
    if (failing_since_ && (!patiently || StopSignal::received() != 0)) {
      throw Error(ErrorCode::kIo,
                  fmt::format("the last state of the training could not be saved in '{}'; what was saved "
                              "before is there",
                              folder_.string()));
    }
  }
}

}  // namespace ra
