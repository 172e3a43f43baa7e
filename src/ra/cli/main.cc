#include <torch/headeronly/version.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/heap.h"
#include "ra/base/nearest_name.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/wait_policy.h"

namespace {

// Every verb of the command line. To add one:
//   1. write cli/<verb>_command.cc with add_<verb>_command() as cli/command.h says, and list it in CMakeLists.txt,
//   2. declare the function in cli/command.h,
//   3. add its line here.
// tests/cli checks that its --help has an example.
const std::vector<void (*)(CLI::App&)> kVerbs = {
    &ra::add_run_command,        &ra::add_train_command,     &ra::add_calibrate_command, &ra::add_screen_command,
    &ra::add_synthesize_command, &ra::add_evaluate_command,  &ra::add_report_command,    &ra::add_config_command,
    &ra::add_model_command,      &ra::add_benchmark_command, &ra::add_track_command,     &ra::add_watch_command,
};

// The deepest command that was named: the one whose options a word was meant for.
const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* current = &app;
  while (!current->get_subcommands().empty()) current = current->get_subcommands().front();
  return *current;
}

// "unknown option '--foo' (did you mean '--for'?)"; empty when every word was understood.
std::string describe_unknown_word(const CLI::App& app) {
  const CLI::App& command = innermost(app);
  const std::vector<std::string> words = command.remaining();
  if (words.empty()) return "";
  const std::string& word = words.front();
  const bool is_option = word.starts_with("-");
  std::vector<std::string> known;
  if (is_option) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  } else {
    for (const CLI::App* verb : command.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(verb->get_name());
    }
  }
  const char* kind = is_option ? "unknown option" : known.empty() ? "unexpected argument" : "unknown command";
  return std::string(kind) + " '" + word + "'" + ra::did_you_mean(word, known);
}

// An option or argument that was given an empty text, as an unset variable of a shell leaves it: no file, folder or
// name is called so. Empty when there is none.
std::string describe_empty_value(const CLI::App& app) {
  for (const CLI::Option* option : innermost(app).get_options()) {
    for (const std::string& value : option->results()) {
      if (value.empty()) return option->get_name() + " is empty";
    }
  }
  return "";
}

int report_misuse(const CLI::App& app, const std::string& reason) {
  std::string command = "ra";
  if (&innermost(app) != &app) command = innermost(app).get_display_name();
  for (const CLI::App* up = innermost(app).get_parent(); up != nullptr; up = up->get_parent()) {
    command = up->get_name() + " " + command;
  }
  std::fprintf(stderr, "ra: error: %s; see '%s --help'\n", reason.c_str(), command.c_str());
  return ra::kExitUsage;
}

int report_parse_error(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  const std::string unknown = describe_unknown_word(app);
  return report_misuse(app, unknown.empty() ? error.what() : unknown);
}

// What a stop signal ended, with an error or without, ends as the signal itself would have ended it.
int or_signal(int code) {
  const int signal = ra::StopSignal::received();
  return signal != 0 ? 128 + signal : code;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Errors of LibTorch carry a backtrace after their first line; its allocator throws no std::bad_alloc.
int report_exception(const std::exception& error) {
  const std::string reason = first_line(error.what());
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr || reason.find("allocate memory") != std::string::npos ||
      reason.find("out of memory") != std::string::npos) {
    std::fprintf(stderr, "ra: error: out of memory; use a smaller batch size or image size, or free memory\n");
  } else if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    std::fprintf(stderr, "ra: error: cannot use '%s': %s; check the path and its permissions\n", file->path1().c_str(),
                 file->code().message().c_str());
  } else if (dynamic_cast<const std::system_error*>(&error) != nullptr) {
    std::fprintf(stderr, "ra: error: %s\n", reason.c_str());
  } else {
    std::fprintf(stderr, "ra: internal error: %s; please report it with the command line\n", reason.c_str());
  }
  return ra::kExitRunFailed;
}

int run(int argc, char** argv) {
  CLI::App app("Unsupervised screening of brain MRI. Research use only; not a medical device.", "ra");
  app.set_version_flag("--version", "ra " RA_VERSION " (LibTorch " TORCH_VERSION ")");
  app.footer(
      "Example:\n  ra train configs/demo.yaml --output runs/demo\n'ra VERB --help' shows the options of a verb.");
  app.require_subcommand(1);
  for (const auto add : kVerbs) add(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse_error(app, error);
  }
  if (const std::string empty = describe_empty_value(app); !empty.empty()) return report_misuse(app, empty);
  // A verb that takes --threads computes; screening by one thread a slice, so that none waits for another, and it need
  // not load LibTorch twice.
  const bool teams = innermost(app).get_option_no_throw("--threads") != nullptr && !app.got_subcommand("screen");
  if (teams) ra::wait_passively();
  return or_signal(ra::chosen_work()());
}

// Output that a full disk did not take is lost: the run failed, whatever its work came to.
void require_output_written() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw ra::Error(ra::ErrorCode::kIo,
                  std::string("cannot write to standard output: ") + std::strerror(errno) + "; free some space");
}

// Ends the program without taking down LibTorch's static objects, which takes longer than the
// work of many verbs; all of ours are gone, or,
// like locks, end with it. A sanitizer looks for leaks in an ordinary end.
int leave(int code) {
#ifndef __SANITIZE_ADDRESS__
  std::fflush(nullptr);
  std::_Exit(code);
#endif
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  ra::keep_freed_memory();
  try {
    const int code = run(argc, argv);
    require_output_written();
    return leave(code);
  } catch (const ra::Error& error) {
    std::fprintf(stderr, "ra: error: %s\n", error.what());
    return or_signal(ra::exit_code(error.code()));
  } catch (const std::exception& error) {
    return report_exception(error);
  }
}
