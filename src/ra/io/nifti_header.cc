#include "ra/io/nifti_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>

#include "ra/image/orientation.h"
#include "ra/io/file_error.h"

namespace ra {
namespace {

constexpr std::int32_t kBytes1 = 348, kBytes2 = 540;
constexpr std::int64_t kExtensionFlag = 4;
constexpr std::int64_t kMaxDataOffset = std::int64_t{64} << 20;

template <class Number>
Number value_at(std::span<const std::byte> bytes, std::size_t offset, bool swapped) {
  std::array<std::byte, sizeof(Number)> raw{};
  std::memcpy(raw.data(), bytes.data() + offset, raw.size());
  if (swapped) std::reverse(raw.begin(), raw.end());
  return std::bit_cast<Number>(raw);
}

// The fields as they stand in the file, whichever the version.
struct Fields {
  std::array<std::int64_t, 8> dim{};
  std::array<double, 8> pixdim{};
  int datatype = 0;
  double data_offset = 0.0, slope = 0.0, intercept = 0.0;
  int units = 0, qform_code = 0, sform_code = 0;
  std::array<double, 3> quaternion{}, qoffset{};
  std::array<std::array<double, 4>, 3> sform{};
};

// Dim, Code and Real are the types of dimensions, form codes and real numbers in that version.
template <class Dim, class Code, class Real>
struct Reader {
  std::span<const std::byte> bytes;
  bool swapped;

  double real(std::size_t offset) const { return static_cast<double>(value_at<Real>(bytes, offset, swapped)); }
  int code(std::size_t offset) const { return static_cast<int>(value_at<Code>(bytes, offset, swapped)); }
  std::int64_t dim(std::size_t offset) const { return value_at<Dim>(bytes, offset, swapped); }

  void arrays(Fields& fields, std::size_t dim_at, std::size_t pixdim_at, std::size_t quaternion_at,
              std::size_t sform_at) const {
    for (std::size_t i = 0; i < 8; ++i) {
      fields.dim[i] = dim(dim_at + i * sizeof(Dim));
      fields.pixdim[i] = real(pixdim_at + i * sizeof(Real));
    }
    for (std::size_t i = 0; i < 3; ++i) {
      fields.quaternion[i] = real(quaternion_at + i * sizeof(Real));
      fields.qoffset[i] = real(quaternion_at + (3 + i) * sizeof(Real));
      for (std::size_t j = 0; j < 4; ++j) fields.sform[i][j] = real(sform_at + (4 * i + j) * sizeof(Real));
    }
  }
};

Fields read_fields1(std::span<const std::byte> bytes, bool swapped) {
  const Reader<std::int16_t, std::int16_t, float> in{bytes, swapped};
  Fields fields;
  in.arrays(fields, 40, 76, 256, 280);
  fields.datatype = in.code(70);
  fields.data_offset = in.real(108);
  fields.slope = in.real(112);
  fields.intercept = in.real(116);
  fields.units = std::to_integer<int>(bytes[123]);
  fields.qform_code = in.code(252);
  fields.sform_code = in.code(254);
  return fields;
}

Fields read_fields2(std::span<const std::byte> bytes, bool swapped) {
  const Reader<std::int64_t, std::int32_t, double> in{bytes, swapped};
  Fields fields;
  in.arrays(fields, 16, 104, 352, 400);
  fields.datatype = value_at<std::int16_t>(bytes, 12, swapped);
  fields.data_offset = static_cast<double>(in.dim(168));
  fields.slope = in.real(176);
  fields.intercept = in.real(184);
  fields.units = in.code(500);
  fields.qform_code = in.code(344);
  fields.sform_code = in.code(348);
  return fields;
}

NumberType voxel_type(const std::filesystem::path& path, int datatype) {
  switch (datatype) {
    case 2:
      return {'u', 1};
    case 4:
      return {'i', 2};
    case 8:
      return {'i', 4};
    case 16:
      return {'f', 4};
    case 64:
      return {'f', 8};
    case 256:
      return {'i', 1};
    case 512:
      return {'u', 2};
    case 768:
      return {'u', 4};
    case 1024:
      return {'i', 8};
    case 1280:
      return {'u', 8};
    case 128:
    case 2304:
      refuse_file(path, "its voxels are colours; convert it to one gray value a voxel");
    default:
      refuse_file(path, fmt::format("its voxels have NIfTI type {}, which is no real number of up to 8 bytes; convert "
                                    "it to float32",
                                    datatype));
  }
}

std::array<std::int64_t, 3> volume_size(const std::filesystem::path& path, const Fields& fields) {
  const std::int64_t axes = fields.dim[0];
  if (axes < 1 || axes > 7) {
    refuse_file(path, fmt::format("its NIfTI header is broken (it states {} dimensions); make the file again", axes));
  }
  std::array<std::int64_t, 7> size{};
  for (std::size_t i = 0; i < 7; ++i) size[i] = static_cast<std::int64_t>(i) < axes ? fields.dim[i + 1] : 1;
  check_volume_size(path, size[0], size[1], size[2], 1);
  for (std::size_t i = 3; i < 7; ++i) {
    if (size[i] == 1) continue;
    refuse_file(path, fmt::format("it has {} dimensions (sizes {}), not one volume; take one volume out of it, for "
                                  "example with fslroi",
                                  axes, fmt::join(size.begin(), size.begin() + axes, " x ")));
  }
  return {size[0], size[1], size[2]};
}

std::int64_t data_offset(const std::filesystem::path& path, const Fields& fields, std::size_t header_bytes) {
  const auto least = static_cast<std::int64_t>(header_bytes) + kExtensionFlag;
  if (fields.data_offset == 0.0) return least;
  if (!(fields.data_offset >= static_cast<double>(least) && fields.data_offset <= kMaxDataOffset)) {
    refuse_file(path,
                fmt::format("its NIfTI header is broken (the voxels would start at byte {:g}); make the file again",
                            fields.data_offset));
  }
  return static_cast<std::int64_t>(fields.data_offset);
}

// Rotation matrix of the unit quaternion (a, b, c, d) with a >= 0.
Matrix3 rotation(const std::filesystem::path& path, const std::array<double, 3>& bcd) {
  const auto [b, c, d] = bcd;
  double a2 = 1.0 - (b * b + c * c + d * d);
  constexpr double kRounding = 3.6e-7;  // three steps of float32
  if (!(a2 >= -kRounding)) {
    refuse_file(path,
                "its NIfTI header is broken (the quaternion of its qform is longer than 1); correct its geometry");
  }
  if (a2 < kRounding) a2 = 0.0;
  const double a = std::sqrt(a2), s = 2.0 / (a2 + b * b + c * c + d * d);
  return {{{1 - s * (c * c + d * d), s * (b * c - a * d), s * (b * d + a * c)},
           {s * (b * c + a * d), 1 - s * (b * b + d * d), s * (c * d - a * b)},
           {s * (b * d - a * c), s * (c * d + a * b), 1 - s * (b * b + c * c)}}};
}

// Size of a voxel along an axis; 0 means "not stated" and becomes 1, as other readers do.
double voxel_size(const Fields& fields, std::size_t axis) {
  const double size = std::abs(fields.pixdim[axis + 1]);
  return size == 0.0 ? 1.0 : size;
}

Affine affine_of(const std::filesystem::path& path, const Fields& fields, const std::array<std::int64_t, 3>& size) {
  Affine affine{};
  affine[3] = {0.0, 0.0, 0.0, 1.0};
  if (fields.sform_code > 0) {
    std::copy(fields.sform.begin(), fields.sform.end(), affine.begin());
    return affine;
  }
  if (fields.qform_code > 0) {
    const Matrix3 turn = rotation(path, fields.quaternion);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) affine[i][j] = turn[i][j] * voxel_size(fields, j);
      if (fields.pixdim[0] < 0.0) affine[i][2] = -affine[i][2];
      affine[i][3] = fields.qoffset[i];
    }
    return affine;
  }
  // Neither form: ANALYZE's custom, columns run to the patient's left, the origin is the centre.
  for (std::size_t i = 0; i < 3; ++i) {
    affine[i][i] = voxel_size(fields, i) * (i == 0 ? -1.0 : 1.0);
    affine[i][3] = -affine[i][i] * static_cast<double>(size[i] - 1) / 2.0;
  }
  return affine;
}

