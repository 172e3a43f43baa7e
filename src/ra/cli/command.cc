#include "ra/cli/command.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace ra {
namespace {

std::function<int()>& chosen() {
  static std::function<int()> work;
  return work;
}

}  // namespace

CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->footer("Example:\n  " + example);
  return *command;
}

void on_run(CLI::App& command, std::function<int()> work) {
  command.callback([work = std::move(work)] { chosen() = work; });
}

std::function<int()> chosen_work() { return chosen(); }

}  // namespace ra
