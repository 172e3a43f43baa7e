#include "ra/data/subject.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <unordered_set>

#include "ra/base/error.h"
#include "ra/base/hash.h"

namespace ra {
namespace {

constexpr std::string_view kImagePrefix = "image:";
constexpr std::size_t kHashDigits = 16;
constexpr std::size_t kShown = 3;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// How a kind of data names people. In a pattern `#` is a digit, `@` a letter or digit, `+` one or more of what stands
// before it, `-` a `-` or `_`; all else is itself. `prefix` goes before what was found, so that one person has one name
// in raw files and in those that were put in BIDS order.
struct NamingRule {
  std::string_view pattern;
  std::string_view prefix;
};

constexpr NamingRule kNamingRules[] = {
    {"sub-@+", ""},                // BIDS: sub-IXI012_ses-M00_T1w.png
    {"IXI###", "sub-"},            // IXI as published: IXI012-HH-1211-T1.nii.gz
    {"TCGA-@@-@@@@", ""},          // barcodes of the Cancer Genome Atlas: TCGA_CS_4941_19960909_11.png
    {"file_brain_@+_###_#+", ""},  // fastMRI, the volume: file_brain_AXT1_202_6000312.h5
};

bool fits(char mark, char c) {
  switch (mark) {
    case '#':
      return std::isdigit(static_cast<unsigned char>(c)) != 0;
    case '@':
      return is_word(c);
    case '-':
      return c == '-' || c == '_';
    default:
      return mark == c;
  }
}

// What the pattern matches from the beginning of `text`, `-` written for either separator; empty if it does not.
std::string matched(std::string_view pattern, std::string_view text) {
  std::string found;
  const auto take = [&](char mark) {
    if (text.empty() || !fits(mark, text.front())) return false;
    found += mark == '-' ? '-' : text.front();
    text.remove_prefix(1);
    return true;
  };
  for (std::size_t k = 0; k < pattern.size(); ++k) {
    if (pattern[k] == '+') {
      while (take(pattern[k - 1])) {
      }
    } else if (!take(pattern[k])) {
      return {};
    }
  }
  const bool ends_word = text.empty() || !is_word(text.front());
  return ends_word ? found : std::string();
}

// The subject that a name holds as a word of its own.
std::optional<std::string> named_subject(const std::string& name) {
  for (const NamingRule& rule : kNamingRules) {
    for (std::size_t at = 0; at < name.size(); ++at) {
      if (at > 0 && is_word(name[at - 1])) continue;
      const std::string found = matched(rule.pattern, std::string_view(name).substr(at));
      if (!found.empty()) return std::string(rule.prefix) + found;
    }
  }
  return std::nullopt;
}

// The name before `_slice<digits>`, which must end its stem.
std::optional<std::string> name_before_slice(const std::string& name) {
  constexpr std::string_view kMark = "_slice";
  const std::string stem = name.substr(0, name.find('.'));
  const std::size_t at = stem.rfind(kMark);
  if (at == std::string::npos || at == 0) return std::nullopt;
  std::size_t digits = at + kMark.size();
  if (digits < stem.size() && stem[digits] == '-') ++digits;
  const bool all_digits = digits < stem.size() && std::all_of(
                                                      stem.begin() + static_cast<std::ptrdiff_t>(digits), stem.end(),
                                                      [](unsigned char c) { return std::isdigit(c) != 0; });
  return all_digits ? std::optional(stem.substr(0, at)) : std::nullopt;
}

}  // namespace

std::string subject_of(const std::filesystem::path& image, const ListedSubjects& listed) {
  if (const auto found = listed.find(image.string()); found != listed.end()) return found->second;
  const std::string name = image.filename().string();
  if (auto subject = named_subject(name)) return *subject;
  for (std::filesystem::path folder = image.parent_path(); folder.has_filename(); folder = folder.parent_path()) {
    if (auto subject = named_subject(folder.filename().string())) return *subject;
  }
  if (auto subject = name_before_slice(name)) return *subject;
  return std::string(kImagePrefix) + sha256_hex_of_file(image);
}

std::vector<std::string> subjects_of(std::span<const std::filesystem::path> images, const ListedSubjects& listed) {
  std::vector<std::string> subjects;
  for (const std::filesystem::path& image : images) subjects.push_back(subject_of(image, listed));
  return subjects;
}

std::vector<std::string> subjects_by_files(std::span<const std::filesystem::path> images) {
  const std::set<std::filesystem::path> files(images.begin(), images.end());
  std::set<std::string> subjects;
  for (const std::filesystem::path& file : files) {
    try {
      subjects.insert(subject_of(file));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
    }
  }
  return {subjects.begin(), subjects.end()};
}

bool is_image_itself(std::string_view subject) { return subject.starts_with(kImagePrefix); }

std::string subject_hash(std::string_view subject) {
  return sha256_hex(std::as_bytes(std::span(subject.data(), subject.size()))).substr(0, kHashDigits);
}

std::vector<std::string> subject_hashes(std::span<const std::string> subjects) {
  std::vector<std::string> hashes;
  for (const std::string& subject : subjects) hashes.push_back(subject_hash(subject));
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

std::string describe_shared_subjects(std::span<const NamedSubjects> parts) {
  for (std::size_t a = 0; a < parts.size(); ++a) {
    const std::unordered_set<std::string> first(parts[a].subjects.begin(), parts[a].subjects.end());
    for (std::size_t b = a + 1; b < parts.size(); ++b) {
      std::vector<std::string> shared;
      std::unordered_set<std::string> seen;
      for (const std::string& subject : parts[b].subjects) {
        if (first.contains(subject) && seen.insert(subject).second) shared.push_back(subject);
      }
      if (shared.empty()) continue;
      const std::span<const std::string> shown(shared.data(), std::min(shared.size(), kShown));
      return fmt::format("{} subject(s) are in both {} and {}: {}{}", shared.size(), parts[a].name, parts[b].name,
                         fmt::join(shown, ", "), shared.size() > kShown ? ", ..." : "");
    }
  }
  return "";
}

}  // namespace ra
