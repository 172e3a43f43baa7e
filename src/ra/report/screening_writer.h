#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ra/base/atomic_file.h"
#include "ra/detection/anomaly_detector.h"
#include "ra/detection/slice_reader.h"

namespace ra {

// The file format of maps and reconstructions.
enum class MapFormat { kNpy, kPng, kNii };
MapFormat map_format_from_string(std::string_view name);  // kUsage for an unknown name

// What `ra screen` leaves for each slice.
struct ScreeningOutputs {
  bool map = true;              // <name>_map.<format>: [S,S] float32; as PNG in the fixed colour scale
  bool reconstruction = false;  // <name>_reconstruction.<format>
  bool overlay = false;         // <name>_overlay.png: input, pseudo-healthy, map on the input, colour bar
  MapFormat format = MapFormat::kNpy;
  // Pixel threshold on the map: with `mask`, <name>_mask.<format> is 1 where map >= threshold.
  std::optional<double> threshold;
  bool mask = true;
  // The map value that pictures show brightest: the same for every slice.
  double map_maximum = 0.05;

  // Reads "map,reconstruction,overlay" (any subset, or "none", which leaves out the mask, too); kUsage for an unknown
  // word.
  void choose(std::string_view words);

  // What the files of a slice are called behind its name: "_map.npy" and so on.
  std::vector<std::string> endings() const;
};

struct OutputFile {
  std::string name;  // relative to the folder of the screening
  std::vector<std::byte> content;
};

// The files of one slice. `name` is output_names() with "_s<k>" for slice k of a volume. Orientation marks are drawn
// where the slice has geometry.
std::vector<OutputFile> encode_slice_outputs(const std::string& name, const InputSlice& slice,
                                             const AnomalyResult& result, const ScreeningOutputs& outputs);

// Writes them under `folder`, each atomically; they are safe on the disk after unsynced.sync(). kIo when the disk is
// full or read-only.
void write_outputs(const std::filesystem::path& folder, const std::vector<OutputFile>& files, UnsyncedFiles& unsynced);

// Pixels with map >= threshold.
std::int64_t count_above(const at::Tensor& map, double threshold);

}  // namespace ra
