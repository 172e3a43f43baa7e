#include "ra/report/watch_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "ra/base/atomic_file.h"
#include "ra/base/progress.h"
#include "ra/report/page_html.h"
#include "ra/report/training_warnings.h"

namespace ra {
namespace {

// The pace of the last this many epochs is that of the ones to come.
constexpr std::size_t kPaceEpochs = 5;
constexpr std::size_t kNameWidth = 22, kValueWidth = 11, kBestWidth = 19;
constexpr std::size_t kLeastCourse = 8;
// A kitty chunk may hold at most this many characters of base64.
constexpr std::size_t kKittyChunk = 4096;
constexpr std::array<std::string_view, 8> kBlocks = {"\u2581", "\u2582", "\u2583", "\u2584",
                                                     "\u2585", "\u2586", "\u2587", "\u2588"};

enum class Better { kSmaller, kLarger, kNeither };

struct Quantity {
  const char* name;
  const char* key;
  Better better;
};

// In the order that a person asks: does it generalise, does it learn, are the two networks in balance.
constexpr Quantity kQuantities[] = {
    {"validation, mean", "Val/squared_error_mean", Better::kSmaller},
    {"validation, sample", "Val/squared_error_sample", Better::kSmaller},
    {"validation, average:8", "Val/squared_error_average:8", Better::kSmaller},
    {"nearest to own input", "Val/own_share_mean", Better::kLarger},
    {"training error", "Train/Loss_REC_ERRS", Better::kSmaller},
    {"KL, real", "Train/Loss_REAL", Better::kNeither},
    {"KL, fake", "Train/Loss_FAKE", Better::kNeither},
    {"active latents", "Val/active_latents", Better::kNeither},
    {"gradient, encoder", "Train/grad_norm_e", Better::kNeither},
    {"gradient, decoder", "Train/grad_norm_d", Better::kNeither},
    {"learning rate", "lr", Better::kNeither},
    {"slices a second", "slices_per_second", Better::kNeither},
};

std::vector<const Json*> epochs_of(const std::vector<Json>& training) {
  std::vector<const Json*> epochs;
  for (const Json& row : training) {
    const std::string phase = text_of(row, "phase");
    if (phase == "warmup" || phase == "introspective") epochs.push_back(&row);
  }
  return epochs;
}

// The means of `width` equal parts of the values, as blocks from the smallest to the largest.
std::string course(const std::vector<double>& values, std::size_t width) {
  const std::size_t parts = std::min(width, values.size());
  std::vector<double> means;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t begin = part * values.size() / parts, end = (part + 1) * values.size() / parts;
    double sum = 0.0;
    for (std::size_t k = begin; k < end; ++k) sum += values[k];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  const auto [low, high] = std::minmax_element(means.begin(), means.end());
  std::string text;
  for (const double mean : means) {
    const double share = *high > *low ? (mean - *low) / (*high - *low) : 0.0;
    text += kBlocks[std::min<std::size_t>(kBlocks.size() - 1, static_cast<std::size_t>(share * kBlocks.size()))];
  }
  return text;
}

std::string best_of(const std::vector<double>& values, const std::vector<double>& epochs, Better better) {
  if (better == Better::kNeither) return "";
  const auto best = better == Better::kSmaller ? std::min_element(values.begin(), values.end())
                                               : std::max_element(values.begin(), values.end());
  return fmt::format("best {:.5g} ({:.0f})", *best, epochs[static_cast<std::size_t>(best - values.begin())]);
}

std::optional<std::string> quantity_line(const std::vector<const Json*>& rows, const Quantity& quantity,
                                         std::size_t columns) {
  std::vector<double> values, epochs;
  for (const Json* row : rows) {
    if (const auto value = finite_number(*row, quantity.key)) {
      values.push_back(*value);
      epochs.push_back(finite_number(*row, "epoch").value_or(0));
    }
  }
  if (values.empty()) return std::nullopt;
  std::string line = fmt::format("{:<{}}{:>{}.5g}  {:<{}}", quantity.name, kNameWidth, values.back(), kValueWidth,
                                 best_of(values, epochs, quantity.better), kBestWidth);
  const std::size_t used = kNameWidth + kValueWidth + 2 + kBestWidth;
  if (columns >= used + kLeastCourse) line += course(values, columns - used);
  return line;
}

double pace(const std::vector<const Json*>& rows) {
  const std::size_t first = rows.size() > kPaceEpochs ? rows.size() - kPaceEpochs - 1 : 0;
  if (rows.size() - first < 2) return finite_number(*rows.back(), "_runtime").value_or(0.0);
  const double from = finite_number(*rows[first], "_runtime").value_or(0.0);
  const double to = finite_number(*rows.back(), "_runtime").value_or(0.0);
  return std::max(0.0, to - from) / static_cast<double>(rows.size() - 1 - first);
}

int epoch_of(const Json& row) { return static_cast<int>(finite_number(row, "epoch").value_or(0)); }

// The exit code of the training's process, if that was the last to be logged.
std::optional<double> exit_code_of(const std::vector<Json>& training) {
  if (training.empty() || text_of(training.back(), "phase") != "end") return std::nullopt;
  return finite_number(training.back(), "_exit_code");
}

std::string headline(const std::vector<Json>& training, const std::vector<const Json*>& rows,
                     const WatchContext& context) {
  const Json& last = *rows.back();
  const int epoch = epoch_of(last);
  std::string line =
      context.epochs > 0 ? fmt::format("epoch {}/{}", epoch, context.epochs) : fmt::format("epoch {}", epoch);
  line += fmt::format(", {}, {} so far", text_of(last, "phase"),
                      format_duration(finite_number(last, "_runtime").value_or(0.0)));
  const double seconds = pace(rows);
  if (const auto code = exit_code_of(training)) {
    line += fmt::format(", ended with exit code {:.0f}", *code);
  } else if (context.epochs > epoch) {
    line += fmt::format(", about {} left; last row {} ago", format_duration(seconds * (context.epochs - epoch)),
                        format_duration(context.seconds_since_row));
  }
  return line;
}

std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find(' ', begin);
    if (end == std::string::npos) end = text.size();
    if (!line.empty() && line.size() + 1 + end - begin > columns) {
      lines.push_back(line);
      line = "  ";
    } else if (!line.empty() && line != "  ") {
      line += ' ';
    }
    line += text.substr(begin, end - begin);
    begin = end + 1;
  }
  lines.push_back(line);
  return lines;
}

