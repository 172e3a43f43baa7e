#include "ra/data/synthetic_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/data/generated_files.h"
#include "ra/data/lesion_mask.h"
#include "ra/io/write_image.h"

namespace ra {
namespace {

constexpr std::array kLesionLists{"lists/lesions.csv", "lists/lesions_ann.csv", "lists/lesions_neg.csv"};

Split split_of(std::int64_t index, std::int64_t count) {
  const std::int64_t train_end = std::clamp<std::int64_t>(count * 70 / 100, 1, count - 2);
  const std::int64_t val_end = std::clamp<std::int64_t>(count * 85 / 100, train_end + 1, count - 1);
  if (index < train_end) return Split::kTrain;
  return index < val_end ? Split::kVal : Split::kTest;
}

// Makes one case and writes its pictures; returns its line of the manifest.
std::string write_case(const SyntheticDatasetOptions& options, const SyntheticCase& one) {
  SyntheticBrainOptions brain_options;
  brain_options.lesion = one.lesion;
  const SyntheticBrain brain = make_brain(brain_options, options.seed, one.index);
  write_png(options.output / one.image, brain.image, brain.columns, brain.rows);
  if (one.lesion) {
    write_png(options.output / one.mask, brain.mask, brain.columns, brain.rows);
    write_png(options.output / one.outside_mask, brain.outside, brain.columns, brain.rows);
  }
  return fmt::format("{},{},{},{},{},{},{},{}\n", one.image, one.subject, one.lesion ? 1 : 0,
                     one.lesion ? to_string(*one.lesion) : "", one.mask, one.outside_mask,
                     one.lesion ? box_around(brain.mask, brain.columns, brain.rows) : "", to_string(one.split));
}

void write_list(const std::filesystem::path& path, const std::vector<std::string>& files) {
  std::string text = "filename\n";
  for (const std::string& file : files) text += "./" + file + "\n";
  write_file(path, text);
}

void write_lists(const SyntheticDatasetOptions& options, const std::vector<SyntheticCase>& cases) {
  for (const Split split : {Split::kTrain, Split::kVal, Split::kTest}) {
    std::vector<std::string> images;
    for (const SyntheticCase& one : cases) {
      if (one.split == split && !one.lesion) images.push_back(one.image);
    }
    write_list(options.output / "lists" / fmt::format("{}.csv", to_string(split)), images);
  }
  if (!options.lesions) return;
  std::array<std::vector<std::string>, kLesionLists.size()> columns;
  for (const SyntheticCase& one : cases) {
    if (!one.lesion) continue;
    columns[0].push_back(one.image);
    columns[1].push_back(one.mask);
    columns[2].push_back(one.outside_mask);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) write_list(options.output / kLesionLists[i], columns[i]);
}

}  // namespace

std::string_view to_string(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kVal:
      return "val";
    case Split::kTest:
      return "test";
  }
  return "unknown";
}

void SyntheticDatasetOptions::validate() const {
  if (output.empty()) throw Error(ErrorCode::kUsage, "synthetic data set: no output folder given");
  if (count < 3 || count > 99999) {
    throw Error(ErrorCode::kUsage, fmt::format("synthetic data set: count is {}; it must lie in [3, 99999], for one "
                                               "brain at least in each of train, val and test",
                                               count));
  }
  if (threads < 0) throw Error(ErrorCode::kUsage, fmt::format("synthetic data set: threads is {}", threads));
}

std::vector<SyntheticCase> plan_synthetic_dataset(const SyntheticDatasetOptions& options) {
  options.validate();
  std::vector<SyntheticCase> cases;
  for (std::int64_t i = 0; i < options.count; ++i) {
    SyntheticCase healthy;
    healthy.subject = fmt::format("brain_{:05}", i);
    healthy.image = fmt::format("images/{}.png", healthy.subject);
    healthy.index = static_cast<std::uint32_t>(i);
    healthy.split = split_of(i, options.count);
    cases.push_back(healthy);
  }
  if (!options.lesions) return cases;
  std::size_t turn = 0;
  for (std::int64_t i = 0; i < options.count; ++i) {
    SyntheticCase ill = cases[static_cast<std::size_t>(i)];
    if (ill.split != Split::kTest) continue;
    ill.lesion = kLesionKinds[turn++ % kLesionKinds.size()];
    const std::string stem = fmt::format("{}_{}", ill.subject, to_string(*ill.lesion));
    ill.image = fmt::format("images/{}.png", stem);
    ill.mask = fmt::format("masks/{}.png", stem);
    ill.outside_mask = fmt::format("masks/{}_outside.png", stem);
    cases.push_back(ill);
  }
  return cases;
}

void write_synthetic_dataset(const SyntheticDatasetOptions& options, const CaseProgress& progress) {
  const std::vector<SyntheticCase> cases = plan_synthetic_dataset(options);
  refuse_existing_data_set(options.output, options.overwrite);
  // While it is being written over, a data set has no manifest, and nothing of an earlier one stays.
  remove_generated_files(options.output);
  for (const char* folder : {"images", "masks", "lists"}) make_output_folder(options.output / folder);
  std::vector<std::string> lines(cases.size());
  for_each_case(
      cases.size(), options.threads, [&](std::size_t i) { lines[i] = write_case(options, cases[i]); }, progress);
  write_lists(options, cases);
  std::string manifest = "image,subject,label,class,mask,outside_mask,box,split\n";
  for (const std::string& line : lines) manifest += line;
  write_file(options.output / "manifest.csv", manifest);
}

}  // namespace ra
