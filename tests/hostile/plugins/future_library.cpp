// Stands in for a C++ library from the future: its name is that of today's, its version is not.
extern "C" __attribute__((visibility("default"))) int function_of_the_future() { return 1; }
