#pragma once

namespace ra {

// Lets the heap keep large blocks that are freed, instead of giving them back to the system, which then has to clear
// the same pages again for the next step or slice: a sixth of the processor's time of a training step
// (docs/performance.md). The process keeps its peak of memory. Once, before anything large is allocated; nothing
// happens without glibc.
void keep_freed_memory();

}  // namespace ra
