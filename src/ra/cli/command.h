#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace ra {

// A verb is one file cli/<verb>_command.cc with one function add_<verb>_command(CLI::App& app), which
//   1. makes the subcommand with add_verb(),
//   2. binds its options to a struct held by a std::shared_ptr (CLI11 writes into it while it parses),
//   3. calls on_run() with the work: a function that returns the exit code, or throws ra::Error.
// The work runs after the whole command line was understood, inside the one catch of main.cc.
void add_benchmark_command(CLI::App& app);
void add_calibrate_command(CLI::App& app);
void add_config_command(CLI::App& app);
void add_evaluate_command(CLI::App& app);
void add_model_command(CLI::App& app);
void add_report_command(CLI::App& app);
void add_run_command(CLI::App& app);
void add_screen_command(CLI::App& app);
void add_synthesize_command(CLI::App& app);
void add_track_command(CLI::App& app);
void add_train_command(CLI::App& app);
void add_watch_command(CLI::App& app);

// The exit codes that work returns; errors that end it choose theirs by ra::exit_code().
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitInputsFailed = 1;  // some or all inputs of a batch failed
inline constexpr int kExitUsage = 2;         // bad usage or configuration, missing data
inline constexpr int kExitRunFailed = 3;

// A subcommand of `parent`; `example` is a whole command line, shown at the end of --help.
CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example);

// What `command` does when it is the one that was asked for.
void on_run(CLI::App& command, std::function<int()> work);

// The work of the command that was parsed; empty if there was none.
std::function<int()> chosen_work();

}  // namespace ra
