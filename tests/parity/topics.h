#pragma once

#include "parity_case.h"

namespace ra::parity {

// One function a topic: runs our code on the case's inputs and compares with its outputs. Returns false for a
// case that it does not know, which fails the test.
bool check_transforms(ParityCase& parity);
bool check_model(ParityCase& parity);
bool check_training(ParityCase& parity);
bool check_anomaly(ParityCase& parity);
bool check_metrics(ParityCase& parity);
bool check_checkpoints(ParityCase& parity);

}  // namespace ra::parity
