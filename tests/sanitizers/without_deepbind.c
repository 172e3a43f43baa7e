// The address sanitizer ends a program that opens a library with RTLD_DEEPBIND, as the TBB of OpenVINO does with a part of
// itself that it can do without. Loaded before the program (scripts/test_asan), this opens it without.
#define _GNU_SOURCE
#include <dlfcn.h>

void* dlopen(const char* file, int mode) {
  void* (*next)(const char*, int) = (void* (*)(const char*, int))dlsym(RTLD_NEXT, "dlopen");
  return next(file, mode & ~RTLD_DEEPBIND);
}
