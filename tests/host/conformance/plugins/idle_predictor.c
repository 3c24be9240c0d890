/* A predictor that would do nothing, as C11 without the SDK's CMake function; the build makes it wrong in one way. */
#include <headroom/predictor.h>

#include <stddef.h>

#ifndef MAJOR
#define MAJOR HEADROOM_ABI_MAJOR
#endif
#ifdef WITHOUT_TEXTS
#define TEXT(literal) {"", 0}
#else
#define TEXT(literal) {literal, sizeof(literal) - 1}
#endif

#ifdef LEAK
HEADROOM_EXPORT int leak_one = 1;
HEADROOM_EXPORT int leak_two(void) { return leak_one; }
__attribute__((visibility("hidden"))) int kept_inside(void) { return 2; }
#endif

static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                               headroom_predictor_output* output) {
  (void)host, (void)request, (void)output;
  return HEADROOM_OK;
}

static const headroom_predictor predictor = {.struct_size = sizeof(headroom_predictor),
                                             .task_kinds = HEADROOM_SUPPORTS_REGRESSION,
                                             .min_blocks = 1,
                                             .max_blocks = 1,
                                             .predict = predict};

static const headroom_plugin plugin = {.struct_size = sizeof(headroom_plugin),
                                       .abi_major = MAJOR,
                                       .kind = HEADROOM_KIND_PREDICTOR,
                                       .name = {"idle", 4},
                                       .version = TEXT("1.0.0"),
                                       .description = TEXT("Does nothing"),
                                       .licence = TEXT("Apache-2.0"),
                                       .capability = &predictor};

const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  (void)abi_major;
  return index == 0 ? &plugin : NULL;
}
