#pragma once

// Before a function whose loops should use what the processor has: it is compiled for AVX2 and for any x86-64, and the
// one that fits is chosen when the program starts. Multiply-adds are fused in neither, so both compute the same. Its
// file is compiled with -O3 (CMakeLists.txt). Left out under sanitizers, which such functions start before.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define RA_VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define RA_VECTORISED
#endif