std::string kitty_sequence(const std::string& data, std::size_t columns) {
  std::string text;
  for (std::size_t begin = 0; begin < data.size(); begin += kKittyChunk) {
    const bool more = begin + kKittyChunk < data.size();
    const std::string keys = begin == 0 ? fmt::format("a=T,f=100,q=2,c={},", columns) : "";
    text += fmt::format("\x1b_G{}m={};{}\x1b\\", keys, more ? 1 : 0, data.substr(begin, kKittyChunk));
  }
  return text + "\n";
}

}  // namespace

std::vector<std::string> watch_view(const std::vector<Json>& training, const WatchContext& context) {
  const std::vector<const Json*> rows = epochs_of(training);
  if (rows.empty()) return {"no epoch is finished yet"};
  std::vector<std::string> lines = wrapped(headline(training, rows, context), context.columns);
  for (const Quantity& quantity : kQuantities) {
    if (const auto line = quantity_line(rows, quantity, context.columns)) lines.push_back(*line);
  }
  for (const std::string& warning : training_warnings(training)) {
    for (const std::string& line : wrapped("! " + warning, context.columns)) lines.push_back(line);
  }
  return lines;
}

bool is_finished(const std::vector<Json>& training, const WatchContext& context) {
  if (exit_code_of(training)) return true;
  const std::vector<const Json*> rows = epochs_of(training);
  return context.epochs > 0 && !rows.empty() && epoch_of(*rows.back()) >= context.epochs;
}

TerminalPictures terminal_pictures(const std::string& term, const std::string& term_program,
                                   const std::string& kitty_window) {
  if (term.starts_with("tmux") || term.starts_with("screen")) return TerminalPictures::kNone;
  if (!kitty_window.empty() || term == "xterm-kitty" || term == "xterm-ghostty") return TerminalPictures::kKitty;
  if (term_program == "iTerm.app" || term_program == "WezTerm") return TerminalPictures::kIterm;
  return TerminalPictures::kNone;
}

std::string picture_sequence(TerminalPictures how, const std::filesystem::path& png, std::size_t columns) {
  if (how == TerminalPictures::kNone) return "";
  const std::vector<std::byte> bytes = read_file(png);
  const std::string data = base64(bytes);
  if (how == TerminalPictures::kKitty) return kitty_sequence(data, columns);
  return fmt::format("\x1b]1337;File=inline=1;size={};width={}:{}\a\n", bytes.size(), columns, data);
}

}  // namespace ra
