#include "ra/data/lesion_dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/data/csv_field.h"
#include "ra/data/generated_files.h"
#include "ra/data/lesion_in_slice.h"
#include "ra/data/lesion_mask.h"
#include "ra/data/slice_head.h"
#include "ra/data/slice_writer.h"
#include "ra/io/read_image.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// What one source came to.
struct SourceResult {
  std::vector<std::string> healthy, lesions;  // rows of the manifests
  std::size_t slices = 0, left_out = 0;
  std::vector<std::string> failures;
};

struct NumberedSlice {
  std::optional<std::int64_t> index;  // of a volume
  Image image;
};

std::vector<NumberedSlice> read_numbered_slices(const fs::path& file, const SliceRule& rule) {
  const Image image = read_image(file);
  if (!image.is_volume()) return {{std::nullopt, image}};
  const Image ras = to_ras(image);
  std::vector<NumberedSlice> slices;
  for (const std::int64_t k : rule.select(ras.slices)) slices.push_back({k, axial_slice(ras, k)});
  return slices;
}

// The folder that a name with '/' needs.
fs::path made_for(const fs::path& path) {
  fs::create_directories(path.parent_path());
  return path;
}

// Makes what one source comes to, and writes its pictures.
class SourceWriter {
 public:
  SourceWriter(const LesionDatasetOptions& options, std::size_t index)
      : options_(options), source_(options.sources[index]), turn_(index * static_cast<std::size_t>(options.variants)) {}

  SourceResult run() {
    const std::string place = "'" + source_.file.string() + "'";
    try {
      subject_ = subject_of(source_.file, options_.subjects);
      const auto slices = in_context(place, [&] { return read_numbered_slices(source_.file, options_.slices); });
      for (const NumberedSlice& slice : slices) {
        in_context(slice.index ? fmt::format("{} slice {}", place, *slice.index) : place, [&] { add_slice(slice); });
      }
      if (result_.slices == 0) result_.left_out = 0;
      if (result_.slices == 0 && result_.failures.empty()) {
        throw Error(ErrorCode::kBadInput, fmt::format("{}: {}", place, first_reason_));
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      result_.failures.emplace_back(error.what());
    }
    return std::move(result_);
  }

 private:
  void add_slice(const NumberedSlice& slice) {
    std::optional<SliceHead> head;
    try {
      head = read_slice_head(slice.image, options_.pixel_mm);
    } catch (const Error& error) {
      if (!slice.index || error.code() != ErrorCode::kBadInput) throw;
      if (first_reason_.empty()) {
        first_reason_ = fmt::format("no chosen slice can be used; slice {} {}", *slice.index, error.what());
      }
      ++result_.left_out;
      return;
    }
    const std::string name = slice.index ? fmt::format("{}_slice{:03}", source_.name, *slice.index) : source_.name;
    std::map<LesionKind, int> made;
    for (int variant = 0; variant < options_.variants; ++variant) add_lesion(slice, *head, name, made);
    if (made.empty()) return;
    ++result_.slices;
    result_.healthy.push_back(fmt::format("{},{},0\n", csv_field(healthy_image(slice, name)), csv_field(subject_)));
  }

  // The kind whose turn it is, or else the next that fits and of which the slice has the fewest so far.
  void add_lesion(const NumberedSlice& slice, const SliceHead& head, const std::string& name,
                  std::map<LesionKind, int>& made) {
    std::vector<LesionKind> order;
    for (std::size_t k = 0; k < options_.kinds.size(); ++k) {
      order.push_back(options_.kinds[(turn_ + k) % options_.kinds.size()]);
    }
    ++turn_;
    const auto count = [&](LesionKind kind) { return made.contains(kind) ? made.at(kind) : 0; };
    std::stable_sort(order.begin(), order.end(), [&](LesionKind a, LesionKind b) { return count(a) < count(b); });
    std::string reason;
    for (const LesionKind kind : order) {
      try {
        const int number = count(kind) + 1;
        write_lesion(slice, head, name, kind, number);
        made[kind] = number;
        return;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kBadInput) throw;
        if (reason.empty()) reason = error.what();
      }
    }
    result_.failures.push_back(fmt::format("'{}'{}: {}", source_.file.string(),
                                           slice.index ? fmt::format(" slice {}", *slice.index) : "", reason));
  }

