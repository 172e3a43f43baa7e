#pragma once

namespace ra {

// Makes OpenMP's threads sleep while they wait for each other, unless OMP_WAIT_POLICY or GOMP_SPINCOUNT says
// otherwise. Threads that spin beside a busy neighbour take the processor from the one they wait for
// (docs/performance.md, "A busy neighbour"). OpenMP reads the environment when it is loaded, so the program starts
// itself anew, once; call before any work is done.
void wait_passively();

}  // namespace ra
