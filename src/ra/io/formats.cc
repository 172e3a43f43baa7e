// To add an image format:
//   1. io/NAME.cc with is_NAME (looks at the first bytes) and read_NAME, declared in io/formats.h;
//   2. its name in ImageFormat and to_string (image/image.h, image.cc);
//   3. a line in kFormats below; remove its line from kForeignFormats;
//   4. io/NAME_test.cc: what it reads, and every broken file that it refuses.
#include "ra/io/formats.h"

#include <cstring>
#include <string_view>

namespace ra {
namespace {

constexpr Format kFormats[] = {
    {is_png, read_png},
    {is_jpeg, read_jpeg},
    {is_npy, read_npy_image},
    {is_nifti, read_nifti},
};

struct ForeignFormat {
  std::size_t offset;
  std::string_view signature;
  const char* hint;
};

using std::string_view_literals::operator""sv;

constexpr ForeignFormat kForeignFormats[] = {
    {128, "DICM"sv, "it looks like DICOM; convert the series to NIfTI, for example with dcm2niix"},
    {0, "\x89HDF\r\n\x1a\n"sv, "it looks like HDF5; save its slices as NPY or NIfTI"},
    {0, "PK\x03\x04"sv, "it looks like a zip archive; unpack it (an .npz holds .npy files)"},
    {0, "II*\0"sv, "it looks like TIFF; convert it to PNG"},
    {0, "MM\0*"sv, "it looks like TIFF; convert it to PNG"},
    {0, "GIF8"sv, "it looks like GIF; convert it to PNG"},
    {0, "BM"sv, "it looks like BMP; convert it to PNG"},
};

}  // namespace

const Format* find_format(std::span<const std::byte> head) {
  for (const Format& format : kFormats) {
    if (format.matches(head)) return &format;
  }
  return nullptr;
}

const char* foreign_format_hint(std::span<const std::byte> head) {
  for (const ForeignFormat& foreign : kForeignFormats) {
    const std::size_t end = foreign.offset + foreign.signature.size();
    if (head.size() >= end &&
        std::memcmp(head.data() + foreign.offset, foreign.signature.data(), foreign.signature.size()) == 0) {
      return foreign.hint;
    }
  }
  return "give a PNG, JPEG, NPY or NIfTI file";
}

}  // namespace ra