  void write_lesion(const NumberedSlice& slice, const SliceHead& head, const std::string& name, LesionKind kind,
                    int number) {
    const std::uint32_t pixels = crc32(std::as_bytes(std::span(slice.image.pixels)));
    const auto stream = static_cast<std::uint32_t>(kind) + 16u * static_cast<std::uint32_t>(number);
    const LesionedSlice lesioned =
        put_lesion(slice.image, head, kind, CounterRandom(options_.seed, stream, pixels, Purpose::kLesion));
    const std::string stem =
        fmt::format("{}_{}{}", name, to_string(kind), number > 1 ? fmt::format("_{}", number) : "");
    const std::string image = "images/" + stem + slice_ending(slice.image);
    const std::string mask = "masks/" + stem + mask_ending(slice.image);
    const std::string outside = "masks/" + stem + "_outside" + mask_ending(slice.image);
    write_slice(made_for(options_.output / image), lesioned.image);
    write_mask(made_for(options_.output / mask), slice.image, lesioned.mask);
    write_mask(options_.output / outside, slice.image, lesioned.outside);
    result_.lesions.push_back(fmt::format("{},{},1,{},{},{},{}\n", csv_field(image), csv_field(subject_),
                                          to_string(kind), csv_field(mask), csv_field(outside),
                                          box_around(lesioned.mask, slice.image.columns, slice.image.rows)));
  }

  // Where the untouched slice lies: a list cannot name a slice of a volume, so that one is written.
  std::string healthy_image(const NumberedSlice& slice, const std::string& name) const {
    if (!slice.index) {
      return fs::proximate(fs::weakly_canonical(source_.file), fs::weakly_canonical(options_.output)).generic_string();
    }
    const std::string image = "images/" + name + "_healthy" + slice_ending(slice.image);
    write_slice(made_for(options_.output / image), slice.image);
    return image;
  }

  const LesionDatasetOptions& options_;
  const LesionSource& source_;
  std::size_t turn_;
  std::string subject_;
  std::string first_reason_;
  SourceResult result_;
};

void refuse_inputs_in_output(const LesionDatasetOptions& options) {
  const fs::path output = fs::weakly_canonical(options.output);
  for (const LesionSource& source : options.sources) {
    const fs::path inside = fs::weakly_canonical(source.file).lexically_relative(output);
    if (inside.empty() || *inside.begin() == "..") continue;
    throw Error(ErrorCode::kUsage,
                fmt::format("'{}' lies in the output folder, which is written over; give another --output",
                            source.file.string()));
  }
}

std::string about(const LesionDatasetOptions& options) {
  std::vector<std::string_view> kinds;
  for (const LesionKind kind : options.kinds) kinds.push_back(to_string(kind));
  return fmt::format(
      "Slices with synthetic lesions, made by `ra synthesize --into`.\n"
      "They are derived from the images that healthy.csv names or holds; the licence of those images applies to them.\n"
      "Lesions are stand-ins for tests: what finds them need not find real ones.\n"
      "Seed {}; kinds {}; {} a slice; slices of volumes: {}.\n",
      options.seed, fmt::join(kinds, ", "), options.variants, options.slices.text());
}

}  // namespace

void LesionDatasetOptions::validate() const {
  constexpr int kMostVariants = 1000;
  constexpr double kLeastEdge = 0.05, kLargestEdge = 4.5;
  if (output.empty()) throw Error(ErrorCode::kUsage, "lesions in slices: no output folder given");
  if (sources.empty()) throw Error(ErrorCode::kUsage, "lesions in slices: no image given");
  if (kinds.empty()) throw Error(ErrorCode::kUsage, "lesions in slices: no kind of lesion given");
  if (variants < 1 || variants > kMostVariants) {
    throw Error(ErrorCode::kUsage,
                fmt::format("lesions in slices: variants is {}; it must lie in [1, {}]", variants, kMostVariants));
  }
  if (pixel_mm && !(*pixel_mm >= kLeastEdge && *pixel_mm <= kLargestEdge)) {
    throw Error(ErrorCode::kUsage, fmt::format("lesions in slices: spacing is {} mm; it must lie in [{}, {}]",
                                               *pixel_mm, kLeastEdge, kLargestEdge));
  }
}

LesionDatasetSummary write_lesion_dataset(const LesionDatasetOptions& options, const CaseProgress& progress) {
  options.validate();
  refuse_existing_data_set(options.output, options.overwrite);
  refuse_inputs_in_output(options);
  make_output_folder(options.output);
  remove_generated_files(options.output);
  std::vector<SourceResult> results(options.sources.size());
  for_each_case(
      results.size(), options.threads, [&](std::size_t i) { results[i] = SourceWriter(options, i).run(); }, progress);

  LesionDatasetSummary summary;
  std::string healthy = "image,subject,label\n", lesions = "image,subject,label,class,mask,outside_mask,box\n";
  for (const SourceResult& result : results) {
    for (const std::string& row : result.healthy) healthy += row;
    for (const std::string& row : result.lesions) lesions += row;
    summary.slices += result.slices;
    summary.lesions += result.lesions.size();
    summary.left_out += result.left_out;
    summary.failures.insert(summary.failures.end(), result.failures.begin(), result.failures.end());
  }
  write_file(options.output / "about.txt", about(options));
  if (summary.lesions == 0) return summary;
  write_file(options.output / "healthy.csv", healthy);
  write_file(options.output / "lesions.csv", lesions);
  return summary;
}

}  // namespace ra