double millimetres(int units) {
  constexpr int kSpaceUnits = 7;
  switch (units & kSpaceUnits) {
    case 1:
      return 1000.0;
    case 3:
      return 0.001;
    default:
      return 1.0;
  }
}

Affine geometry(const std::filesystem::path& path, const Fields& fields, const std::array<std::int64_t, 3>& size) {
  Affine affine = affine_of(path, fields, size);
  bool finite = true;
  for (std::size_t i = 0; i < 3; ++i) {
    for (double& value : affine[i]) {
      value *= millimetres(fields.units);
      finite = finite && std::isfinite(value);
    }
  }
  if (!finite || !closest_orthogonal(linear_part(affine))) {
    refuse_file(path, fmt::format("its geometry ({}) is not finite, or its axes lie in one plane; correct it",
                                  fields.sform_code > 0   ? "sform"
                                  : fields.qform_code > 0 ? "qform"
                                                          : "pixdim"));
  }
  return affine;
}

}  // namespace

std::size_t nifti_header_bytes(std::span<const std::byte> head) {
  if (head.size() < 4) return 0;
  for (const std::int32_t bytes : {kBytes1, kBytes2}) {
    if (value_at<std::int32_t>(head, 0, false) == bytes || value_at<std::int32_t>(head, 0, true) == bytes) {
      return static_cast<std::size_t>(bytes);
    }
  }
  return 0;
}

NiftiHeader parse_nifti_header(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const bool first_version = bytes.size() == static_cast<std::size_t>(kBytes1);
  const std::string_view magic(reinterpret_cast<const char*>(bytes.data()) + (first_version ? 344 : 4), 3);
  if (magic != (first_version ? "n+1" : "n+2")) {
    refuse_file(path, "it is the header of a .hdr/.img pair or ANALYZE file; convert the pair to one .nii file");
  }
  NiftiHeader header;
  header.swapped = value_at<std::int32_t>(bytes, 0, false) != static_cast<std::int32_t>(bytes.size());
  const Fields fields = first_version ? read_fields1(bytes, header.swapped) : read_fields2(bytes, header.swapped);
  header.size = volume_size(path, fields);
  header.type = voxel_type(path, fields.datatype);
  header.data_offset = data_offset(path, fields, bytes.size());
  if (fields.slope != 0.0 && std::isfinite(fields.slope)) {
    if (!std::isfinite(fields.intercept)) refuse_file(path, "its scl_inter is not finite; correct its header");
    header.slope = fields.slope;
    header.intercept = fields.intercept;
  }
  header.world_from_voxel = geometry(path, fields, header.size);
  return header;
}

}  // namespace ra
