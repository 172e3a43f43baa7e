#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ra {

// Who an image shows. The one rule that the leakage guard and the statistics share, first match:
//   1. what a list says in its column `subject`,
//   2. a name of known form in the file's name, else in the nearest folder's: `sub-<letters and digits>` (BIDS),
//      `IXI<3 digits>`, which is BIDS's `sub-IXI<3 digits>`, `TCGA-XX-XXXX` (also with `_`), and
//      `file_brain_<contrast>_<3 digits>_<digits>` (fastMRI),
//   3. the stem before `_slice<digits>` or `_slice-<digits>`,
//   4. the image itself: "image:" and the SHA-256 of its content. The same picture under another name is found
//      again, two pictures that share a name are not confused; two slices of one person are not recognised.

// Image path, as in the list of files, to the subject that a list named for it.
using ListedSubjects = std::unordered_map<std::string, std::string>;

// kBadInput when rule 4 must read a file that cannot be read.
std::string subject_of(const std::filesystem::path& image, const ListedSubjects& listed = {});
std::vector<std::string> subjects_of(std::span<const std::filesystem::path> images, const ListedSubjects& listed = {});

// Whom names and contents of images say they show, whatever a list says, each once: a list that another part of the
// data was read from may not have named anybody. A file that cannot be read names nobody; its reader will say why.
std::vector<std::string> subjects_by_files(std::span<const std::filesystem::path> images);

// Whether rule 4 made this subject: people are unknown, and statistics cluster by image.
bool is_image_itself(std::string_view subject);

// What files record of a subject: the first 16 hex digits of the SHA-256 of its name.
std::string subject_hash(std::string_view subject);
// Those of all, each once, ascending.
std::vector<std::string> subject_hashes(std::span<const std::string> subjects);

// A part of the data, for messages.
struct NamedSubjects {
  std::string name;
  std::vector<std::string> subjects;
};

// Which subjects two parts share, as a sentence that names at most three of them; empty if none does.
std::string describe_shared_subjects(std::span<const NamedSubjects> parts);

}  // namespace ra
