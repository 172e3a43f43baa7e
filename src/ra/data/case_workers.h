#pragma once

#include <cstddef>
#include <functional>

namespace ra {

// Called after each case with the number done; calls do not overlap.
using CaseProgress = std::function<void(std::size_t done, std::size_t total)>;

// Runs work(0) to work(count - 1) on several threads (0: as many as processors), each once, in any order. The first
// exception ends all of them and is thrown; kFailed when a signal asked to stop.
void for_each_case(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                   const CaseProgress& progress = {});

}  // namespace ra
