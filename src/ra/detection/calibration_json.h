#pragma once

#include <nlohmann/json_fwd.hpp>

#include "ra/detection/calibration.h"

namespace ra {

// An item of calibration.json of a bundle, without the maps.
nlohmann::json to_json(const Calibration& calibration);

// kBadInput for a missing or misshapen member.
Calibration calibration_from_json(const nlohmann::json& json);

}  // namespace ra
